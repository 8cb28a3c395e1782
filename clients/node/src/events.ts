/** The revocation feed as a protocol: bytes to events, events to knowledge. No network here. */
import { isStatusListUri } from "./claims.js";
import { messageOf } from "./errors.js";
import { TooMuch, type Revocations } from "./revocations.js";
import { decodeStatusList } from "./status_list.js";
import { isWhole, LAST_INDEX, LAST_SECOND, member, Misread, parseObject, type JsonObject } from "./strict.js";

const LONGEST_EVENT = 4 << 20; // bytes; a snapshot of the largest list that does not compress has 2.8 million
const POSITION = /^[\x20-\x7e]{0,256}$/;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const COLON = 58;

/** The feed says what it must not. What it said before is still true; the connection is of no more use. */
export class FeedError extends Error {}

/** The server said that it ends the connection, and why. */
export class Cut extends Error {}

export interface Event {
  readonly name: string;
  readonly data: string;
  /** The `id` line of this event. */
  readonly position: string | undefined;
}

/** text/event-stream (WHATWG HTML section 9.2), in bounded memory. */
export class EventParser {
  /** Seconds, once the server has said. */
  retry: number | undefined;
  #pending: Buffer[] = []; // the beginning of a line
  #pendingSize = 0;
  #name = "";
  #position: string | undefined;
  #data: string[] = [];
  #size = 0;
  readonly #utf8 = new TextDecoder("utf-8", { fatal: true });

  /** Throws FeedError past LONGEST_EVENT. */
  *feed(chunk: Uint8Array): Generator<Event> {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let begin = 0;
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, begin)) {
      const rest = bytes.subarray(begin, end);
      const line = this.#pending.length > 0 ? Buffer.concat([...this.#pending, rest]) : rest;
      this.#pending = [];
      this.#pendingSize = 0;
      begin = end + 1;
      const event = this.#readLine(line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line);
      if (event !== undefined) yield event;
    }
    if (begin < bytes.length) {
      this.#pending.push(Buffer.from(bytes.subarray(begin)));
      this.#pendingSize += bytes.length - begin;
      this.#checkSize(this.#pendingSize);
    }
  }

  #readLine(line: Buffer): Event | undefined {
    if (line.length === 0) return this.#finishEvent();
    if (line[0] === COLON) return undefined;
    this.#size += line.length;
    this.#checkSize(this.#size);
    let text: string;
    try {
      text = this.#utf8.decode(line);
    } catch {
      throw new FeedError("the feed is not UTF-8");
    }
    const colon = text.indexOf(":");
    const field = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? "" : text.slice(colon + 1).replace(/^ /, "");
    if (field === "data") this.#data.push(value);
    else if (field === "event") this.#name = value;
    else if (field === "id") this.#position = value;
    else if (field === "retry" && /^[0-9]{1,8}$/.test(value)) this.retry = Number(value) / 1000;
    return undefined;
  }

  #finishEvent(): Event | undefined {
    const event = { name: this.#name || "message", data: this.#data.join("\n"), position: this.#position };
    const isOne = this.#data.length > 0;
    this.#name = "";
    this.#position = undefined;
    this.#data = [];
    this.#size = 0;
    return isOne ? event : undefined;
  }

  #checkSize(size: number): void {
    if (size > LONGEST_EVENT) throw new FeedError("the feed has an event that is too long");
  }
}

export interface FeedOptions {
  readonly issuer: string;
  readonly revocations: Revocations;
  readonly keysChanged: () => void;
  readonly clock: () => number;
  readonly staleAfter: number;
  readonly log: (message: string) => void;
}

/** Follows one feed from connection to connection. */
export class Feed {
  /** Where to resume; undefined: from the beginning, with a snapshot. */
  position: string | undefined;
  #hasBegun = false;
  #snapshots: number | undefined; // how many have come; undefined: no snapshot is under way
  readonly #revocations: Revocations;
  readonly #handlers: Readonly<Record<string, (data: JsonObject) => boolean>>;

