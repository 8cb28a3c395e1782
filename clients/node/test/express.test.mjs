// The middleware's answers (RFC 6750 section 3), and the example API itself.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Verifier } from "postern-verifier";
import { requireToken } from "postern-verifier/express";
import { AUDIENCE, FakeIssuer, reply, until } from "./fake_issuer.mjs";

let issuer, port, example;

before(async () => {
  issuer = await FakeIssuer.start();
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  ({ port } = probe.address());
  probe.close();
  example = spawn(process.execPath, [fileURLToPath(new URL("../example/app.mjs", import.meta.url))], {
    env: { ...process.env, POSTERN_ISSUER: issuer.url, POSTERN_AUDIENCE: AUDIENCE, PORT: String(port) },
    stdio: ["ignore", "ignore", "inherit"],
  });
  await until(() => ask("/readyz").then(({ status }) => status === 200, () => false), 15_000);
});

after(async () => {
  example.kill("SIGTERM");
  const [code] = await once(example, "exit");
  issuer.close();
  assert.equal(code, 0, "the example ends when it is told to");
});

/** Answers of the example; `authorization` may be several values. */
function ask(path, authorization, method = "GET") {
  return new Promise((resolve, reject) => {
    const headers = authorization === undefined ? [] : [authorization].flat().flatMap((value) => ["Authorization", value]);
    const sent = httpRequest({ host: "127.0.0.1", port, path, method, headers: ["Host", "api", ...headers] }, (answer) => {
      let body = "";
      answer.on("data", (part) => (body += part));
      answer.on("end", () =>
        resolve({ status: answer.statusCode, challenge: answer.headers["www-authenticate"], headers: answer.headers, body }),
      );
    });
    sent.on("error", reject).end();
  });
}
const withToken = async (path, token, method) => ask(path, `Bearer ${await token}`, method);

test("an accepted token lets in", async () => {
  const answer = await withToken("/orders", issuer.token(issuer.openList()));
  assert.equal(answer.status, 200);
  assert.equal(JSON.parse(answer.body).account, "018f3c1e-7a00-7000-8000-00000000ac01");
  assert.equal((await ask("/orders", `bearer ${await issuer.token(issuer.openList())}`)).status, 200);
});

test("without a token the challenge tells no error", async () => {
  for (const authorization of [undefined, "Basic dTpw", ""]) {
    const { status, challenge } = await ask("/orders", authorization);
    assert.deepEqual([status, challenge], [401, "Bearer"]);
  }
});

test("malformed credentials", async () => {
  for (const authorization of ["Bearer", "Bearer ", "Bearer a b", "Bearer a,b", "Bearer \xe4"]) {
    const { status, challenge } = await ask("/orders", authorization);
    assert.equal(status, 401);
    assert.match(challenge, /^Bearer error="invalid_token", error_description="/);
  }
});

test("two headers are one too many", async () => {
  const { status, challenge } = await ask("/orders", [`Bearer ${await issuer.token(issuer.openList())}`, "Bearer x"]);
  assert.equal(status, 400);
  assert.match(challenge, /error="invalid_request"/);
});

test("revoked and expired tokens say so", async () => {
  const list = issuer.openList([1]);
  for (const [token, words] of [
    [issuer.token(list, 1), "The token has been revoked"],
    [issuer.token(list, 0, { exp: 1 }), "The token has expired"],
    [issuer.token(list, 0, { aud: "https://other.example" }), "The token is for another audience"],
  ]) {
    const answer = await withToken("/orders", token);
    assert.equal(answer.status, 401);
    assert.equal(answer.challenge, `Bearer error="invalid_token", error_description="${words}"`);
    assert.deepEqual(JSON.parse(answer.body), { error: words });
  }
});

test("scopes: all of them; roles: any of them", async () => {
  const list = issuer.openList();
  const refused = await withToken("/orders", issuer.token(list, 0, { scope: "orders:read" }), "POST");
  assert.equal(refused.status, 403);
  assert.equal(
    refused.challenge,
    'Bearer error="insufficient_scope", error_description="The token lacks a scope", scope="orders:write"',
  );
  const status = async (path, changes, method) => (await withToken(path, issuer.token(list, 0, changes), method)).status;
  assert.equal(await status("/orders", { scope: "orders:read orders:write" }, "POST"), 200);
  assert.equal(await status("/reports", { roles: ["clerk"] }), 403);
  assert.equal(await status("/reports", { roles: ["clerk", "auditor"] }), 200);
  assert.equal(await status("/reports", {}), 403);
});

test("an issuer that is away is 503 and logs nobody out", async () => {
  const list = issuer.openList();
  issuer.answers[`/status-lists/${list}`] = (_, response) => reply(response, 500, "{}");
  const { status, headers } = await withToken("/orders", issuer.token(list));
  assert.equal(status, 503);
  assert.equal(headers["retry-after"], "1");
  assert.equal(headers["www-authenticate"], undefined);
});

test("a scope that cannot stand in a header is a mistake at start", () => {
  const verifier = new Verifier({ issuer: "https://auth.example.com", audience: AUDIENCE });
  for (const scope of ["two words", 'quote"', "", "back\\slash", "é"]) {
    assert.throws(() => requireToken(verifier, { scopes: [scope] }), TypeError);
  }
});
