// A server on loopback that plays Postern, and misbehaves as it is told.
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { deflateSync } from "node:zlib";
import { CompactSign, importJWK } from "jose";
import { Verifier } from "postern-verifier";

export const vectors = (name) => JSON.parse(readFileSync(new URL(`../../vectors/${name}.json`, import.meta.url)));
export const AUDIENCE = "https://api.example.com";
export const CLIENT = { clientId: "018f3c1e-7a00-7000-8000-00000000c101", clientSecret: "pcs_not-a-secret" };
export const SLOTS = 1024;
const KEYS = vectors("test_keys");
const ALGORITHM_OF = { EC: "ES256", OKP: "EdDSA", RSA: "RS256" };

export const seconds = () => Math.floor(Date.now() / 1000);

export function pack(revoked) {
  const bitmap = new Uint8Array(SLOTS / 8);
  for (const index of revoked) bitmap[index >> 3] |= 1 << (index & 7);
  return deflateSync(bitmap).toString("base64url");
}

async function sign(key, typ, claims) {
  const { kid, kty } = KEYS[key];
  return new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ typ, alg: ALGORITHM_OF[kty], kid })
    .sign(await importJWK(KEYS[key], ALGORITHM_OF[kty]));
}

function published(key, purpose) {
  const { d, p, q, dp, dq, qi, ...open } = KEYS[key];
  return { ...open, use: "sig", alg: ALGORITHM_OF[open.kty], postern_purpose: purpose };
}

/**
 * `feeds`: what the connections to the feed get, in turn; each is a function of a FeedConnection. The last repeats.
 * `answers`: path -> function of (request, response), in place of what would be answered.
 * `requests`: [path, headers] of everything that was asked for.
 * `cache`: a Cache in front of it.
 */
export class FakeIssuer {
  keys = { access_es256: "access", status_list_es256: "status_list" };
  maxAge = 300;
  lists = new Map();
  feeds = [follow];
  answers = {};
  requests = [];
  said = [];
  cache = undefined;
  closing = false;
  #server = createServer((request, response) => void this.#answer(request, response));

  static async start() {
    const issuer = new FakeIssuer();
    issuer.#server.listen(0, "127.0.0.1");
    await once(issuer.#server, "listening");
    issuer.url = `http://127.0.0.1:${issuer.#server.address().port}`;
    return issuer;
  }

  close() {
    this.closing = true;
    this.#server.close();
    this.#server.closeAllConnections();
  }

  asked(path) {
    return this.requests.filter(([asked]) => asked === path).map(([, headers]) => headers);
  }

  listsAsked() {
    return this.requests.filter(([path]) => path.startsWith("/status-lists/")).length;
  }

  uri(list) {
    return `${this.url}/status-lists/${list}`;
  }

  openList(revoked = []) {
    const list = randomUUID();
    this.lists.set(list, new Set(revoked));
    return list;
  }

  token(list, index = 0, { key = "access_es256", ...changes } = {}) {
    return sign(key, "at+jwt", {
      iss: this.url,
      aud: [AUDIENCE],
      sub: "018f3c1e-7a00-7000-8000-00000000ac01",
      client_id: "first-party",
      iat: seconds(),
      exp: seconds() + 600,
      jti: randomUUID(),
      sid: "018f3c1e-7a00-7000-8000-000000005e01",
      type: "access",
      status: { status_list: { idx: index, uri: this.uri(list) } },
      ...changes,
    });
  }

  statusList(list, key = "status_list_es256") {
    return sign(key, "statuslist+jwt", {
      sub: this.uri(list),
      iat: seconds(),
      exp: seconds() + 3600,
      ttl: 5,
      status_list: { bits: 1, lst: pack(this.lists.get(list)) },
    });
  }

  revoke(list, index, { tell = true } = {}) {
    this.lists.get(list).add(index);
    if (tell) this.said.push(["revoked", { list: this.uri(list), idx: [index] }]);
  }

  #replyAndKeep(request, response, body, headers) {
    this.cache?.kept.set(request.url, { since: performance.now(), body, headers });
    reply(response, 200, body, headers);
  }

