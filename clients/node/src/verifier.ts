/** The verifier: a token in, an AccessToken or the reason against it out. */
import { createHash } from "node:crypto";
import { isIPv4 } from "node:net";
import { ACCESS_TYP, AccessToken, checkTimes, LONGEST_TOKEN, readClaims, type ReadClaims } from "./claims.js";
import { InvalidToken, KeysUnknown, messageOf, RevocationUnknown, TokenRevoked } from "./errors.js";
import { Feed } from "./events.js";
import { Fetch } from "./fetch.js";
import { Follower } from "./follower.js";
import { get, RequestFailed } from "./http.js";
import { checkSignature, KeySet, parseJwks, readHeader, type Key } from "./keys.js";
import { Revocations, TooMuch } from "./revocations.js";
import { checkStatusList, UnknownKey, type StatusListToken } from "./status_list.js";
import { Misread } from "./strict.js";

export interface VerifierOptions {
  /** Postern's `public_url`. */
  issuer: string;
  /** What stands for this API in `tokens.audience`; several: any of them. */
  audience: string | readonly string[];
  /** Of a client of Postern's, for the revocation feed; without them the lists are polled. */
  clientId?: string | undefined;
  clientSecret?: string | undefined;
  /** Where Postern is reached, if not at `issuer`. */
  serverUrl?: string | undefined;
  /** Postern's `http.base_path`; default "/auth/v1". */
  basePath?: string;
  /** Seconds that knowledge of revocations counts, above the feed's heartbeat of 5 s; default 15. */
  staleAfter?: number;
  /** What to do with a token that is good but for that: refuse it (RevocationUnknown; default), or allow it. */
  onStale?: "refuse" | "allow";
  /** Seconds between fetches of a list while there is no feed; default 5. */
  pollInterval?: number;
  /** Seconds for any request; default 5. */
  requestTimeout?: number;
  /** Tokens whose signature is not checked again, their expiry and revocation are; default 10,000. */
  cacheSize?: number;
  /** http:// to another machine: tokens' keys and the secret then travel unprotected. */
  allowPlainHttp?: boolean;
  /** Where warnings go; default console.warn. */
  log?: (message: string) => void;
  /** For tests: Unix time, seconds from anywhere, and what stands in for the network. */
  clock?: () => number;
  timer?: () => number;
  fetch?: typeof globalThis.fetch;
}

/** How a verifier is doing, for a health endpoint or a metric. */
export interface Status {
  readonly keys: number;
  readonly lists: number;
  readonly feedIsLive: boolean;
  /** Seconds since all revocations were known through the feed; infinite without one. */
  readonly feedAge: number;
  readonly feedProblem: string | undefined;
}

interface Verified {
  readonly read: ReadClaims;
  readonly key: Key;
}

const JWKS_PATH = "/.well-known/jwks.json";
const LARGEST_JWKS = 256 << 10; // bytes
const LARGEST_STATUS_LIST = 4 << 20;
/** Seconds. */
const ASK_KEYS_AGAIN_AFTER = 5; // between fetches because of a kid that is not known
const ASK_LIST_AGAIN_AFTER = 1; // after a fetch that failed
const [DEFAULT_MAX_AGE, LEAST_MAX_AGE, MOST_MAX_AGE] = [300, 5, 3600]; // that a JWKS may be kept
const TICK = 0.5;
const MOST_REQUESTS = 4; // for one token: keys, its list, and once more for what changed meanwhile
const ASCII = /^[\x21-\x7e]*$/;

/** One for each process and issuer. It begins its work with start() or the first token; close() ends it. */
export class Verifier {
  readonly #options: Required<Omit<VerifierOptions, "clientId" | "clientSecret" | "audience">> & { serverUrl: string };
  readonly #audience: ReadonlySet<string>;
  readonly #revocations: Revocations;
  readonly #follower: Follower | undefined;
  readonly #cache = new Map<string, Verified>();
  readonly #keysFetch = new Fetch();
  readonly #listFetches = new Map<string, Fetch>();
  #keys = new KeySet();
  #keysDueAt = -Infinity;
  #keysChangedAt = -Infinity; // as the feed told, by the timer
  #ticking: ReturnType<typeof setInterval> | undefined;
  #closed = false;

