// A cache between Postern and its verifiers: one that does what RFC 9111 says, and one that never asks again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Cache, outcomeOf, until, withVerifier } from "./fake_issuer.mjs";
import { following } from "./following.mjs";

const JWKS = "/.well-known/jwks.json";
const behind = (cache) => (issuer) => {
  issuer.cache = cache;
  return { list: issuer.openList([1]) };
};

test("a revoked key does not live on in a cache", () =>
  following(behind(new Cache({ obeys: true })), async ({ issuer, verifier, list }) => {
    const old = await issuer.token(list);
    assert.equal(await outcomeOf(verifier, old), "accepted");
    issuer.keys = { access_eddsa: "access", status_list_es256: "status_list" };
    issuer.said.push(["keys", {}]);
    await until(async () => (await outcomeOf(verifier, old)) === "invalid_token", 2000);
  }));

test("a revocation does not wait in a cache", () =>
  withVerifier({ pollInterval: 0.2, staleAfter: 30 }, behind(new Cache({ obeys: true })), async ({ issuer, verifier, list }) => {
    const token = await issuer.token(list);
    assert.equal(await outcomeOf(verifier, token), "accepted");
    issuer.revoke(list, 0, { tell: false });
    await until(async () => (await outcomeOf(verifier, token)) === "token_revoked", 2000);
  }));

for (const [age, outcome] of [[14, "accepted"], [16, "unavailable"]]) {
  test(`what a cache has kept is as old as that: ${age} s`, () => {
    const cache = new Cache({ obeys: false });
    let now = 1000;
    const options = { timer: () => now, staleAfter: 15.9, pollInterval: 1000 };
    return withVerifier(options, behind(cache), async ({ issuer, verifier, list }) => {
      const [token, revoked] = await Promise.all([issuer.token(list), issuer.token(list, 1)]);
      assert.equal(await outcomeOf(verifier, token), "accepted");
      cache.age = age;
      now += 100;
      assert.equal(await outcomeOf(verifier, token), outcome);
      assert.equal(await outcomeOf(verifier, revoked), "token_revoked");
      const asked = issuer.requests.length;
      for (let time = 0; time < 20; ++time) await outcomeOf(verifier, token);
      assert.equal(issuer.requests.length, asked, "a cache that has nothing newer is not asked by every token");
    });
  });
}

test("keys from a cache are due earlier, and soon when they are from before the change", () => {
  let now = 1000;
  const cache = new Cache({ obeys: false });
  const prepare = (issuer) => {
    issuer.maxAge = 60;
    return behind(cache)(issuer);
  };
  return following(prepare, async ({ issuer, verifier, list }) => {
    const asked = () => issuer.asked(JWKS).length;
    const old = await issuer.token(list);
    assert.equal(await outcomeOf(verifier, old), "accepted");
    cache.age = 50;
    now += 61;
    await until(() => asked() === 2);
    await sleep(200); // it is answered, and what comes now finds it
    now += 9;
    await sleep(700);
    assert.equal(asked(), 2);
    now += 2;
    await until(() => asked() === 3);
    await sleep(200);
    cache.age = 3;
    now += 1;
    issuer.keys = { access_eddsa: "access", status_list_es256: "status_list" };
    issuer.said.push(["keys", {}]);
    await until(() => asked() === 4);
    await sleep(200);
    cache.kept.clear();
    now += 6;
    await until(async () => (await outcomeOf(verifier, old)) === "invalid_token", 2000);
  }, { timer: () => now, staleAfter: 10_000 });
});