  async #answer(request, response) {
    this.requests.push([request.url, request.headers]);
    response.on("error", () => undefined);
    if (this.cache?.answers(request, response)) return;
    if (this.answers[request.url]) return this.answers[request.url](request, response);
    if (request.url === "/.well-known/jwks.json") {
      const keys = Object.entries(this.keys).map(([key, purpose]) => published(key, purpose));
      return this.#replyAndKeep(request, response, JSON.stringify({ keys }), { "Cache-Control": `max-age=${this.maxAge}` });
    }
    const list = request.url.replace("/status-lists/", "");
    if (this.lists.has(list)) {
      const etag = `"${this.lists.get(list).size}"`;
      if (request.headers["if-none-match"] === etag) return reply(response, 304, "", { ETag: etag });
      return this.#replyAndKeep(request, response, await this.statusList(list), { ETag: etag });
    }
    if (request.url !== "/auth/v1/revocations") return reply(response, 404, "{}");
    const script = this.feeds.length > 1 ? this.feeds.shift() : this.feeds[0];
    const connection = new FeedConnection(this, request, response);
    await script(connection);
    response.end();
  }
}

/** Keeps keys and lists for as long as it runs. `obeys`: it asks again when a request says so (RFC 9111 section 5.2.1.4). */
export class Cache {
  kept = new Map();

  /** `age`: seconds that its answers were in other caches before. */
  constructor({ obeys, age = 0 }) {
    Object.assign(this, { obeys, age });
  }

  answers(request, response) {
    const kept = this.kept.get(request.url);
    if (kept === undefined || (this.obeys && request.headers["cache-control"] === "no-cache")) return false;
    const age = Math.floor((performance.now() - kept.since) / 1000) + this.age;
    reply(response, 200, kept.body, { ...kept.headers, Age: age });
    return true;
  }
}

export function reply(response, status, body, headers = {}) {
  response.writeHead(status, headers);
  response.end(body);
}

export class FeedConnection {
  #number = 0;

  constructor(issuer, request, response) {
    Object.assign(this, { issuer, request, response, lastEventId: request.headers["last-event-id"] });
  }

  get isOpen() {
    return !this.issuer.closing && !this.response.destroyed;
  }

  begin() {
    this.response.writeHead(200, { "Content-Type": "text/event-stream" });
    this.send("retry: 100\n\n");
    return this;
  }

  send(text) {
    this.response.write(text);
  }

  event(name, data, position = `p${++this.#number}`) {
    this.send(`id: ${position}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  heartbeat({ position, late = 0 } = {}) {
    this.event("heartbeat", { time: seconds() - late }, position);
  }

  snapshotOf(list, changes = {}) {
    this.event("snapshot", {
      list: this.issuer.uri(list),
      expires_at: seconds() + 900,
      revoked: false,
      lst: pack(this.issuer.lists.get(list)),
      ...changes,
    });
  }

  snapshot() {
    for (const list of this.issuer.lists.keys()) this.snapshotOf(list);
    this.event("ready", { lists: this.issuer.lists.size });
    this.heartbeat();
    return this;
  }

  /** Heartbeats, and whatever the test says. */
  async stay() {
    for (let turn = 0; this.isOpen; ++turn) {
      for (const [name, data] of this.issuer.said.splice(0)) this.event(name, data);
      if (turn % 20 === 0) this.heartbeat();
      await sleep(5);
    }
  }

  async silence(time = 60_000) {
    for (const end = Date.now() + time; this.isOpen && Date.now() < end; ) await sleep(10);
  }
}

/** The feed as it should be. */
export async function follow(connection) {
  connection.begin().snapshot();
  await connection.stay();
}

export async function outcomeOf(verifier, token) {
  try {
    await verifier.verify(token);
    return "accepted";
  } catch (error) {
    if (error.outcome === undefined) throw error;
    return error.outcome;
  }
}

export async function until(holds, time = 20_000) {
  for (const end = Date.now() + time; ; await sleep(5)) {
    const value = await holds();
    if (value) return value;
    if (Date.now() > end) throw new Error("it never happened");
  }
}

/** Runs `body` with an issuer and a verifier that are closed afterwards. */
export async function withVerifier(options, prepare, body) {
  const issuer = await FakeIssuer.start();
  const notes = [];
  let verifier;
  try {
    const prepared = (await prepare(issuer)) ?? {};
    verifier = new Verifier({
      issuer: issuer.url,
      audience: AUDIENCE,
      requestTimeout: 1,
      log: (message) => notes.push(message),
      ...options,
    });
    await body({ issuer, verifier: verifier.start(), notes, ...prepared });
  } finally {
    await verifier?.close();
    issuer.close();
  }
}
