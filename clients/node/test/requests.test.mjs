// Requests to the issuer: bounded in time and size, never led elsewhere.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { KeysUnknown, RevocationUnknown, Unavailable, Verifier } from "postern-verifier";
import { AUDIENCE, CLIENT, outcomeOf, reply, until, withVerifier } from "./fake_issuer.mjs";

const JWKS = "/.well-known/jwks.json";
const SHORT = { requestTimeout: 0.5, staleAfter: 0.5, pollInterval: 0.1 };

const trickle = async (_, response) => {
  response.writeHead(200);
  for (let time = 0; time < 60 && !response.destroyed; ++time, await sleep(50)) response.write(" ");
  response.end();
};
const flood = async (_, response) => {
  response.writeHead(200);
  const part = Buffer.alloc(65536, "x");
  for (let time = 0; time < 1000 && !response.destroyed; ++time) {
    if (!response.write(part)) await sleep(1);
  }
  response.end();
};
const silence = async (_, response) => {
  await sleep(2000);
  response.end();
};
const say = (status, body) => (_, response) => reply(response, status, body);
const redirectTo = (url) => (_, response) => reply(response, 302, "", { Location: url });

const BAD_ANSWERS = { trickle, flood, silence, "error 500": say(500, "{}"), "not what was asked": say(200, "<html>") };

for (const [name, answer] of Object.entries({ ...BAD_ANSWERS, "no keys": say(200, '{"keys":[]}') })) {
  test(`keys that cannot be had are unavailable, and soon: ${name}`, () =>
    withVerifier(SHORT, (issuer) => void (issuer.answers[JWKS] = answer), async ({ issuer, verifier }) => {
      const began = performance.now();
      await assert.rejects(verifier.verify(await issuer.token(issuer.openList())), KeysUnknown);
      assert.ok(performance.now() - began < 2500);
    }));
}

for (const [name, answer] of Object.entries({ ...BAD_ANSWERS, "304 unasked": say(304, "") })) {
  test(`a list that cannot be had is unavailable, and soon: ${name}`, () =>
    withVerifier(SHORT, () => undefined, async ({ issuer, verifier }) => {
      const list = issuer.openList();
      issuer.answers[`/status-lists/${list}`] = answer;
      const began = performance.now();
      await assert.rejects(verifier.verify(await issuer.token(list)), RevocationUnknown);
      assert.ok(performance.now() - began < 2500);
    }));
}

test("a list of another, or signed by another key, is not believed", () =>
  withVerifier(SHORT, () => undefined, async ({ issuer, verifier }) => {
    const [mine, other, third] = [issuer.openList([0]), issuer.openList(), issuer.openList()];
    const otherJwt = await issuer.statusList(other);
    const forged = await issuer.statusList(third, "access_es256");
    issuer.answers[`/status-lists/${mine}`] = say(200, otherJwt);
    issuer.answers[`/status-lists/${third}`] = say(200, forged);
    await assert.rejects(verifier.verify(await issuer.token(mine)), RevocationUnknown);
    await assert.rejects(verifier.verify(await issuer.token(third)), RevocationUnknown);
  }));

test("redirects are not followed, and the secret goes nowhere else", () =>
  withVerifier({ ...CLIENT, requestTimeout: 0.5 }, () => undefined, async ({ issuer, verifier }) => {
    const elsewhere = `${issuer.url.replace("127.0.0.1", "localhost")}/elsewhere`;
    const list = issuer.openList();
    issuer.answers["/auth/v1/revocations"] = redirectTo(elsewhere);
    issuer.answers[`/status-lists/${list}`] = redirectTo(elsewhere);
    await assert.rejects(verifier.verify(await issuer.token(list)), RevocationUnknown);
    await sleep(300);
    assert.equal(issuer.asked("/elsewhere").length, 0);
  }));

test("keys are fetched again when their age has passed, and outlive an issuer that is away", () => {
  let now = 1000;
  const options = { timer: () => now, staleAfter: 100_000 };
  return withVerifier(options, (issuer) => void (issuer.maxAge = 60), async ({ issuer, verifier }) => {
    const token = await issuer.token(issuer.openList());
    await verifier.verify(token);
    now += 59;
    await sleep(700);
    assert.equal(issuer.asked(JWKS).length, 1);
    now += 2;
    await until(() => issuer.asked(JWKS).length === 2);
    issuer.answers[JWKS] = say(500, "{}");
    now += 61;
    await until(() => issuer.asked(JWKS).length === 3);
    assert.equal(await outcomeOf(verifier, token), "accepted");
  });
});

test("a list that a new key has signed makes the keys be fetched", () => {
  let now = 1000;
  return withVerifier({ timer: () => now }, () => undefined, async ({ issuer, verifier }) => {
    await verifier.verify(await issuer.token(issuer.openList()));
    issuer.keys = { access_es256: "access", status_list_eddsa: "status_list" };
    const other = issuer.openList();
    const jwt = await issuer.statusList(other, "status_list_eddsa");
    issuer.answers[`/status-lists/${other}`] = say(200, jwt);
    now += 6;
    assert.equal(await outcomeOf(verifier, await issuer.token(other)), "accepted");
  });
});

