/**
 * The revocation bits of the lists in use, in memory, and how old the knowledge of them is.
 *
 * Knowledge comes from the feed or from fetched lists. It only grows: a bit that was set is never taken back, so repeats
 * and reordered events do no harm.
 */
import type { Slot } from "./claims.js";
import { LARGEST_BITMAP, MOST_SLOTS } from "./status_list.js";

const MOST_LISTS = 4096;
const MOST_BITMAP_BYTES = 256 << 20; // of all lists together
const FORGET_UNUSED_AFTER = 3600; // seconds: for lists whose own end was never told
const ASK_AGAIN_AFTER = 5; // seconds that a "no such list" counts

/**
 * "unknown": the list has to be fetched first; "missing": that, too, and revoked if it cannot be: the issuer said a while
 * ago that there is no such list; "stale": not revoked when last heard of, which is too long ago.
 */
export type State = "live" | "revoked" | "unknown" | "missing" | "stale";

/** More lists or bits than a server of ours would ever have. */
export class TooMuch extends Error {}

class List {
  expiresAt: number | undefined; // Unix seconds; undefined: only the feed tells it
  bitmap: Uint8Array = new Uint8Array(0); // without the zeros at its end
  slots = 0;
  whole = false; // false: only some bits are known, from events
  revoked = false; // every slot of it
  missingSince = -Infinity; // the issuer said that there is no such list
  fetchedAt = -Infinity;
  usedAt: number;
  etag: string | undefined;
  copyExpiresAt = 0; // of the fetched JWT

  constructor(now: number) {
    this.usedAt = now;
  }

  hasBit(index: number): boolean {
    const byte = this.bitmap[index >>> 3];
    return byte !== undefined && ((byte >> (index & 7)) & 1) === 1;
  }

  get isAgainstAny(): boolean {
    return this.bitmap.length > 0 || this.revoked || this.missingSince !== -Infinity;
  }

  /** Joins the bits; the length is that of the whole list. */
  add(bitmap: Uint8Array): void {
    this.slots = Math.max(this.slots, bitmap.length * 8);
    let length = bitmap.length;
    while (length > 0 && bitmap[length - 1] === 0) --length;
    const joined = new Uint8Array(Math.max(length, this.bitmap.length));
    joined.set(this.bitmap);
    for (let byte = 0; byte < length; ++byte) joined[byte]! |= bitmap[byte]!;
    this.bitmap = joined;
    this.whole = true;
    this.missingSince = -Infinity;
  }
}

/** `timer` counts seconds from anywhere and never runs back; `clock` tells Unix time. */
export class Revocations {
  readonly #lists = new Map<string, List>();
  #told: Set<string> | undefined; // lists of the snapshot that is arriving
  #feedFreshAt = -Infinity;
  #feedIsLive = false;

  constructor(
    private readonly staleAfter: number,
    private readonly timer: () => number,
    private readonly clock: () => number,
  ) {}

