/** Holds the feed's connection, and makes a new one when it ends. */
import { messageOf } from "./errors.js";
import { Cut, EventParser, FeedError, type Feed } from "./events.js";
import { bodyOf, open, RequestFailed } from "./http.js";

export interface FollowerOptions {
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly feed: Feed;
  /** Seconds. */
  readonly staleAfter: number;
  readonly requestTimeout: number;
  readonly fetch: typeof globalThis.fetch;
  readonly log: (message: string) => void;
}

/** Seconds. */
const FIRST_PAUSE = 1; // before the second attempt, unless the server names another
const LONGEST_PAUSE = 30;
const REFUSED_PAUSE = 30; // after 401 or 403: somebody has to change something first

export class Follower {
  /** Why there is no feed now. */
  problem: string | undefined;
  #base = FIRST_PAUSE;
  #failures = 0;
  #stopped = false;
  #connection = new AbortController();
  #wake: () => void = () => undefined;
  #done: Promise<void> = Promise.resolve();

  constructor(private readonly options: FollowerOptions) {}

  start(): void {
    this.#done = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#connection.abort();
    this.#wake();
    await this.#done;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const pause = await this.#followOnce();
      if (this.#stopped) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pause * 1000);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** One connection, from beginning to end. The seconds to wait before the next. */
  async #followOnce(): Promise<number> {
    let problem = "the feed's connection ended";
    let startOver = false;
    let least = 0;
    try {
      await this.#readStream();
    } catch (error) {
      problem = messageOf(error);
      if (error instanceof Cut) {
        problem = `the server ended the feed: ${problem}`;
        if (error.message === "unauthorized") least = REFUSED_PAUSE;
      } else if (error instanceof RequestFailed) {
        if (error.status === 401 || error.status === 403) least = REFUSED_PAUSE;
      } else {
        startOver = error instanceof FeedError || !isNetworkError(error);
      }
    }
    this.options.feed.disconnected(startOver);
    if (this.#stopped) return 0;
    if (this.problem === undefined) {
      this.options.log(`no revocation feed: ${problem}; lists are polled until it is back`);
    }
    this.problem = problem;
    // Full jitter below the first pause, so that a server that restarts does not meet all of us at once.
    const longest = Math.min(LONGEST_PAUSE, this.#base * 2 ** this.#failures);
    const share = this.#failures === 0 ? Math.random() : 0.5 + Math.random() / 2;
    this.#failures = Math.min(this.#failures + 1, 16);
    return Math.max(least, longest * share);
  }

  async #readStream(): Promise<void> {
    const { url, feed, staleAfter, requestTimeout } = this.options;
    const connection = (this.#connection = new AbortController());
    let movedAt = performance.now();
    let bound = requestTimeout;
    const watch = setInterval(
      () => {
        if (performance.now() - movedAt > bound * 1000) {
          connection.abort(new RequestFailed(`${url} ${bound === requestTimeout ? "does not answer" : "sends no heartbeat"}`));
        }
      },
      Math.min(1000, staleAfter * 100),
    );
    try {
      const response = await open(this.options.fetch, url, this.#headers(), connection.signal);
      if (response.status !== 200 || !/^text\/event-stream *(;|$)/i.test(response.headers.get("content-type") ?? "")) {
        await response.body?.cancel();
        throw new RequestFailed(`${url} answers ${response.status}, or is no event stream`, response.status);
      }
      movedAt = performance.now();
      bound = staleAfter;
      feed.connected();
      const parser = new EventParser();
      for await (const chunk of bodyOf(response, connection.signal)) {
        for (const event of parser.feed(chunk)) {
          if (!feed.apply(event)) continue;
          movedAt = performance.now();
          this.#isWell();
        }
        if (parser.retry !== undefined) this.#base = Math.min(Math.max(parser.retry, 0.1), LONGEST_PAUSE);
      }
    } catch (error) {
      if (connection.signal.aborted && connection.signal.reason instanceof RequestFailed) throw connection.signal.reason;
      throw error;
    } finally {
      clearInterval(watch);
      connection.abort();
    }
  }

  #headers(): Record<string, string> {
    const { clientId, clientSecret, feed } = this.options;
    return {
      Accept: "text/event-stream",
      "Cache-Control": "no-store",
      Authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`,
      ...(feed.position === undefined ? {} : { "Last-Event-ID": feed.position }),
    };
  }

  #isWell(): void {
    if (this.problem !== undefined) this.options.log("the revocation feed is back");
    this.problem = undefined;
    this.#failures = 0;
  }
}

/** What fetch() and a body throw when a connection breaks; anything else is a mistake that a resume might repeat. */
function isNetworkError(error: unknown): boolean {
  return error instanceof TypeError || (error instanceof Error && error.name === "AbortError");
}
