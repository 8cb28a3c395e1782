/**
 * Reading texts in one way only: whatever two readers could understand differently is an error.
 *
 * All errors are Misread; their messages do not quote what was read.
 */

export class Misread extends Error {}

export type JsonObject = Record<string, unknown>;

export const LAST_SECOND = 253_402_300_799; // of the year 9999
export const LAST_INDEX = 2 ** 32 - 1;
const DEEPEST_JSON = 32;
const COMPACT_JWS = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;
const BASE64URL = /^[A-Za-z0-9_-]*$/;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The three parts of a compact JWS, none of them empty (RFC 7515 section 3.1). */
export function splitJws(text: string): [string, string, string] {
  const found = COMPACT_JWS.exec(text);
  if (found === null) throw new Misread("is not a compact JWS");
  return [found[1]!, found[2]!, found[3]!];
}

/** Without padding, white space or stray bits: each text of bytes has one spelling. */
export function decodeBase64url(text: string): Buffer {
  const decoded = Buffer.from(text, "base64url");
  if (!BASE64URL.test(text) || decoded.toString("base64url") !== text) throw new Misread("is not canonical base64url");
  return decoded;
}

/** A JSON object without duplicate members (RFC 8725 section 2.4), in UTF-8, nested 32 deep at most. */
export function parseObject(data: Uint8Array | string): JsonObject {
  let value: unknown;
  let text: string;
  try {
    text = typeof data === "string" ? data : utf8.decode(data);
    value = JSON.parse(text);
  } catch {
    throw new Misread("is not JSON in UTF-8");
  }
  if (!isObject(value)) throw new Misread("is not a JSON object");
  checkMembers(text);
  return value;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A member of the object itself, never one that all objects inherit. */
export function member(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** Whether `value` is a whole number from 0 to `most`. */
export function isWhole(value: unknown, most: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= most;
}

/** Walks through a text that is valid JSON: no object has a name twice, and nothing is nested too deep. */
function checkMembers(text: string): void {
  const open: Set<string>[] = [];
  for (let at = 0; at < text.length; ++at) {
    const character = text[at];
    if (character === "{" || character === "[") {
      if (open.push(new Set()) > DEEPEST_JSON) throw new Misread("is nested too deep");
    } else if (character === "}" || character === "]") {
      open.pop();
    } else if (character === '"') {
      const end = endOfString(text, at);
      if (nextCharacter(text, end) === ":") {
        const names = open[open.length - 1]!;
        const name = JSON.parse(text.slice(at, end)) as string;
        if (names.has(name)) throw new Misread("has a member twice");
        names.add(name);
      }
      at = end - 1;
    }
  }
}

/** Where the text goes on after the string that begins at `begin`. */
function endOfString(text: string, begin: number): number {
  for (let quote = text.indexOf('"', begin + 1); ; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === "\\") ++backslashes;
    if (backslashes % 2 === 0) return quote + 1;
  }
}

function nextCharacter(text: string, from: number): string | undefined {
  while (from < text.length && " \t\n\r".includes(text[from]!)) ++from;
  return text[from];
}