test("a list is asked for again only if it changed", () =>
  withVerifier(SHORT, () => undefined, async ({ issuer, verifier }) => {
    const list = issuer.openList();
    const path = `/status-lists/${list}`;
    const token = await issuer.token(list);
    await verifier.verify(token);
    await until(() => issuer.asked(path).length >= 4);
    const [first, ...later] = issuer.asked(path);
    assert.equal(first["if-none-match"], undefined);
    assert.ok(later.every((headers) => headers["if-none-match"] === '"0"'));
    assert.equal(await outcomeOf(verifier, token), "accepted", "a list that has not changed is as good as new");
  }));

test("many first tokens of one list make one request", () =>
  withVerifier({}, () => undefined, async ({ issuer, verifier }) => {
    const list = issuer.openList();
    issuer.answers[`/status-lists/${list}`] = async (_, response) => {
      await sleep(200);
      reply(response, 200, await issuer.statusList(list));
    };
    const tokens = await Promise.all(Array.from({ length: 20 }, (_, index) => issuer.token(list, index)));
    await Promise.all(tokens.map((token) => verifier.verify(token)));
    assert.equal(issuer.listsAsked(), 1);
  }));

test("a cached token still expires", () => {
  let now = Date.now() / 1000;
  return withVerifier({ clock: () => now }, () => undefined, async ({ issuer, verifier }) => {
    const token = await issuer.token(issuer.openList());
    const { expiresAt } = await verifier.verify(token);
    now = expiresAt - 0.001;
    assert.equal(await outcomeOf(verifier, token), "accepted");
    now = expiresAt;
    assert.equal(await outcomeOf(verifier, token), "token_expired");
  });
});

test("mistakes in the configuration are found at once", () => {
  for (const wrong of [
    { issuer: "http://auth.example.com" },
    { issuer: "https://auth.example.com/" },
    { issuer: "auth.example.com" },
    { issuer: "https://user:secret@auth.example.com" },
    { issuer: "http://127.evil.example" },
    { issuer: "http://127.0.0.1.evil.example" },
    { issuer: "http://localhost.evil.example" },
    { issuer: "http://127.0.0.1@evil.example" },
    { issuer: "http://0.0.0.0" },
    { issuer: "http://[::2]" },
    { issuer: "https://auth.example.com?x" },
    { serverUrl: "ftp://auth.example.com" },
    { audience: [] },
    { audience: "" },
    { clientId: "x" },
    { onStale: "ignore" },
    { staleAfter: 0 },
  ]) {
    const options = { issuer: "https://auth.example.com", audience: AUDIENCE, ...wrong };
    assert.throws(() => new Verifier(options), TypeError, JSON.stringify(wrong));
  }
});

test("plain http stays on this machine", () => {
  for (const host of ["localhost", "LOCALHOST:80", "127.0.0.1:1", "127.8.9.10", "[::1]:1"]) {
    new Verifier({ issuer: `http://${host}`, audience: AUDIENCE });
  }
});

test("many who wait for a list that does not come make one request", () =>
  withVerifier({ requestTimeout: 1, staleAfter: 0.3, pollInterval: 60 }, () => undefined, async ({ issuer, verifier }) => {
    const list = issuer.openList();
    const token = await issuer.token(list);
    await verifier.verify(token);
    issuer.answers[`/status-lists/${list}`] = silence;
    await sleep(400);
    const began = performance.now();
    await Promise.all(Array.from({ length: 100 }, () => assert.rejects(verifier.verify(token), RevocationUnknown)));
    assert.ok(performance.now() - began < 2500);
    assert.equal(issuer.listsAsked(), 2);
  }));

test("a claim does not become the prototype of a copy", () =>
  withVerifier({}, () => undefined, async ({ issuer, verifier }) => {
    const hostile = JSON.parse('{"__proto__":{"admin":true},"profile":{"__proto__":{"admin":true},"name":"x"},"plan":"gold"}');
    const { claims } = await verifier.verify(await issuer.token(issuer.openList(), 0, hostile));
    assert.equal(Object.assign({}, claims).admin, undefined);
    assert.equal(Object.assign({}, claims.profile).admin, undefined);
    assert.deepEqual([claims.plan, claims.profile], ["gold", { name: "x" }]);
  }));

test("an issuer that nobody can reach is unavailable", async () => {
  const options = { issuer: "https://127.0.0.1:1", audience: AUDIENCE, requestTimeout: 1, log: () => undefined };
  const verifier = new Verifier(options);
  await withVerifier({}, () => undefined, async ({ issuer }) => {
    await assert.rejects(verifier.verify(await issuer.token(issuer.openList())), Unavailable);
  });
  await verifier.close();
});
