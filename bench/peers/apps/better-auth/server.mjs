// A worker (worker.mjs) for each core, behind one port: server.mjs PORT
import cluster from "node:cluster";
import os from "node:os";

cluster.setupPrimary({ exec: new URL("worker.mjs", import.meta.url).pathname, args: [process.argv[2]] });
process.on("SIGTERM", () => cluster.disconnect(() => process.exit(0)));
for (let core = 0; core < os.availableParallelism(); ++core) cluster.fork();
