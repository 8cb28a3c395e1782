// The feed against a server that stalls, repeats, reorders and cuts. Real sockets, short times.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { InvalidToken, RevocationUnknown, TokenRevoked } from "postern-verifier";
import { follow, outcomeOf, pack, reply, seconds, SLOTS, until, withVerifier } from "./fake_issuer.mjs";
import { FEED, SHORT, STALE_AFTER, following, oneList, refuses } from "./following.mjs";

test("a revocation arrives at once and no list is fetched", () =>
  following(oneList([7]), async ({ issuer, verifier, list }) => {
    assert.equal(await outcomeOf(verifier, await issuer.token(list, 7)), "token_revoked");
    const took = [];
    for (let index = 20; index < 40; ++index) {
      const token = await issuer.token(list, index);
      assert.equal(await outcomeOf(verifier, token), "accepted");
      const began = performance.now();
      issuer.revoke(list, index);
      await until(async () => (await outcomeOf(verifier, token)) === "token_revoked");
      took.push(performance.now() - began);
    }
    took.sort((a, b) => a - b);
    assert.ok(took[10] < 200, "the machine may stop for a moment, but not for every second token");
    assert.equal(issuer.listsAsked(), 0);
    const [headers] = issuer.asked(FEED);
    assert.match(headers.authorization, /^Basic /);
    assert.equal(headers["last-event-id"], undefined);
  }));

test("an index past the end and a list of a revoked key are refused", () =>
  following(oneList([]), async ({ issuer, verifier, list }) => {
    assert.equal(await outcomeOf(verifier, await issuer.token(list, SLOTS - 1)), "accepted");
    assert.equal(await outcomeOf(verifier, await issuer.token(list, SLOTS)), "token_revoked");
    issuer.said.push(["list_revoked", { list: issuer.uri(list) }]);
    const token = await issuer.token(list);
    await until(async () => (await outcomeOf(verifier, token)) === "token_revoked");
  }));

test("a list that the feed opens needs no fetch", () =>
  following(() => undefined, async ({ issuer, verifier }) => {
    const list = issuer.openList();
    issuer.said.push(["list", { list: issuer.uri(list), expires_at: seconds() + 900 }]);
    await until(() => verifier.status().lists === 1);
    const token = await issuer.token(list, 3);
    assert.equal(await outcomeOf(verifier, token), "accepted");
    issuer.revoke(list, 3);
    await until(async () => (await outcomeOf(verifier, token)) === "token_revoked");
    assert.equal(issuer.listsAsked(), 0);
  }));

test("a list that nobody told of is fetched once and then followed", () =>
  following(() => undefined, async ({ issuer, verifier }) => {
    const list = issuer.openList([1]);
    const token = await issuer.token(list);
    assert.equal(await outcomeOf(verifier, token), "accepted");
    assert.equal(await outcomeOf(verifier, await issuer.token(list, 1)), "token_revoked");
    issuer.revoke(list, 0);
    await until(async () => (await outcomeOf(verifier, token)) === "token_revoked");
    assert.equal(issuer.listsAsked(), 1);
    assert.equal(await outcomeOf(verifier, await issuer.token("018f3c1e-7a00-7c3b-9d1a-5f0e4b2c8aff")), "token_revoked");
  }));

test("events that come before their list, or twice, or out of order", () =>
  following(() => undefined, async ({ issuer, verifier }) => {
    const list = issuer.openList();
    const opened = ["list", { list: issuer.uri(list), expires_at: seconds() + 900 }];
    issuer.revoke(list, 5);
    issuer.said.push(opened);
    issuer.revoke(list, 5);
    // An older snapshot takes nothing back.
    issuer.said.push(["snapshot", { ...opened[1], revoked: false, lst: pack([]) }], opened);
    issuer.revoke(list, 6);
    const [four, five, six] = await Promise.all([4, 5, 6].map((index) => issuer.token(list, index)));
    await until(async () => (await outcomeOf(verifier, six)) === "token_revoked");
    assert.equal(await outcomeOf(verifier, five), "token_revoked");
    assert.equal(await outcomeOf(verifier, four), "accepted");
  }));

test("a broken connection is resumed where it was", () => {
  const asked = [];
  const breaks = async (connection) => {
    connection.begin().snapshot().heartbeat({ position: "resume-here" });
    await sleep(100);
    connection.response.destroy();
  };
  const resumes = async (connection) => {
    asked.push(connection.lastEventId);
    const [list] = connection.issuer.lists.keys();
    connection.begin().event("revoked", { list: connection.issuer.uri(list), idx: [9] });
    await connection.stay();
  };
  return following(oneList([], [breaks, resumes]), async ({ issuer, verifier, list }) => {
    const token = await issuer.token(list, 9);
    await until(async () => (await outcomeOf(verifier, token)) === "token_revoked");
    assert.deepEqual(asked, ["resume-here"]);
    assert.equal(await outcomeOf(verifier, await issuer.token(list, 8)), "accepted");
    assert.equal(issuer.listsAsked(), 0);
  });
});

