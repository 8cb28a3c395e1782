// Reads {issuer, client_id, client_secret, token, refresh_token} on standard input, walks the OAuth endpoints with
// oauth4webapi as found by discovery, and answers with what it was told.
import * as oauth from "oauth4webapi";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const question = JSON.parse(Buffer.concat(chunks).toString());
const options = { [oauth.allowInsecureRequests]: true };

const issuer = new URL(question.issuer);
const found = await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...options });
const server = await oauth.processDiscoveryResponse(issuer, found);
const client = { client_id: question.client_id };
const told = {};

for (const [name, authenticate] of Object.entries({
  basic: oauth.ClientSecretBasic(question.client_secret),
  post: oauth.ClientSecretPost(question.client_secret),
})) {
  const granted = await oauth.clientCredentialsGrantRequest(server, client, authenticate, { scope: "read" }, options);
  const own = await oauth.processClientCredentialsResponse(server, client, granted);
  const asked = await oauth.introspectionRequest(server, client, authenticate, own.access_token, options);
  const before = await oauth.processIntrospectionResponse(server, client, asked);
  const revoked = await oauth.revocationRequest(server, client, authenticate, own.access_token, options);
  await oauth.processRevocationResponse(revoked);
  const askedAgain = await oauth.introspectionRequest(server, client, authenticate, own.access_token, options);
  const after = await oauth.processIntrospectionResponse(server, client, askedAgain);
  told[name] = { scope: own.scope, before, after };
}

const app = { client_id: "first-party" };
const refreshed = await oauth.refreshTokenGrantRequest(server, app, oauth.None(), question.refresh_token, options);
const pair = await oauth.processRefreshTokenResponse(server, app, refreshed);
told.refreshed = { access_token: pair.access_token, refresh_token: pair.refresh_token };

const authenticate = oauth.ClientSecretBasic("pcs_" + "A".repeat(43));
const refused = await oauth.clientCredentialsGrantRequest(server, client, authenticate, {}, options);
try {
  await oauth.processClientCredentialsResponse(server, client, refused);
} catch (error) {
  told.wrong_secret = { code: error.code, status: error.status ?? error.response?.status };
}
process.stdout.write(JSON.stringify(told));
