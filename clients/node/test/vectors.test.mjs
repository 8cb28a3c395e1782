// The vectors that all verifiers share: clients/vectors/README.md.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { decodeStatusList, Verifier } from "postern-verifier";
import { KeySet, parseJwks } from "../dist/keys.js";
import { checkStatusList } from "../dist/status_list.js";
import { Misread } from "../dist/strict.js";
import { outcomeOf, vectors } from "./fake_issuer.mjs";

/** A verifier in the vectors' world, and no other network. */
function world(document, asked = []) {
  const lists = new Map(document.status_lists.map(({ uri, jwt }) => [uri, jwt]));
  const fetch = async (url) => {
    asked.push(url);
    if (url === `${document.issuer}/.well-known/jwks.json`) return new Response(JSON.stringify(document.jwks));
    return lists.has(url) ? new Response(lists.get(url)) : new Response(null, { status: 404 });
  };
  return new Verifier({ issuer: document.issuer, audience: document.audience, clock: () => document.now, fetch });
}

test("every token has its outcome, cold and warm", async () => {
  const document = vectors("access_tokens");
  const asked = [];
  const verifier = world(document, asked);
  for (let round = 0; round < 2; ++round) {
    const outcomes = {};
    for (const { name, token } of document.cases) outcomes[name] = await outcomeOf(verifier, token);
    assert.deepEqual(outcomes, Object.fromEntries(document.cases.map(({ name, outcome }) => [name, outcome])));
    assert.ok(Object.keys(outcomes).length > 200);
  }
  await verifier.close();
  const prefix = `${document.issuer}/status-lists/`;
  assert.equal(new Set(asked.filter((url) => url.startsWith(prefix))).size, 4); // three lists, and the unknown one
  assert.ok(asked.every((url) => url.startsWith(prefix) || url === `${document.issuer}/.well-known/jwks.json`));
});

test("an accepted token tells what it says", async () => {
  const document = vectors("access_tokens");
  const verifier = world(document);
  const token = (name) => document.cases.find((each) => each.name === name).token;
  const rich = await verifier.verify(token("roles, scope and custom claims"));
  const client = await verifier.verify(token("client's own token, without sid"));
  await verifier.close();
  assert.deepEqual([...rich.roles], ["admin", "clerk"]);
  assert.deepEqual([...rich.scopes], ["orders:read", "orders:write"]);
  assert.equal(rich.claims.plan, "gold");
  assert.ok(rich.hasAnyRole(["clerk"]) && !rich.hasAnyRole(["owner"]));
  assert.ok(rich.hasScopes(["orders:read"]) && !rich.hasScopes(["orders:read", "orders:delete"]));
  assert.ok(client.sessionId === undefined && client.subject === client.clientId);
  rich.claims.roles.push("owner");
  assert.throws(() => rich.roles.push("owner"), TypeError);
  assert.deepEqual(rich.claims.roles, ["admin", "clerk"]);
});

test("status lists", async () => {
  const document = vectors("status_lists");
  const keys = await parseJwks(JSON.stringify(document.jwks), new KeySet());
  const before = process.resourceUsage().maxRSS;
  for (const { name, uri, jwt, outcome, slots, revoked } of document.cases) {
    const list = await checkStatusList(jwt, uri, document.issuer, keys, document.now).catch((error) => {
      assert.ok(error instanceof Misread, error);
    });
    assert.equal(list === undefined ? "refused" : "accepted", outcome, name);
    if (list === undefined) continue;
    assert.equal(list.bitmap.length * 8, slots);
    const all = Array.from({ length: slots }, (_, index) => index);
    const found = all.filter((index) => (list.bitmap[index >> 3] >> (index & 7)) & 1);
    assert.deepEqual(found, revoked === "all" ? all : revoked, name);
  }
  const grown = (process.resourceUsage().maxRSS - before) / 1024;
  assert.ok(grown < 96, `a list that unpacks to 64 MiB was unpacked: ${grown} MiB`);
});

test("the draft's examples", () => {
  for (const { bits, lst, size, values } of vectors("draft_status_lists").cases) {
    const decoded = decodeStatusList(lst, bits);
    assert.equal(decoded.size, size);
    const found = {};
    for (let index = 0; index < size; ++index) if (decoded.at(index) !== 0) found[index] = decoded.at(index);
    assert.deepEqual(found, values);
    assert.throws(() => decoded.at(size), RangeError);
    assert.throws(() => decoded.at(-1), RangeError);
  }
});

test("an implementation that is not ours reads the same in our lists", () => {
  const reader = fileURLToPath(new URL("read_status_list.mjs", import.meta.url));
  for (const { name, jwt, outcome, slots, revoked } of vectors("status_lists").cases) {
    if (outcome !== "accepted" || revoked === "all") continue;
    const output = execFileSync(process.execPath, [reader, String(slots)], { input: jwt, encoding: "utf8" });
    assert.deepEqual(JSON.parse(output), revoked, name);
  }
});
