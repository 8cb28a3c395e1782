"""Why a token was not accepted. Messages never quote the token."""

from typing import ClassVar


class VerificationError(Exception):
    """The base of all answers but acceptance. `outcome` is the word that all of Postern's verifiers use."""

    outcome: ClassVar[str]


class InvalidToken(VerificationError):
    """Not an access token of this issuer for this audience: answer 401."""

    outcome = "invalid_token"


class TokenExpired(InvalidToken):
    """It was one. A client refreshes: answer 401."""

    outcome = "token_expired"


class TokenRevoked(InvalidToken):
    """It would still be one, and was taken back: answer 401."""

    outcome = "token_revoked"


class Unavailable(VerificationError):
    """Nothing is known against the token, and not enough for it: answer 503, so that the client keeps it and tries again."""

    outcome = "unavailable"


class KeysUnknown(Unavailable):
    """The issuer's keys could not be fetched."""


class RevocationUnknown(Unavailable):
    """What is known of revocations is older than `stale_after`, and cannot be renewed now."""