test("half a snapshot is no place to resume from", () => {
  const asked = [];
  const breaks = async (connection) => {
    asked.push(connection.lastEventId);
    connection.begin().snapshotOf([...connection.issuer.lists.keys()][0]);
  };
  const whole = (connection) => {
    asked.push(connection.lastEventId);
    return follow(connection);
  };
  const prepare = (issuer) => {
    issuer.feeds = [breaks, breaks, whole];
    return { list: issuer.openList(), second: issuer.openList([4]) };
  };
  return following(prepare, async ({ issuer, verifier, second }) => {
    assert.deepEqual(asked, [undefined, undefined, undefined]);
    assert.equal(await outcomeOf(verifier, await issuer.token(second, 4)), "token_revoked");
  });
});

test("after a gap the old knowledge stays until the new is whole", () => {
  const steps = new Set();
  const first = async (connection) => {
    connection.begin().snapshot().heartbeat({ position: "old" });
    await sleep(100);
  };
  const prepare = (issuer) => {
    const list = issuer.openList([2]);
    const gone = issuer.openList();
    const gap = async (connection) => {
      steps.add(connection.lastEventId);
      issuer.lists.delete(gone);
      connection.begin().event("gap", { reason: "too_old" });
      steps.add("gap");
      await until(() => steps.has("asked"));
      issuer.lists.get(list).add(3);
      connection.snapshot();
      await connection.stay();
    };
    issuer.feeds = [first, gap];
    return { list, gone };
  };
  const test = async ({ issuer, verifier, list, gone }) => {
    const [two, three, lost] = await Promise.all([issuer.token(list, 2), issuer.token(list, 3), issuer.token(gone)]);
    await until(() => steps.has("gap"));
    assert.ok(steps.has("old"));
    assert.equal(await outcomeOf(verifier, two), "token_revoked");
    assert.equal(await outcomeOf(verifier, three), "accepted");
    assert.equal(await outcomeOf(verifier, lost), "accepted");
    steps.add("asked");
    await until(async () => (await outcomeOf(verifier, three)) === "token_revoked");
    await until(async () => (await outcomeOf(verifier, lost)) === "token_revoked");
    assert.equal(await outcomeOf(verifier, two), "token_revoked");
  };
  return following(prepare, test, { staleAfter: 30, pollInterval: 20 });
});

/** From now on lists cannot be fetched, so that knowledge can only come from the feed. */
function noLists(issuer) {
  for (const list of issuer.lists.keys()) {
    issuer.answers[`/status-lists/${list}`] = (_, response) => reply(response, 503, "{}");
  }
}

const goesQuiet = async (connection) => {
  connection.begin().snapshot();
  await connection.silence();
};
const WITHOUT_HEARTBEAT = {
  "goes quiet": goesQuiet,
  "says stale": async (connection) => {
    connection.begin().snapshot().event("stale", {});
    await connection.silence();
  },
  trickles: async (connection) => {
    for (connection.begin().snapshot(); connection.isOpen; await sleep(50)) connection.send(": still here\n\n");
  },
  "sends old heartbeats": async (connection) => {
    for (connection.begin().snapshot(); connection.isOpen; await sleep(50)) connection.heartbeat({ late: 60 });
  },
};

for (const [name, feed] of Object.entries(WITHOUT_HEARTBEAT)) {
  test(`a feed that ${name} ends in unavailable, never in invalid`, () =>
    following(oneList([1], [feed, refuses]), async ({ issuer, verifier, list }) => {
      noLists(issuer);
      const [token, revoked] = await Promise.all([issuer.token(list), issuer.token(list, 1)]);
      assert.equal(await outcomeOf(verifier, token), "accepted");
      const began = performance.now();
      await until(async () => (await outcomeOf(verifier, token)) === "unavailable");
      const took = (performance.now() - began) / 1000;
      assert.ok(took > 0.5 * STALE_AFTER && took < 3 * STALE_AFTER, `${took} s`);
      await assert.rejects(verifier.verify(token), RevocationUnknown);
      assert.equal(await outcomeOf(verifier, revoked), "token_revoked", "a bit once seen is never forgotten");
      issuer.feeds = [follow];
      await until(async () => (await outcomeOf(verifier, token)) === "accepted", 10_000);
    }));
}

test("stale may be allowed", () =>
  following(
    oneList([1], [goesQuiet, refuses]),
    async ({ issuer, verifier, list }) => {
      noLists(issuer);
      await until(() => verifier.status().feedAge > 1);
      assert.equal(await outcomeOf(verifier, await issuer.token(list)), "accepted");
      assert.equal(await outcomeOf(verifier, await issuer.token(list, 1)), "token_revoked");
    },
    { onStale: "allow", staleAfter: 0.3 },
  ));