  constructor(options: VerifierOptions) {
    const { clientId, clientSecret, audience, ...rest } = options;
    this.#options = {
      basePath: "/auth/v1",
      staleAfter: 15,
      onStale: "refuse",
      pollInterval: 5,
      requestTimeout: 5,
      cacheSize: 10_000,
      allowPlainHttp: false,
      log: (message) => console.warn(`postern-verifier: ${message}`),
      clock: () => Date.now() / 1000,
      timer: () => performance.now() / 1000,
      fetch: globalThis.fetch,
      ...rest,
      serverUrl: options.serverUrl ?? options.issuer,
    };
    this.#audience = new Set(typeof audience === "string" ? [audience] : audience);
    this.#checkOptions(clientId, clientSecret);
    const { issuer, serverUrl, basePath, staleAfter, requestTimeout, clock, timer, fetch, log } = this.#options;
    this.#revocations = new Revocations(staleAfter, timer, clock);
    if (clientId === undefined || clientSecret === undefined) return;
    const keysChanged = (): void => this.#keysHaveChanged();
    const feed = new Feed({ issuer, revocations: this.#revocations, keysChanged, clock, staleAfter, log });
    const url = `${serverUrl}${basePath}/revocations`;
    this.#follower = new Follower({ url, clientId, clientSecret, feed, staleAfter, requestTimeout, fetch, log });
  }

  /** Begins to fetch keys and to follow the feed. Calling it again does nothing. */
  start(): this {
    if (this.#closed) throw new Error("the verifier is closed");
    if (this.#ticking !== undefined) return this;
    this.#follower?.start();
    this.#ticking = setInterval(() => void this.#tick(), TICK * 1000);
    void this.#tick();
    return this;
  }

  /** Ends all connections and timers, so that the process may end. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#ticking);
    if (this.#ticking !== undefined) await this.#follower?.stop();
  }

  /** Whether keys are here, and all revocations if there is to be a feed, before `timeout` seconds have passed. */
  async waitUntilReady(timeout = 10): Promise<boolean> {
    this.start();
    const deadline = performance.now() + timeout * 1000;
    const isReady = (): boolean =>
      this.#keys.size > 0 && (this.#follower === undefined || this.#revocations.age() <= this.#options.staleAfter);
    while (!isReady()) {
      if (performance.now() > deadline) return false;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return true;
  }

  status(): Status {
    return {
      keys: this.#keys.size,
      lists: this.#revocations.count,
      feedIsLive: this.#revocations.feedIsLive(),
      feedAge: this.#revocations.age(),
      feedProblem: this.#follower?.problem,
    };
  }

  /**
   * The token, if it is to be accepted; otherwise throws one of errors.ts.
   *
   * Looks at memory only, but for the first token of a key or a list that is not known yet: that one waits for a request,
   * `requestTimeout` at most.
   */
  async verify(token: string): Promise<AccessToken> {
    this.start();
    for (let round = 0; round < MOST_REQUESTS; ++round) {
      const answer = await this.#fromMemory(token);
      if (answer instanceof AccessToken) return answer;
      await answer();
    }
    throw new RevocationUnknown("What is known of revocations is out of date before it has arrived");
  }

  /** The answer, or what has to be done before there is one. Each of those is offered once in a while only. */
  async #fromMemory(token: string): Promise<AccessToken | (() => Promise<void>)> {
    if (token.length > LONGEST_TOKEN) throw new InvalidToken(`The token has more than ${LONGEST_TOKEN} characters`);
    if (!ASCII.test(token)) throw new InvalidToken("The token holds characters that no token has");
    const name = createHash("sha256").update(token).digest("base64");
    let verified = this.#cache.get(name);
    if (verified === undefined || this.#keys.find("access", verified.key.kid) !== verified.key) {
      const checked = await this.#checkToken(token);
      if (typeof checked === "function") return checked;
      verified = checked;
      this.#remember(name, verified);
    }
    checkTimes(verified.read, this.#options.clock());
    return this.#checkRevocation(verified.read);
  }

  async #checkToken(token: string): Promise<Verified | (() => Promise<void>)> {
    try {
      const header = readHeader(token);
      if (header.typ !== ACCESS_TYP) throw new InvalidToken("The token is not an access token");
      const key = this.#keys.find("access", header.kid);
      if (key === undefined) return this.#aboutUnknownKey();
      const payload = await checkSignature(token, header, key);
      return { read: readClaims(payload, this.#options.issuer, this.#audience), key };
    } catch (error) {
      if (error instanceof Misread) throw new InvalidToken(`The token ${error.message}`);
      throw error;
    }
  }

  #aboutUnknownKey(): () => Promise<void> {
    const fetch = this.#keysFetch;
    const { timer } = this.#options;
    const since = timer() - fetch.finishedAt;
    const request = (): Promise<void> => fetch.run(() => this.#fetchKeys(), timer);
    if (this.#keys.size === 0) {
      if (since < ASK_LIST_AGAIN_AFTER) throw new KeysUnknown("The issuer's keys cannot be fetched now");
      return request;
    }
    // Strangers can make up kids: their tokens must not pile up here.
    if (fetch.isRunning) throw new KeysUnknown("The issuer's keys are being fetched");
    if (since >= ASK_KEYS_AGAIN_AFTER) return request;
    if (fetch.failed) throw new KeysUnknown("The issuer's keys cannot be fetched now");
    throw new InvalidToken("The token is signed by no key of its issuer");
  }

  #checkRevocation(read: ReadClaims): AccessToken | (() => Promise<void>) {
    const state = this.#revocations.state(read.slot);
    if (state === "live") return read.token;
    if (state === "revoked") throw new TokenRevoked();
    const { uri } = read.slot;
    const fetch = this.#listFetch(uri);
    const { timer, onStale } = this.#options;
    if (!fetch.failed || timer() - fetch.finishedAt >= ASK_LIST_AGAIN_AFTER) {
      return () => fetch.run(() => this.#fetchList(uri), timer);
    }
    if (state === "missing") throw new TokenRevoked();
    if (onStale === "allow") return read.token;
    throw new RevocationUnknown("Whether the token has been revoked is not known now");
  }

  #remember(name: string, verified: Verified): void {
    const { cacheSize } = this.#options;
    if (cacheSize <= 0) return;
    for (const oldest of this.#cache.keys()) {
      if (this.#cache.size < cacheSize) break;
      this.#cache.delete(oldest);
    }
    this.#cache.set(name, verified);
  }

  // --- fetching ---

  #listFetch(uri: string): Fetch {
    let fetch = this.#listFetches.get(uri);
    if (fetch === undefined) this.#listFetches.set(uri, (fetch = new Fetch()));
    return fetch;
  }

  #keysHaveChanged(): void {
    this.#keysChangedAt = this.#options.timer();
    this.#keysDueAt = -Infinity;
    void this.#tick();
  }

  async #fetchKeys(): Promise<boolean> {
    const { serverUrl, requestTimeout, timer, log, fetch } = this.#options;
    const askedAt = timer();
    try {
      const answer = await get(fetch, serverUrl + JWKS_PATH, requestTimeout, LARGEST_JWKS);
      if (answer.status !== 200) throw new RequestFailed(`${serverUrl}${JWKS_PATH} answers ${answer.status}`);
      this.#keys = await parseJwks(answer.body, this.#keys);
      const told = /(?:^|[,\s])max-age=(\d{1,9})(?:$|[,\s])/.exec(answer.headers.get("cache-control") ?? "");
      const mayLackTheChange = askedAt - answer.age < this.#keysChangedAt;
      const maxAge = mayLackTheChange ? 0 : (told === null ? DEFAULT_MAX_AGE : Number(told[1])) - answer.age;
      if (askedAt >= this.#keysChangedAt) {
        this.#keysDueAt = askedAt + Math.min(Math.max(maxAge, LEAST_MAX_AGE), MOST_MAX_AGE);
      }
      return true;
    } catch (error) {
      if (!isExpected(error)) throw error;
      log(`cannot fetch the issuer's keys: ${error.message}`);
      this.#keysDueAt = askedAt + ASK_KEYS_AGAIN_AFTER;
      return false;
    }
  }

  async #fetchList(uri: string): Promise<boolean> {
    const { issuer, serverUrl, staleAfter, requestTimeout, timer, log, fetch } = this.#options;
    const askedAt = timer();
    const etag = this.#revocations.etagOf(uri);
    const headers = {
      Accept: "application/statuslist+jwt",
      ...(etag === undefined ? {} : { "If-None-Match": etag }),
    };
    try {
      const url = serverUrl + uri.slice(issuer.length);
      const answer = await get(fetch, url, requestTimeout, LARGEST_STATUS_LIST, headers);
      const trueAt = askedAt - answer.age;
      if (answer.status === 304 && etag !== undefined) {
        this.#revocations.putUnchanged(uri, trueAt);
      } else if (answer.status === 404) {
        this.#revocations.putMissing(uri);
      } else if (answer.status === 200) {
        const list = await this.#readList(uri, answer.body.toString("latin1"));
        const newEtag = answer.headers.get("etag") ?? undefined;
        this.#revocations.putFetched(uri, list.bitmap, list.expiresAt, newEtag, trueAt);
      } else {
        throw new RequestFailed(`answers ${answer.status}`);
      }
      if (answer.age > staleAfter && answer.status !== 404) {
        throw new RequestFailed(`comes from a cache that has kept it for ${answer.age} s and does not ask again`);
      }
      return true;
    } catch (error) {
      if (!isExpected(error)) throw error;
      log(`cannot use the status list ${uri}: ${error.message}`);
      return false;
    }
  }

  async #readList(uri: string, jwt: string): Promise<StatusListToken> {
    const { issuer, clock, timer } = this.#options;
    try {
      return await checkStatusList(jwt, uri, issuer, this.#keys, clock());
    } catch (error) {
      if (!(error instanceof UnknownKey) || timer() - this.#keysFetch.finishedAt < ASK_KEYS_AGAIN_AFTER) throw error;
      await this.#keysFetch.run(() => this.#fetchKeys(), timer);
      return checkStatusList(jwt, uri, issuer, this.#keys, clock());
    }
  }

  // --- in the background ---

  async #tick(): Promise<void> {
    const { timer, log, pollInterval } = this.#options;
    try {
      if (timer() >= this.#keysDueAt) await this.#keysFetch.run(() => this.#fetchKeys(), timer);
      for (const uri of this.#revocations.listsToPoll(pollInterval)) {
        if (this.#closed) return;
        await this.#listFetch(uri).run(() => this.#fetchList(uri), timer);
      }
      this.#revocations.dropExpired();
      for (const [uri, fetch] of this.#listFetches) {
        const isOver = fetch.finishedAt !== -Infinity && timer() - fetch.finishedAt > ASK_LIST_AGAIN_AFTER;
        if (isOver && !fetch.isRunning) this.#listFetches.delete(uri);
      }
    } catch (error) {
      log(`upkeep failed: ${messageOf(error)}`);
    }
  }

  #checkOptions(clientId: string | undefined, clientSecret: string | undefined): void {
    const { issuer, allowPlainHttp, onStale, staleAfter, pollInterval, requestTimeout } = this.#options;
    for (const url of [issuer, this.#options.serverUrl]) checkUrl(url, allowPlainHttp);
    if (this.#audience.size === 0 || this.#audience.has("")) {
      throw new TypeError("audience is empty: then no token would be for this API");
    }
    if ((clientId === undefined) !== (clientSecret === undefined)) {
      throw new TypeError("clientId and clientSecret go together");
    }
    if (onStale !== "refuse" && onStale !== "allow") {
      throw new TypeError(`onStale is "${String(onStale)}"; it must be "refuse" or "allow"`);
    }
    if (!(staleAfter > 0 && pollInterval > 0 && requestTimeout > 0)) {
      throw new TypeError("staleAfter, pollInterval and requestTimeout must be above 0");
    }
  }
}

function isExpected(error: unknown): error is Error {
  return error instanceof RequestFailed || error instanceof Misread || error instanceof TooMuch;
}

function checkUrl(url: string, allowPlainHttp: boolean): void {
  const { protocol, hostname, search, hash, username, password } = new URL(url);
  if ((protocol !== "https:" && protocol !== "http:") || search !== "" || hash !== "" || url.endsWith("/")) {
    throw new TypeError(`"${url}" is not an https:// URL without a slash at its end`);
  }
  if (username !== "" || password !== "") {
    throw new TypeError("credentials do not belong in a URL; use clientId and clientSecret");
  }
  const isHere = hostname === "localhost" || hostname === "[::1]" || (isIPv4(hostname) && hostname.startsWith("127."));
  if (protocol === "http:" && !isHere && !allowPlainHttp) {
    throw new TypeError(`"${url}" is not https://; if that is meant, say allowPlainHttp: true`);
  }
}
