// The feed against a server that lies: what no feed may say. Real sockets, short times.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { follow, outcomeOf, until, withVerifier } from "./fake_issuer.mjs";
import { FEED, SHORT, following, oneList } from "./following.mjs";

const event = (name, data) => `event: ${name}\ndata: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
const onList = (name, data) => (issuer) => event(name, { list: issuer.uri([...issuer.lists.keys()][0]), ...data });
const NONSENSE = {
  "no JSON": event("revoked", "{oops"),
  "an array": event("revoked", "[1]"),
  "a member twice": event("heartbeat", '{"time":1,"time":2}'),
  "another issuer's list": event("revoked", { list: "https://evil.example/status-lists/x", idx: [1] }),
  "no index": onList("revoked", { idx: 1 }),
  "a negative index": onList("revoked", { idx: [-1] }),
  "a huge index": onList("revoked", { idx: [2 ** 31] }),
  "a snapshot that is no zlib": onList("snapshot", { expires_at: 2 ** 33, revoked: false, lst: "AAAA" }),
  "a line without an end": `data: ${"x".repeat(5 << 20)}`,
  "an event without an end": "data: xxxxxxxx\n".repeat(5 << 16),
  "invalid UTF-8": Buffer.from("event: \xff\xfe\ndata: {}\n\n", "latin1"),
  "a position that is no header": 'id: \x01\nevent: heartbeat\ndata: {"time": 9999999999}\n\n',
};

for (const [name, nonsense] of Object.entries(NONSENSE)) {
  test(`${name} ends the connection, and the next begins with a snapshot`, () => {
    const asked = [];
    const first = async (connection) => {
      connection.begin().snapshot();
      connection.send(typeof nonsense === "function" ? nonsense(connection.issuer) : nonsense);
      await connection.silence(500);
    };
    const again = (connection) => {
      asked.push(connection.lastEventId);
      return follow(connection);
    };
    const test = async ({ issuer, verifier, list }) => {
      await until(() => asked.length > 0);
      assert.deepEqual(asked, [undefined]);
      await until(() => verifier.status().feedProblem === undefined);
      const token = await issuer.token(list);
      assert.equal(await outcomeOf(verifier, token), "accepted");
      issuer.revoke(list, 0);
      await until(async () => (await outcomeOf(verifier, token)) === "token_revoked");
    };
    return following(oneList([], [first, again]), test, { staleAfter: 5 });
  });
}

test("unknown events, comments and fields are passed over", () => {
  const odd = async (connection) => {
    connection.begin().snapshot();
    connection.send(": hello\n\nnonsense\nx: y\n\nevent: weather\ndata: rain\n\n\r\n: bye\r\n\r\n");
    await connection.silence(600);
  };
  return following(oneList([], [odd]), async ({ issuer, verifier, list }) => {
    await sleep(300);
    assert.equal(verifier.status().feedProblem, undefined);
    assert.equal(issuer.asked(FEED).length, 1);
    assert.equal(await outcomeOf(verifier, await issuer.token(list)), "accepted");
  });
});

test("an incomplete snapshot is not believed to be complete", () => {
  const lies = async (connection) => {
    connection.begin().snapshotOf([...connection.issuer.lists.keys()][0]);
    connection.event("ready", { lists: 2 });
    connection.heartbeat();
    await connection.silence(300);
  };
  const prepare = (issuer) => {
    issuer.feeds = [lies, follow];
    issuer.openList();
    return { second: issuer.openList([0]) };
  };
  return following(prepare, async ({ issuer, verifier, second }) => {
    assert.equal(issuer.asked(FEED).length, 2);
    assert.equal(await outcomeOf(verifier, await issuer.token(second)), "token_revoked");
  });
});

test("a heartbeat inside a snapshot does not make it whole", () => {
  const neverReady = async (connection) => {
    connection.begin().snapshotOf([...connection.issuer.lists.keys()][0]);
    for (let time = 0; time < 20; ++time, await sleep(20)) connection.heartbeat();
  };
  return withVerifier(SHORT, oneList([], [neverReady]), async ({ issuer, verifier }) => {
    await until(() => issuer.asked(FEED).length >= 2);
    assert.equal(verifier.status().feedAge, Infinity);
    assert.equal(verifier.status().feedIsLive, false);
  });
});

test("an endless stream of garbage costs no memory", () => {
  const floods = async (connection) => {
    const garbage = Buffer.alloc(65536, "x");
    connection.begin();
    for (let part = 0; part < 400 && connection.isOpen; ++part) {
      if (!connection.response.write(garbage)) await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  return withVerifier(SHORT, oneList([], [floods]), async ({ issuer, verifier }) => {
    const before = process.memoryUsage().rss;
    await until(() => issuer.asked(FEED).length >= 4, 15_000);
    assert.match(verifier.status().feedProblem, /too long/);
    assert.ok(process.memoryUsage().rss - before < 128 << 20);
  });
});
