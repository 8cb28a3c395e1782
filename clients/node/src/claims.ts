/** What an access token says, and the rules for believing it (RFC 9068 section 4, as Postern issues them). */
import { InvalidToken, TokenExpired } from "./errors.js";
import { isObject, isWhole, LAST_INDEX, LAST_SECOND, member, Misread, parseObject, type JsonObject } from "./strict.js";

export const ACCESS_TYP = "at+jwt";
export const LONGEST_TOKEN = 8192; // characters
export const CLOCK_LEEWAY = 5; // seconds that the issuer's clock may be ahead of ours
const STATUS_LISTS_PATH = "/status-lists/";
const LIST_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A token that was accepted. Immutable, so requests may share it. */
export class AccessToken {
  readonly #payload: Uint8Array;

  constructor(
    /** The account, or the client itself. */
    readonly subject: string,
    readonly clientId: string,
    /** undefined for a client's own token. */
    readonly sessionId: string | undefined,
    readonly tokenId: string,
    readonly audience: readonly string[],
    /** Unix seconds, as is expiresAt. */
    readonly issuedAt: number,
    readonly expiresAt: number,
    readonly roles: readonly string[],
    readonly scopes: readonly string[],
    payload: Uint8Array,
  ) {
    this.#payload = payload;
    for (const texts of [audience, roles, scopes]) Object.freeze(texts);
    Object.freeze(this);
  }

  /**
   * All claims, custom ones too, in an object of the caller's own. Members called `__proto__` are left out: copied as
   * usual, by Object.assign() or one by one, they would become the prototype of the copy.
   */
  get claims(): Record<string, unknown> {
    const withoutPrototype = (name: string, value: unknown): unknown => (name === "__proto__" ? undefined : value);
    return JSON.parse(new TextDecoder().decode(this.#payload), withoutPrototype) as Record<string, unknown>;
  }

  /** Whether all of them were granted. */
  hasScopes(wanted: readonly string[]): boolean {
    return wanted.every((scope) => this.scopes.includes(scope));
  }

  /** Whether the account has one of them. */
  hasAnyRole(wanted: readonly string[]): boolean {
    return wanted.some((role) => this.roles.includes(role));
  }
}

/** Where a token's revocation bit is. */
export interface Slot {
  readonly uri: string;
  readonly index: number;
}

export interface ReadClaims {
  readonly token: AccessToken;
  readonly slot: Slot;
  readonly notBefore: number;
}

/** Everything but the times; the signature has been checked. Throws InvalidToken. */
export function readClaims(payload: Uint8Array, issuer: string, audience: ReadonlySet<string>): ReadClaims {
  const claims = parseClaims(payload);
  if (text(claims, "iss") !== issuer) throw new InvalidToken("The token is of another issuer");
  const named = readAudience(member(claims, "aud"));
  if (!named.some((name) => audience.has(name))) throw new InvalidToken("The token is for another audience");
  if (text(claims, "type") !== "access") throw new InvalidToken("The token is not an access token");
  const issuedAt = time(claims, "iat");
  const token = new AccessToken(
    text(claims, "sub"),
    text(claims, "client_id"),
    Object.hasOwn(claims, "sid") ? text(claims, "sid") : undefined,
    text(claims, "jti"),
    named,
    issuedAt,
    time(claims, "exp"),
    Object.hasOwn(claims, "roles") ? texts("roles", claims["roles"]) : [],
    Object.hasOwn(claims, "scope") ? scopes(claims["scope"]) : [],
    payload,
  );
  const notBefore = Object.hasOwn(claims, "nbf") ? Math.max(issuedAt, time(claims, "nbf")) : issuedAt;
  return { token, slot: readSlot(member(claims, "status"), issuer), notBefore };
}

/** Expiry is exact; the beginning has a leeway. */
export function checkTimes(read: ReadClaims, now: number): void {
  if (now >= read.token.expiresAt) throw new TokenExpired();
  if (read.notBefore > now + CLOCK_LEEWAY) throw new InvalidToken("The token is not valid yet");
}

/** Exactly <issuer>/status-lists/<UUID in lower case>: nothing else is ever asked for. */
export function isStatusListUri(uri: unknown, issuer: string): uri is string {
  const prefix = issuer + STATUS_LISTS_PATH;
  return typeof uri === "string" && uri.startsWith(prefix) && LIST_ID.test(uri.slice(prefix.length));
}

function parseClaims(payload: Uint8Array): JsonObject {
  try {
    return parseObject(payload);
  } catch (error) {
    if (error instanceof Misread) throw new InvalidToken(`The token's payload ${error.message}`);
    throw error;
  }
}

function readSlot(status: unknown, issuer: string): Slot {
  const reference = isObject(status) ? member(status, "status_list") : undefined;
  if (!isObject(reference)) throw new InvalidToken("The token names no status list");
  const index = member(reference, "idx");
  const uri = member(reference, "uri");
  if (!isWhole(index, LAST_INDEX) || !isStatusListUri(uri, issuer)) {
    throw new InvalidToken("The token names no status list of its issuer");
  }
  return { uri, index };
}

function text(claims: JsonObject, name: string): string {
  const value = member(claims, name);
  if (typeof value !== "string" || value === "") {
    throw new InvalidToken(`The token's claim ${name} is missing or not a text`);
  }
  return value;
}

function time(claims: JsonObject, name: string): number {
  const value = member(claims, name);
  if (!isWhole(value, LAST_SECOND)) {
    throw new InvalidToken(`The token's claim ${name} is missing or not a time in whole seconds`);
  }
  return value;
}

function texts(name: string, value: unknown): string[] {
  if (!Array.isArray(value) || !value.every((each) => typeof each === "string")) {
    throw new InvalidToken(`The token's claim ${name} is not an array of texts`);
  }
  return value as string[];
}

function readAudience(value: unknown): string[] {
  return typeof value === "string" ? [value] : texts("aud", value);
}

function scopes(value: unknown): string[] {
  if (typeof value !== "string") throw new InvalidToken("The token's claim scope is not a text");
  return value.split(" ").filter((scope) => scope !== "");
}
