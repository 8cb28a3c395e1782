/** The word that all of Postern's verifiers use for what became of a token. */
export type Refusal = "invalid_token" | "token_expired" | "token_revoked" | "unavailable";

/** Why a token was not accepted. Messages never quote the token. */
export class VerificationError extends Error {
  constructor(
    readonly outcome: Refusal,
    message: string,
  ) {
    super(message);
    this.name = new.target.name;
  }
}

/** Not an access token of this issuer for this audience, or no longer: answer 401. */
export class InvalidToken extends VerificationError {
  constructor(message: string, outcome: Refusal = "invalid_token") {
    super(outcome, message);
  }
}

/** It was one. A client refreshes: answer 401. */
export class TokenExpired extends InvalidToken {
  constructor() {
    super("The token has expired", "token_expired");
  }
}

/** It would still be one, and was taken back: answer 401. */
export class TokenRevoked extends InvalidToken {
  constructor() {
    super("The token has been revoked", "token_revoked");
  }
}

/** Nothing is known against the token, and not enough for it: answer 503, so that the client keeps it and tries again. */
export class Unavailable extends VerificationError {
  constructor(message: string) {
    super("unavailable", message);
  }
}

/** The issuer's keys could not be fetched. */
export class KeysUnknown extends Unavailable {}

/** What is known of revocations is older than `staleAfter`, and cannot be renewed now. */
export class RevocationUnknown extends Unavailable {}

/** What `error` says, for a log. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // fetch() hides the reason one level down.
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
