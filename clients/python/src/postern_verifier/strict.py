"""Reading texts in one way only: whatever two readers could understand differently is an error.

All errors are ValueError; their messages do not quote what was read.
"""

import base64
import json
import re
from typing import Any, NoReturn

DEEPEST_JSON = 32
_COMPACT_JWS = re.compile(r"([\w-]+)\.([\w-]+)\.([\w-]+)", re.ASCII)


def split_jws(text: str) -> tuple[str, str, str]:
    """The three parts of a compact JWS, none of them empty (RFC 7515 section 3.1)."""
    found = _COMPACT_JWS.fullmatch(text)
    if found is None:
        raise ValueError("is not a compact JWS")
    return found[1], found[2], found[3]


def decode_base64url(text: str) -> bytes:
    """Without padding, white space or stray bits: each text of bytes has one spelling."""
    decoded = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64.urlsafe_b64encode(decoded).rstrip(b"=").decode("ascii") != text:
        raise ValueError("is not canonical base64url")
    return decoded


def parse_object(data: bytes) -> dict[str, Any]:
    """A JSON object without duplicate members (RFC 8725 section 2.4), in UTF-8, nested 32 deep at most."""
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_unique_members, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("is nested too deep") from None
    if not isinstance(value, dict):
        raise ValueError("is not a JSON object")
    _check_depth(value)
    return value


def whole(value: Any, most: int) -> int | None:
    """`value` if it is a whole JSON number from 0 to `most`; `true` is none."""
    return value if type(value) is int and 0 <= value <= most else None


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("has a member twice")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError("holds NaN or an infinity")


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST_JSON + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return
    raise ValueError("is nested too deep")
