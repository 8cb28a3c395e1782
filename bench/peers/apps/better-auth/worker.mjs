// Better Auth (auth.mjs) on Node's own HTTP server: its own endpoints, and a route that it protects.
import http from "node:http";
import { fromNodeHeaders, toNodeHandler } from "better-auth/node";
import { auth } from "./auth.mjs";

function answer(response, status, body) {
  const text = JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  response.end(text);
}

// Guarded as its documentation guards one.
async function me(request, response) {
  const session = await auth.api.getSession({ headers: fromNodeHeaders(request.headers) });
  if (session) answer(response, 200, { id: session.user.id });
  else answer(response, 401, { message: "Unauthorized" });
}

const handler = toNodeHandler(auth);
http
  .createServer((request, response) => (request.url === "/me" ? me : handler)(request, response))
  .listen(Number(process.argv[2]), "127.0.0.1");
process.on("disconnect", () => process.exit(0));
