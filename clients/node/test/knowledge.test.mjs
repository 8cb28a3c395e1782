// How long knowledge counts, to the second, and what is never forgotten.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Feed } from "../dist/events.js";
import { Revocations } from "../dist/revocations.js";
import { outcomeOf, pack, reply, withVerifier } from "./fake_issuer.mjs";

const STALE_AFTER = 15;
const ISSUER = "https://auth.example.com";
const BEGAN = 1_800_000_000;
const uriOf = (number) => `${ISSUER}/status-lists/018f3c1e-7a00-7c3b-9d1a-5f0e4b2c8a0${number}`;

/** A feed that is told event by event, without a network, while clock and timer stand still. */
class World {
  passed = 0;
  revocations = new Revocations(STALE_AFTER, () => 1000 + this.passed, () => BEGAN + this.passed);
  feed = new Feed({
    issuer: ISSUER,
    revocations: this.revocations,
    keysChanged: () => undefined,
    clock: () => BEGAN + this.passed,
    staleAfter: STALE_AFTER,
    log: () => undefined,
  });

  say(name, data) {
    this.feed.apply({ name, data: JSON.stringify(data), position: "p" });
  }

  follow(...lists) {
    this.feed.connected();
    for (const number of lists) {
      this.say("snapshot", { list: uriOf(number), expires_at: BEGAN + 900, revoked: false, lst: pack([]) });
    }
    this.say("ready", { lists: lists.length });
    this.say("heartbeat", { time: BEGAN });
  }

  state(number, index = 0) {
    return this.revocations.state({ uri: uriOf(number), index });
  }
}

test("a list that a snapshot lacks keeps its revocations", () => {
  const world = new World();
  world.follow(1, 2, 3);
  world.say("revoked", { list: uriOf(1), idx: [5] });
  world.say("list_revoked", { list: uriOf(2) });
  world.feed.disconnected(true);
  world.feed.connected();
  world.say("ready", { lists: 0 });
  for (let round = 0; round < 3; ++round) {
    assert.equal(world.state(1, 5), "revoked");
    assert.equal(world.state(2), "revoked");
    assert.equal(world.state(1, 6), "unknown");
    assert.equal(world.state(3), "unknown");
    world.passed += 60;
    world.revocations.dropExpired();
  }
  world.passed = 901;
  world.revocations.dropExpired();
  assert.equal(world.revocations.count, 0, "their last token has expired");
});

test("a late heartbeat vouches for when it was said", () => {
  const world = new World();
  world.follow(1);
  world.passed = STALE_AFTER + 0.9;
  world.say("heartbeat", { time: BEGAN }); // in whole seconds: said up to a second later
  assert.equal(world.state(1), "live");
  world.passed = STALE_AFTER + 1.1;
  assert.equal(world.state(1), "stale");
  world.say("heartbeat", { time: BEGAN + 10 });
  assert.equal(world.state(1), "live");
  world.say("heartbeat", { time: BEGAN + 5 });
  assert.ok(world.revocations.age() < 6, "an older one takes nothing back");
  world.say("heartbeat", { time: BEGAN + 1000 });
  assert.equal(world.revocations.age(), 0, "a clock that is ahead vouches for now, and no more");
});

for (const onStale of ["refuse", "allow"]) {
  test(`a list that is not there stays so while nobody says otherwise: ${onStale}`, () => {
    let now = 1000;
    return withVerifier({ timer: () => now, onStale, requestTimeout: 10 }, () => undefined, async ({ issuer, verifier }) => {
      const list = issuer.openList();
      const path = `/status-lists/${list}`;
      const token = await issuer.token(list);
      issuer.answers[path] = (_, response) => reply(response, 404, "{}");
      assert.equal(await outcomeOf(verifier, token), "token_revoked");
      issuer.answers[path] = (_, response) => reply(response, 503, "{}");
      for (let round = 0; round < 20; ++round) {
        now += 3;
        assert.equal(await outcomeOf(verifier, token), "token_revoked", `${now - 1000} s later`);
      }
      delete issuer.answers[path];
      now += 6;
      assert.equal(await outcomeOf(verifier, token), "accepted", "the issuer says otherwise");
    });
  });
}
