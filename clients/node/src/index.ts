/** Checks Postern's access tokens in your own process, and sees a revocation at once. See README.md. */
export { AccessToken } from "./claims.js";
export {
  InvalidToken,
  KeysUnknown,
  type Refusal,
  RevocationUnknown,
  TokenExpired,
  TokenRevoked,
  Unavailable,
  VerificationError,
} from "./errors.js";
export { decodeStatusList, DecodedStatusList } from "./status_list.js";
export { type Status, Verifier, type VerifierOptions } from "./verifier.js";
