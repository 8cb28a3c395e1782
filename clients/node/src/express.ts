/**
 * Express, and whatever else takes (request, response, next): lets a request in by its access token, and answers as
 * RFC 6750 section 3 says.
 *
 *     app.get("/orders", requireToken(verifier, { scopes: ["orders:read"] }), (request, response) => { ... });
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AccessToken } from "./claims.js";
import { InvalidToken, Unavailable } from "./errors.js";
import type { Verifier } from "./verifier.js";

export interface Requirements {
  /** The token needs all of them. */
  scopes?: readonly string[];
  /** The account needs one of them. */
  roles?: readonly string[];
}

export type WithAccessToken = IncomingMessage & { accessToken?: AccessToken };
export type Middleware = (request: WithAccessToken, response: ServerResponse, next: (error?: unknown) => void) => void;

const RETRY_AFTER = "1"; // seconds
const CREDENTIALS = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i;
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/; // RFC 6749 section 3.3

class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly parameters: Record<string, string> = {},
  ) {
    super(message);
  }
}

/**
 * Leaves the accepted token in `request.accessToken`. 401 without a token or with one that is not accepted, 403 when it does
 * not reach, 503 when that cannot be known now.
 */
export function requireToken(verifier: Verifier, { scopes = [], roles = [] }: Requirements = {}): Middleware {
  for (const word of [...scopes, ...roles]) {
    if (!SCOPE.test(word)) throw new TypeError(`${JSON.stringify(word)} is not one scope or role`);
  }
  const check = async (request: WithAccessToken): Promise<void> => {
    const token = await verifier.verify(tokenOf(request));
    if (!token.hasScopes(scopes)) {
      throw new Refusal(403, "The token lacks a scope", { error: "insufficient_scope", scope: scopes.join(" ") });
    }
    if (roles.length > 0 && !token.hasAnyRole(roles)) {
      throw new Refusal(403, "The token lacks a role", { error: "insufficient_scope" });
    }
    request.accessToken = token;
  };
  return (request, response, next) => {
    check(request).then(
      () => next(),
      (error: unknown) => {
        if (error instanceof InvalidToken) refuse(response, new Refusal(401, error.message, { error: "invalid_token" }));
        else if (error instanceof Refusal) refuse(response, error);
        else if (error instanceof Unavailable) answer(response, 503, error.message, { "Retry-After": RETRY_AFTER });
        else next(error);
      },
    );
  };
}

function tokenOf(request: IncomingMessage): string {
  // request.headers keeps only the first of several.
  const values = request.rawHeaders.filter((_, at) => at % 2 === 1 && /^authorization$/i.test(request.rawHeaders[at - 1]!));
  if (values.length > 1) {
    throw new Refusal(400, "There is more than one Authorization header", { error: "invalid_request" });
  }
  const [value] = values;
  if (value === undefined || !/^bearer( |$)/i.test(value)) {
    throw new Refusal(401, "Missing Authorization header with a Bearer token");
  }
  const token = CREDENTIALS.exec(value)?.[1];
  if (token === undefined) throw new InvalidToken("The Authorization header holds no Bearer token");
  return token;
}

/** The message and the parameters hold nothing from the request. */
function refuse(response: ServerResponse, { status, message, parameters }: Refusal): void {
  const { error, ...rest } = parameters;
  const told = error === undefined ? {} : { error, error_description: message, ...rest };
  const challenge = Object.entries(told).map(([name, value]) => `${name}="${value}"`);
  answer(response, status, message, { "WWW-Authenticate": `Bearer ${challenge.join(", ")}`.trim() });
}

function answer(response: ServerResponse, status: number, message: string, headers: Record<string, string>): void {
  const body = JSON.stringify({ error: message });
  const described = { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
  response.writeHead(status, { ...described, "Cache-Control": "no-store", ...headers });
  response.end(body);
}
