/** The issuer's public keys, from its JWKS (RFC 7517), and what they have signed. */
import { compactVerify, importJWK, type JWK } from "jose";
import { decodeBase64url, isObject, member, Misread, parseObject, splitJws, type JsonObject } from "./strict.js";

/** Neither kind of key may sign the other kind of token. */
export type Purpose = "access" | "status_list";

export interface Key {
  readonly kid: string;
  readonly purpose: Purpose;
  readonly algorithm: string;
  readonly source: string;
  readonly key: Awaited<ReturnType<typeof importJWK>>;
}

const KEY_TYPE_OF: Record<string, string> = { ES256: "EC P-256", EdDSA: "OKP Ed25519", RS256: "RSA" };
const SHORTEST_RSA_MODULUS = 342; // characters of base64url: 2048 bits

export class KeySet {
  readonly #keys = new Map<string, Key>();

  get size(): number {
    return this.#keys.size;
  }

  find(purpose: Purpose, kid: string): Key | undefined {
    return this.#keys.get(`${purpose} ${kid}`);
  }

  add(key: Key): void {
    const name = `${key.purpose} ${key.kid}`;
    if (!this.#keys.has(name)) this.#keys.set(name, key);
  }

  has(purpose: Purpose): boolean {
    return [...this.#keys.values()].some((key) => key.purpose === purpose);
  }
}

/**
 * The keys that can be used; others are skipped. A key that has not changed is the same object as in `before`.
 * Misread if it is no JWKS, or none of its keys can be used.
 */
export async function parseJwks(document: Uint8Array | string, before: KeySet): Promise<KeySet> {
  const members = member(parseObject(document), "keys");
  if (!Array.isArray(members)) throw new Misread("is not a JWKS");
  const keys = new KeySet();
  for (const each of members) {
    const key = isObject(each) ? await readKey(each, before) : undefined;
    if (key !== undefined) keys.add(key);
  }
  if (!keys.has("access")) throw new Misread("holds no key for access tokens");
  return keys;
}

async function readKey(jwk: JsonObject, before: KeySet): Promise<Key | undefined> {
  const { kid, alg, kty, crv, n, use = "sig", postern_purpose: purpose } = jwk;
  if (typeof kid !== "string" || kid === "" || typeof alg !== "string" || use !== "sig") return undefined;
  if (purpose !== "access" && purpose !== "status_list") return undefined;
  const type = crv === undefined ? kty : `${String(kty)} ${String(crv)}`;
  if (!Object.hasOwn(KEY_TYPE_OF, alg) || type !== KEY_TYPE_OF[alg]) return undefined;
  if (alg === "RS256" && (typeof n !== "string" || n.length < SHORTEST_RSA_MODULUS)) return undefined;
  const source = JSON.stringify(jwk);
  const known = before.find(purpose, kid);
  if (known?.source === source) return known;
  try {
    return { kid, purpose, algorithm: alg, source, key: await importJWK(jwk as unknown as JWK, alg) };
  } catch {
    return undefined;
  }
}

export interface Header {
  readonly algorithm: string;
  readonly kid: string;
  /** In lower case, without "application/". */
  readonly typ: string;
}

const MOST_HEADERS = 256;
const headers = new Map<string, Header>(); // all tokens of one key share theirs

/** The header of a compact JWS. Nothing in it is true until checkSignature() has returned. */
export function readHeader(token: string): Header {
  const [part] = splitJws(token);
  let header = headers.get(part);
  if (header === undefined) {
    header = parseHeader(part);
    if (headers.size >= MOST_HEADERS) headers.clear();
    headers.set(part, header);
  }
  return header;
}

function parseHeader(part: string): Header {
  const header = parseObject(decodeBase64url(part));
  if (Object.hasOwn(header, "crit")) throw new Misread("has crit, and no extension is understood");
  if (Object.hasOwn(header, "b64") && header["b64"] !== true) throw new Misread("has b64, which is not understood");
  const text = (name: string): string => {
    const value = member(header, name);
    if (typeof value !== "string" || value === "") throw new Misread(`has no ${name} in its header`);
    return value;
  };
  return { algorithm: text("alg"), kid: text("kid"), typ: normaliseTyp(text("typ")) };
}

/** RFC 7515 section 4.1.9: without case, and "application/" may be left out where no other slash follows. */
function normaliseTyp(typ: string): string {
  const lower = typ.toLowerCase();
  const short = lower.replace(/^application\//, "");
  return short.includes("/") ? lower : short;
}

/** The payload of a token that `key` has signed, under the key's own algorithm (RFC 8725 section 3.1). */
export async function checkSignature(token: string, header: Header, key: Key): Promise<Uint8Array> {
  if (header.algorithm !== key.algorithm) throw new Misread("is not of its key's algorithm");
  const [, payload, signature] = splitJws(token);
  decodeBase64url(payload);
  decodeBase64url(signature);
  try {
    return (await compactVerify(token, key.key, { algorithms: [key.algorithm] })).payload;
  } catch {
    throw new Misread("has a wrong signature");
  }
}
