"""The issuer's public keys, from its JWKS (RFC 7517)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jwt import PyJWK
from jwt.api_jws import PyJWS
from jwt.exceptions import PyJWTError

from .strict import decode_base64url, parse_object, split_jws

ACCESS = "access"
STATUS_LIST = "status_list"
_SHORTEST_RSA_BITS = 2048
_KEY_TYPE_OF = {"ES256": ("EC", "P-256"), "EdDSA": ("OKP", "Ed25519"), "RS256": ("RSA", None)}


@dataclass(frozen=True, slots=True, eq=False)
class Key:
    kid: str
    purpose: str  # "access" or "status_list": neither kind of key may sign the other kind of token
    algorithm: str
    source: Mapping[str, Any]
    jwk: PyJWK


class KeySet(dict[tuple[str, str], Key]):
    """Keys by (purpose, kid)."""


def parse_jwks(document: bytes, before: KeySet) -> KeySet:
    """The keys that can be used; others are skipped. A key that has not changed is the same object as in `before`.

    ValueError if it is no JWKS, or none of its keys can be used.
    """
    members = parse_object(document).get("keys")
    if not isinstance(members, list):
        raise ValueError("is not a JWKS")
    keys = KeySet()
    for member in members:
        key = _read_key(member, before) if isinstance(member, dict) else None
        if key is not None:
            keys.setdefault((key.purpose, key.kid), key)
    if not any(purpose == ACCESS for purpose, _ in keys):
        raise ValueError("holds no key for access tokens")
    return keys


def _read_key(member: dict[str, Any], before: KeySet) -> Key | None:
    kid, algorithm, purpose = member.get("kid"), member.get("alg"), member.get("postern_purpose")
    if not isinstance(kid, str) or not kid or not isinstance(algorithm, str) or purpose not in (ACCESS, STATUS_LIST):
        return None
    if (member.get("kty"), member.get("crv")) != _KEY_TYPE_OF.get(algorithm) or member.get("use", "sig") != "sig":
        return None
    known = before.get((purpose, kid))
    if known is not None and known.source == member:
        return known
    try:
        jwk = PyJWK(member, algorithm)
    except (PyJWTError, ValueError, TypeError):
        return None
    if algorithm == "RS256" and jwk.key.key_size < _SHORTEST_RSA_BITS:
        return None
    return Key(kid, purpose, algorithm, member, jwk)


@dataclass(frozen=True, slots=True)
class Header:
    algorithm: str
    kid: str
    typ: str  # in lower case, without "application/"


def read_header(token: str) -> Header:
    """The header of a compact JWS. Nothing in it is true until check_signature() has returned."""
    return _read_header_part(split_jws(token)[0])


@lru_cache(maxsize=256)  # all tokens of one key share it
def _read_header_part(part: str) -> Header:
    header = parse_object(decode_base64url(part))
    if "crit" in header:
        raise ValueError("has crit, and no extension is understood")
    if header.get("b64", True) is not True:
        raise ValueError("has b64, which is not understood")
    return Header(_text(header, "alg"), _text(header, "kid"), _normalise_typ(_text(header, "typ")))


def _text(header: dict[str, Any], name: str) -> str:
    value = header.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"has no {name} in its header")
    return value


def _normalise_typ(typ: str) -> str:
    """RFC 7515 section 4.1.9: without case, and "application/" may be left out where no other slash follows."""
    lower = typ.lower()
    short = lower.removeprefix("application/")
    return short if "/" not in short else lower


def check_signature(token: str, header: Header, key: Key) -> bytes:
    """The payload of a token that `key` has signed, under the key's own algorithm (RFC 8725 section 3.1)."""
    if header.algorithm != key.algorithm:
        raise ValueError("is not of its key's algorithm")
    _, payload, signature = split_jws(token)
    decode_base64url(signature)
    decoded = decode_base64url(payload)
    try:
        _JWS.decode_complete(token, key.jwk, algorithms=[key.algorithm])
    except PyJWTError:
        raise ValueError("has a wrong signature") from None
    return decoded


_JWS = PyJWS(algorithms=list(_KEY_TYPE_OF))