  state(slot: Slot): State {
    const known = this.#lists.get(slot.uri);
    if (known === undefined) return "unknown";
    const now = this.timer();
    known.usedAt = now;
    if (known.missingSince !== -Infinity) return now - known.missingSince < ASK_AGAIN_AFTER ? "revoked" : "missing";
    if (known.revoked || known.hasBit(slot.index)) return "revoked";
    if (!known.whole) return "unknown";
    if (slot.index >= known.slots) return "revoked";
    return now - Math.max(known.fetchedAt, this.#feedFreshAt) > this.staleAfter ? "stale" : "live";
  }

  // --- what the feed tells ---

  /** What was known stays until endSnapshot(). */
  beginSnapshot(): void {
    this.#told = new Set();
  }

  putSnapshot(uri: string, expiresAt: number, revoked: boolean, bitmap: Uint8Array): void {
    const known = this.#tell(uri);
    known.expiresAt = expiresAt;
    known.add(bitmap);
    known.revoked ||= revoked;
    this.#checkRoom();
  }

  /** Of lists that the snapshot did not hold only what is against their tokens counts, until they are fetched. */
  endSnapshot(): void {
    const told = this.#told;
    this.#told = undefined;
    if (told === undefined) return;
    for (const [uri, known] of this.#lists) {
      if (told.has(uri)) continue;
      known.whole = false;
      known.etag = undefined;
      if (!known.isAgainstAny) this.#lists.delete(uri);
    }
  }

  giveUpSnapshot(): void {
    this.#told = undefined;
  }

  openList(uri: string, expiresAt: number): void {
    const known = this.#tell(uri);
    known.expiresAt = expiresAt;
    known.slots = Math.max(known.slots, MOST_SLOTS); // its length is not told; it is the issuer who counts
    known.whole = true;
    known.missingSince = -Infinity;
  }

  /** The list may be one that is not known yet: then this is remembered until it is fetched. */
  revoke(uri: string, indices: readonly number[]): void {
    const known = this.#tell(uri);
    const bytes = indices.reduce((most, index) => Math.max(most, (index >>> 3) + 1), known.bitmap.length);
    if (bytes > LARGEST_BITMAP) throw new TooMuch("a slot past the end of any list");
    if (bytes > known.bitmap.length) {
      const grown = new Uint8Array(bytes);
      grown.set(known.bitmap);
      known.bitmap = grown;
      this.#checkRoom();
    }
    for (const index of indices) known.bitmap[index >>> 3]! |= 1 << (index & 7);
  }

  revokeList(uri: string): void {
    this.#tell(uri).revoked = true;
  }

  /** All that was revoked until `late` seconds ago has been told. */
  feedIsFresh(late: number): void {
    this.#feedFreshAt = Math.max(this.#feedFreshAt, this.timer() - late);
    this.#feedIsLive = true;
  }

  /** From now on the feed tells nothing; what it told counts for `staleAfter` from when it was last fresh. */
  feedIsNot(): void {
    this.#feedIsLive = false;
  }

  // --- what is fetched ---

  /** `trueAt`: when the issuer surely said so, by the timer. */
  putFetched(uri: string, bitmap: Uint8Array, copyExpiresAt: number, etag: string | undefined, trueAt: number): void {
    const known = this.#tell(uri);
    known.add(bitmap);
    known.fetchedAt = Math.max(known.fetchedAt, trueAt);
    known.copyExpiresAt = copyExpiresAt;
    known.etag = etag;
    this.#checkRoom();
  }

  putUnchanged(uri: string, trueAt: number): void {
    const known = this.#lists.get(uri);
    if (known !== undefined) known.fetchedAt = Math.max(known.fetchedAt, trueAt);
  }

  /** The issuer knows no such list: its tokens are refused. */
  putMissing(uri: string): void {
    const known = this.#tell(uri);
    known.missingSince = this.timer();
    known.whole = false;
    known.etag = undefined;
  }

  /** What to ask with, while the copy that it stands for may be used. */
  etagOf(uri: string): string | undefined {
    const known = this.#lists.get(uri);
    return known?.whole && known.copyExpiresAt > this.clock() + this.staleAfter ? known.etag : undefined;
  }

  /** Lists in use whose knowledge is older than `interval` seconds, none while the feed is live. */
  listsToPoll(interval: number): string[] {
    if (this.feedIsLive()) return [];
    const now = this.timer();
    const isDue = (known: List): boolean =>
      known.whole &&
      !known.revoked &&
      now - known.usedAt < FORGET_UNUSED_AFTER &&
      now - Math.max(known.fetchedAt, this.#feedFreshAt) >= interval;
    return [...this.#lists].filter(([, known]) => isDue(known)).map(([uri]) => uri);
  }

  // --- the rest ---

  feedIsLive(): boolean {
    // Two heartbeats may be late, not three: then polling begins while there is still time for it.
    return this.#feedIsLive && this.age() <= (this.staleAfter * 2) / 3;
  }

  /** Seconds since the feed was last fresh; infinite if it never was. */
  age(): number {
    return this.timer() - this.#feedFreshAt;
  }

  get count(): number {
    return this.#lists.size;
  }

  /** Lists whose last token has expired, and those that nobody asked for in an hour and whose end is unknown. */
  dropExpired(): void {
    const now = this.clock();
    const unused = this.timer() - FORGET_UNUSED_AFTER;
    for (const [uri, known] of this.#lists) {
      if (known.expiresAt !== undefined ? known.expiresAt <= now : known.usedAt < unused) this.#lists.delete(uri);
    }
  }

  #tell(uri: string): List {
    let known = this.#lists.get(uri);
    if (known === undefined) {
      if (this.#lists.size >= MOST_LISTS) throw new TooMuch(`more than ${MOST_LISTS} lists`);
      known = new List(this.timer());
      this.#lists.set(uri, known);
    }
    this.#told?.add(uri);
    return known;
  }

  #checkRoom(): void {
    let bytes = 0;
    for (const known of this.#lists.values()) bytes += known.bitmap.length;
    if (bytes > MOST_BITMAP_BYTES) throw new TooMuch("more bits than there is room for");
  }
}