  constructor(private readonly options: FeedOptions) {
    this.#revocations = options.revocations;
    this.#handlers = {
      gap: (data) => this.#onGap(data),
      snapshot: (data) => this.#onSnapshot(data),
      ready: (data) => this.#onReady(data),
      list: (data) => this.#onList(data),
      revoked: (data) => this.#onRevoked(data),
      list_revoked: (data) => this.#onListRevoked(data),
      keys: () => this.#onKeys(),
      heartbeat: (data) => this.#onHeartbeat(data),
      stale: () => this.#onStale(),
      cut: (data) => this.#onCut(data),
    };
  }

  connected(): void {
    this.#snapshots = undefined;
    if (this.position === undefined) this.#beginSnapshot();
  }

  /** `startOver`: what was read last made no sense, so the next connection begins with a snapshot. */
  disconnected(startOver: boolean): void {
    if (startOver) this.position = undefined;
    this.#revocations.giveUpSnapshot();
    this.#revocations.feedIsNot();
  }

  /** Whether the event shows that the feed is moving: those that must come by themselves do. Throws FeedError, Cut. */
  apply(event: Event): boolean {
    if (!Object.hasOwn(this.#handlers, event.name)) return false; // from a newer server
    let moving: boolean;
    try {
      moving = this.#handlers[event.name]!(parseObject(event.data));
    } catch (error) {
      if (error instanceof Misread || error instanceof TooMuch) {
        throw new FeedError(`the feed's event ${event.name} ${messageOf(error)}`);
      }
      throw error;
    }
    // Half a snapshot is no place to resume from: what it did not reach would be taken for unchanged.
    if (event.position !== undefined && this.#snapshots === undefined) {
      if (!POSITION.test(event.position)) throw new FeedError("the feed has a position that cannot be sent back");
      this.position = event.position === "" ? undefined : event.position;
    }
    return moving;
  }

  #beginSnapshot(): void {
    if (this.#hasBegun) this.options.keysChanged(); // what was missed may have told of it, and a snapshot does not
    this.#hasBegun = true;
    this.#snapshots = 0;
    this.position = undefined;
    this.#revocations.beginSnapshot();
  }

  #onGap(data: JsonObject): boolean {
    const reason = String(member(data, "reason")).slice(0, 40);
    this.options.log(`the revocation feed could not be resumed (${reason}); it starts over`);
    this.#beginSnapshot();
    return true;
  }

  #onSnapshot(data: JsonObject): boolean {
    const [revoked, lst] = [member(data, "revoked"), member(data, "lst")];
    if (typeof revoked !== "boolean" || typeof lst !== "string") throw new Misread("has no revoked or no lst");
    this.#revocations.putSnapshot(this.#listOf(data), endOf(data), revoked, decodeStatusList(lst).data);
    if (this.#snapshots !== undefined) ++this.#snapshots;
    return true;
  }

  #onReady(data: JsonObject): boolean {
    if (this.#snapshots !== undefined) {
      const expected = member(data, "lists");
      if (!isWhole(expected, LAST_INDEX) || this.#snapshots < expected) {
        throw new Misread("comes before the snapshot is complete");
      }
      this.#snapshots = undefined;
      this.#revocations.endSnapshot();
    }
    return true;
  }

  #onList(data: JsonObject): boolean {
    this.#revocations.openList(this.#listOf(data), endOf(data));
    return false;
  }

  #onRevoked(data: JsonObject): boolean {
    const indices = member(data, "idx");
    if (!Array.isArray(indices) || !indices.every((index) => isWhole(index, LAST_INDEX))) {
      throw new Misread("has no idx");
    }
    this.#revocations.revoke(this.#listOf(data), indices as number[]);
    return false;
  }

  #onListRevoked(data: JsonObject): boolean {
    this.#revocations.revokeList(this.#listOf(data));
    return false;
  }

  #onKeys(): boolean {
    this.options.keysChanged();
    return false;
  }

  #onHeartbeat(data: JsonObject): boolean {
    const told = member(data, "time");
    if (!isWhole(told, LAST_SECOND)) throw new Misread("has no time");
    const late = this.options.clock() - told - 1; // told in whole seconds
    if (late > this.options.staleAfter) {
      this.options.log(`the revocation feed is ${Math.round(late)} s late, or a clock is wrong`);
      return false; // something between the server and us keeps it back
    }
    if (this.#snapshots === undefined) this.#revocations.feedIsFresh(Math.max(0, late));
    return true;
  }

  #onStale(): boolean {
    this.#revocations.feedIsNot();
    return false;
  }

  #onCut(data: JsonObject): boolean {
    throw new Cut(String(member(data, "reason")).slice(0, 40));
  }

  #listOf(data: JsonObject): string {
    const uri = member(data, "list");
    if (!isStatusListUri(uri, this.options.issuer)) throw new Misread("names a list of another issuer");
    return uri;
  }
}

function endOf(data: JsonObject): number {
  const end = member(data, "expires_at");
  if (!isWhole(end, LAST_SECOND)) throw new Misread("has no expires_at");
  return end;
}