test("lists are polled while there is no feed", () => {
  const once = async (connection) => {
    connection.begin().snapshot();
    await sleep(100);
  };
  return following(oneList([], [once, refuses]), async ({ issuer, verifier, list }) => {
    const token = await issuer.token(list);
    assert.equal(await outcomeOf(verifier, token), "accepted");
    await until(() => issuer.listsAsked() >= 3);
    issuer.revoke(list, 0, { tell: false });
    await until(async () => (await outcomeOf(verifier, token)) === "token_revoked", 2000);
    issuer.feeds = [follow];
    await until(() => verifier.status().feedIsLive, 10_000);
    await sleep(300);
    const polled = issuer.listsAsked();
    await sleep(1000);
    assert.equal(issuer.listsAsked(), polled, "polled beside a live feed");
  });
});

test("refused credentials are not tried again in a hurry", () =>
  withVerifier(SHORT, oneList([], [({ response }) => reply(response, 401, "{}")]), async ({ issuer, verifier, list }) => {
    assert.equal(await outcomeOf(verifier, await issuer.token(list)), "accepted", "polling goes on without the feed");
    await sleep(1000);
    assert.equal(issuer.asked(FEED).length, 1);
    assert.match(verifier.status().feedProblem, /401/);
  }));

for (const reason of ["slow", "shutdown"]) {
  test(`a feed that is cut for ${reason} comes back`, () => {
    const cut = async (connection) => {
      connection.begin().snapshot();
      await sleep(100);
      connection.event("cut", { reason }, "here");
    };
    return following(oneList([], [cut, follow]), async ({ issuer, verifier, list }) => {
      await until(() => issuer.asked(FEED).length === 2);
      await until(() => verifier.status().feedProblem === undefined);
      assert.equal(await outcomeOf(verifier, await issuer.token(list)), "accepted");
    });
  });
}

test("expired lists are forgotten", () => {
  const short = async (connection) => {
    connection.begin().snapshotOf([...connection.issuer.lists.keys()][0], { expires_at: seconds() + 2 });
    connection.event("ready", { lists: 1 });
    await connection.stay();
  };
  return following(oneList([], [short]), async ({ verifier }) => {
    assert.equal(verifier.status().lists, 1);
    await until(() => verifier.status().lists === 0);
  });
});

test("new keys are fetched when the feed says so, and old ones dropped", () =>
  following(oneList([]), async ({ issuer, verifier, list }) => {
    const old = await issuer.token(list);
    assert.equal(await outcomeOf(verifier, old), "accepted");
    issuer.keys = { access_eddsa: "access", status_list_es256: "status_list" };
    issuer.said.push(["keys", {}]);
    await until(async () => (await outcomeOf(verifier, old)) === "invalid_token", 2000);
    assert.equal(await outcomeOf(verifier, await issuer.token(list, 0, { key: "access_eddsa" })), "accepted");
  }));

test("new keys are fetched when the feed has missed something", () => {
  const first = async (connection) => {
    connection.begin().snapshot().heartbeat({ position: "old" });
    await until(() => connection.issuer.keys.access_eddsa !== undefined);
  };
  const restarted = async (connection) => {
    connection.begin().event("gap", { reason: "unknown_position" });
    connection.snapshot();
    await connection.stay();
  };
  return following(oneList([], [first, restarted]), async ({ issuer, verifier, list }) => {
    const old = await issuer.token(list);
    assert.equal(await outcomeOf(verifier, old), "accepted");
    issuer.keys = { access_eddsa: "access", status_list_es256: "status_list" };
    await until(async () => (await outcomeOf(verifier, old)) === "invalid_token");
  });
});

test("an unknown kid is asked for, but not by every stranger", () =>
  following(oneList([]), async ({ issuer, verifier, list }) => {
    await verifier.verify(await issuer.token(list));
    for (let time = 0; time < 50; ++time) {
      await assert.rejects(verifier.verify(await issuer.token(list, 0, { key: "unpublished_es256" })), InvalidToken);
    }
    assert.ok(issuer.asked("/.well-known/jwks.json").length <= 2);
  }));

test("closing is quick and final, also after garbage was collected", () =>
  following(oneList([]), async ({ issuer, verifier, list }) => {
    setFlagsFromString("--expose-gc");
    runInNewContext("gc")(); // fetch() may then have forgotten the signal that ends it
    await sleep(20);
    const began = performance.now();
    await verifier.close();
    assert.ok(performance.now() - began < 1000);
    await assert.rejects(verifier.verify(await issuer.token(list)), /closed/);
  }));

test("revoked beats the cache", () =>
  following(oneList([]), async ({ issuer, verifier, list }) => {
    const token = await issuer.token(list);
    assert.equal(await verifier.verify(token), await verifier.verify(token));
    issuer.revoke(list, 0);
    await until(async () => (await outcomeOf(verifier, token)) === "token_revoked");
    await assert.rejects(verifier.verify(token), TokenRevoked);
  }));
