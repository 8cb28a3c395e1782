/** Token Status Lists (draft-ietf-oauth-status-list-20): unpacking one, and believing its JWT. */
import { inflateSync } from "node:zlib";
import { CLOCK_LEEWAY } from "./claims.js";
import { checkSignature, readHeader, type KeySet } from "./keys.js";
import { decodeBase64url, isObject, isWhole, LAST_SECOND, member, Misread, parseObject } from "./strict.js";

const STATUS_LIST_TYP = "statuslist+jwt";
export const LARGEST_BITMAP = 2 << 20; // bytes
export const MOST_SLOTS = LARGEST_BITMAP * 8;

/** The statuses that an `lst` holds, by index. */
export class DecodedStatusList {
  constructor(
    readonly data: Uint8Array,
    readonly bits: number,
  ) {}

  get size(): number {
    return Math.floor((this.data.length * 8) / this.bits);
  }

  /** RangeError past the end. */
  at(index: number): number {
    if (!Number.isInteger(index) || index < 0 || index >= this.size) throw new RangeError(`no index ${index}`);
    const position = index * this.bits;
    return (this.data[position >> 3]! >> (position & 7)) & ((1 << this.bits) - 1);
  }
}

/** Section 4.1 of the draft. Unpacks 2 MiB at most, whatever the text holds. Throws if anything is wrong. */
export function decodeStatusList(lst: string, bits = 1): DecodedStatusList {
  if (![1, 2, 4, 8].includes(bits)) throw new Misread("has another number of bits than 1, 2, 4 or 8");
  const packed = decodeBase64url(lst);
  let data: Buffer;
  let read: number;
  try {
    // With `info` the result also says how much of the input the stream took up; the types do not know that.
    const unpacked = inflateSync(packed, { maxOutputLength: LARGEST_BITMAP, info: true }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    data = unpacked.buffer;
    read = unpacked.engine.bytesWritten;
  } catch {
    throw new Misread("is not compressed with zlib, is cut short, or is larger than a list may be");
  }
  if (read !== packed.length) throw new Misread("has something after its end");
  if (data.length === 0) throw new Misread("is empty");
  return new DecodedStatusList(data, bits);
}

/** The list names a key that is not published for status lists, or not yet known here. */
export class UnknownKey extends Misread {}

export interface StatusListToken {
  /** One bit for each token; 1: revoked. */
  readonly bitmap: Uint8Array;
  /** Unix seconds: until when this copy may be used. */
  readonly expiresAt: number;
}

/** The list that was fetched from `uri`. Misread if it must not be believed. */
export async function checkStatusList(
  jwt: string,
  uri: string,
  issuer: string,
  keys: KeySet,
  now: number,
): Promise<StatusListToken> {
  const header = readHeader(jwt);
  if (header.typ !== STATUS_LIST_TYP) throw new Misread("is not a status list");
  const key = keys.find("status_list", header.kid);
  if (key === undefined) throw new UnknownKey("is signed by a key that is not published for status lists");
  const claims = parseObject(await checkSignature(jwt, header, key));
  if (member(claims, "sub") !== uri) throw new Misread("is another list");
  if (Object.hasOwn(claims, "iss") && claims["iss"] !== issuer) throw new Misread("is of another issuer");
  const [issuedAt, expiresAt] = [member(claims, "iat"), member(claims, "exp")];
  const ttlIsTime = !Object.hasOwn(claims, "ttl") || isWhole(claims["ttl"], LAST_SECOND);
  if (!isWhole(issuedAt, LAST_SECOND) || !isWhole(expiresAt, LAST_SECOND) || !ttlIsTime) {
    throw new Misread("has no iat, no exp, or a time that is none");
  }
  if (now >= expiresAt || issuedAt > now + CLOCK_LEEWAY) throw new Misread("has expired or is not valid yet");
  const list = member(claims, "status_list");
  if (!isObject(list) || member(list, "bits") !== 1) throw new Misread("is not a list of single bits");
  const lst = member(list, "lst");
  if (typeof lst !== "string") throw new Misread("has no lst");
  return { bitmap: decodeStatusList(lst).data, expiresAt };
}
