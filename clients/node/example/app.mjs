// An API that trusts Postern's tokens. Run it with: node app.mjs
//
// POSTERN_ISSUER          https://auth.example.com
// POSTERN_AUDIENCE        https://api.example.com
// POSTERN_CLIENT_ID, POSTERN_CLIENT_SECRET    for the revocation feed
// POSTERN_SERVER_URL      where Postern is reached, if not at the issuer
// PORT                    where to listen on 127.0.0.1; default 3000
import express from "express";
import { Verifier } from "postern-verifier";
import { requireToken } from "postern-verifier/express";

const verifier = new Verifier({
  issuer: process.env.POSTERN_ISSUER,
  audience: process.env.POSTERN_AUDIENCE,
  clientId: process.env.POSTERN_CLIENT_ID,
  clientSecret: process.env.POSTERN_CLIENT_SECRET,
  serverUrl: process.env.POSTERN_SERVER_URL,
}).start();

const app = express();
app.disable("x-powered-by");

app.get("/orders", requireToken(verifier), (request, response) => {
  const { subject, clientId } = request.accessToken;
  response.json({ account: subject, client: clientId, orders: [] });
});

app.post("/orders", requireToken(verifier, { scopes: ["orders:write"] }), (request, response) => {
  response.json({ placed_by: request.accessToken.subject });
});

app.get("/reports", requireToken(verifier, { roles: ["admin", "auditor"] }), (request, response) => {
  response.json({ read_by: request.accessToken.subject });
});

app.get("/readyz", (_request, response) => {
  const { keys, lists, feedIsLive, feedProblem } = verifier.status();
  const isReady = keys > 0 && (feedIsLive || feedProblem === undefined);
  response.status(isReady ? 200 : 503).json({ keys, lists, feed_is_live: feedIsLive });
});

const server = app.listen(Number(process.env.PORT ?? 3000), "127.0.0.1");
process.on("SIGTERM", async () => {
  server.close();
  server.closeAllConnections();
  await verifier.close();
});
