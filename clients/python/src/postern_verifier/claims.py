"""What an access token says, and the rules for believing it (RFC 9068 section 4, as Postern issues them)."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from .errors import InvalidToken, TokenExpired
from .strict import parse_object, whole

ACCESS_TYP = "at+jwt"
LONGEST_TOKEN = 8192  # characters
CLOCK_LEEWAY = 5  # seconds that the issuer's clock may be ahead of ours
_LAST_SECOND = 253_402_300_799  # of the year 9999
_LAST_INDEX = (1 << 32) - 1
_LIST_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
STATUS_LISTS_PATH = "/status-lists/"


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token that was accepted. Immutable, so requests may share it."""

    subject: str  # the account, or the client itself
    client_id: str
    session_id: str | None  # None for a client's own token
    token_id: str
    audience: tuple[str, ...]
    issued_at: int  # Unix seconds
    expires_at: int
    roles: tuple[str, ...]
    scopes: tuple[str, ...]
    _payload: bytes = field(repr=False, compare=False)

    @property
    def claims(self) -> dict[str, Any]:
        """All claims, custom ones too, in a dictionary of the caller's own."""
        claims: dict[str, Any] = json.loads(self._payload)
        return claims

    def has_scopes(self, wanted: Iterable[str]) -> bool:
        """Whether all of them were granted."""
        return all(scope in self.scopes for scope in wanted)

    def has_any_role(self, wanted: Iterable[str]) -> bool:
        """Whether the account has one of them."""
        return any(role in self.roles for role in wanted)


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a token's revocation bit is."""

    uri: str
    index: int


@dataclass(frozen=True, slots=True)
class ReadClaims:
    token: AccessToken
    slot: Slot
    not_before: int


def read_claims(payload: bytes, issuer: str, audience: frozenset[str]) -> ReadClaims:
    """Everything but the times; the signature has been checked. Raises InvalidToken."""
    try:
        claims = parse_object(payload)
    except ValueError as error:
        raise InvalidToken(f"The token's payload {error}") from None
    if _text(claims, "iss") != issuer:
        raise InvalidToken("The token is of another issuer")
    named = _audience(claims.get("aud"))
    if audience.isdisjoint(named):
        raise InvalidToken("The token is for another audience")
    if _text(claims, "type") != "access":
        raise InvalidToken("The token is not an access token")
    issued_at = _time(claims, "iat")
    token = AccessToken(
        subject=_text(claims, "sub"),
        client_id=_text(claims, "client_id"),
        session_id=_text(claims, "sid") if "sid" in claims else None,
        token_id=_text(claims, "jti"),
        audience=named,
        issued_at=issued_at,
        expires_at=_time(claims, "exp"),
        roles=_texts("roles", claims.get("roles", [])),
        scopes=_scopes(claims.get("scope", "")),
        _payload=payload,
    )
    not_before = max(issued_at, _time(claims, "nbf")) if "nbf" in claims else issued_at
    return ReadClaims(token, _slot(claims.get("status"), issuer), not_before)


def check_times(read: ReadClaims, now: float) -> None:
    """Expiry is exact; the beginning has a leeway."""
    if now >= read.token.expires_at:
        raise TokenExpired("The token has expired")
    if read.not_before > now + CLOCK_LEEWAY:
        raise InvalidToken("The token is not valid yet")


def is_status_list_uri(uri: object, issuer: str) -> TypeGuard[str]:
    """Exactly <issuer>/status-lists/<UUID in lower case>: nothing else is ever asked for."""
    prefix = issuer + STATUS_LISTS_PATH
    return (
        isinstance(uri, str) and uri.startswith(prefix) and _LIST_ID.fullmatch(uri.removeprefix(prefix)) is not None
    )


def _slot(status: Any, issuer: str) -> Slot:
    reference = status.get("status_list") if isinstance(status, dict) else None
    if not isinstance(reference, dict):
        raise InvalidToken("The token names no status list")
    index, uri = whole(reference.get("idx"), _LAST_INDEX), reference.get("uri")
    if index is None or not is_status_list_uri(uri, issuer):
        raise InvalidToken("The token names no status list of its issuer")
    return Slot(uri, index)


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidToken(f"The token's claim {name} is missing or not a text")
    return value


def _time(claims: dict[str, Any], name: str) -> int:
    value = whole(claims.get(name), _LAST_SECOND)
    if value is None:
        raise InvalidToken(f"The token's claim {name} is missing or not a time in whole seconds")
    return value


def _texts(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise InvalidToken(f"The token's claim {name} is not an array of texts")
    return tuple(value)


def _audience(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else _texts("aud", value)


def _scopes(value: Any) -> tuple[str, ...]:
    if not isinstance(value, str):
        raise InvalidToken("The token's claim scope is not a text")
    return tuple(value.split())
