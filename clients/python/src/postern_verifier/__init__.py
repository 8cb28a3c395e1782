"""Checks Postern's access tokens in your own process, and sees a revocation at once. See README.md."""

from .claims import AccessToken
from .errors import (
    InvalidToken,
    KeysUnknown,
    RevocationUnknown,
    TokenExpired,
    TokenRevoked,
    Unavailable,
    VerificationError,
)
from .status_list import DecodedStatusList, decode_status_list
from .verifier import Status, Verifier

__all__ = [
    "AccessToken",
    "DecodedStatusList",
    "InvalidToken",
    "KeysUnknown",
    "RevocationUnknown",
    "Status",
    "TokenExpired",
    "TokenRevoked",
    "Unavailable",
    "VerificationError",
    "Verifier",
    "decode_status_list",
]
