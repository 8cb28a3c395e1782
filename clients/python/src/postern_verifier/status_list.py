"""Token Status Lists (draft-ietf-oauth-status-list-20): unpacking one, and believing its JWT."""

import zlib
from dataclasses import dataclass

from .claims import CLOCK_LEEWAY
from .keys import STATUS_LIST, KeySet, check_signature, read_header
from .strict import decode_base64url, parse_object, whole

STATUS_LIST_TYP = "statuslist+jwt"
LARGEST_BITMAP = 2 << 20  # bytes
MOST_SLOTS = LARGEST_BITMAP * 8
_LAST_SECOND = 253_402_300_799


@dataclass(frozen=True, slots=True)
class DecodedStatusList:
    """The statuses that an `lst` holds, by index. IndexError past the end."""

    data: bytes
    bits: int

    def __len__(self) -> int:
        return len(self.data) * 8 // self.bits

    def __getitem__(self, index: int) -> int:
        if not 0 <= index < len(self):
            raise IndexError(index)
        position = index * self.bits
        return self.data[position // 8] >> position % 8 & (1 << self.bits) - 1


def decode_status_list(lst: str, bits: int = 1) -> DecodedStatusList:
    """Section 4.1 of the draft. Unpacks 2 MiB at most, whatever the text holds. ValueError if anything is wrong."""
    if type(bits) is not int or bits not in (1, 2, 4, 8):
        raise ValueError("has another number of bits than 1, 2, 4 or 8")
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(decode_base64url(lst), LARGEST_BITMAP + 1)
    except zlib.error:
        raise ValueError("is not compressed with zlib") from None
    if len(data) > LARGEST_BITMAP:
        raise ValueError("is larger than a list may be")
    if not inflater.eof or inflater.unused_data:
        raise ValueError("is cut short, or has something after its end")
    if not data:
        raise ValueError("is empty")
    return DecodedStatusList(data, bits)


class UnknownKey(ValueError):
    """The list names a key that is not published for status lists, or not yet known here."""


@dataclass(frozen=True, slots=True)
class StatusListToken:
    bitmap: bytes  # one bit for each token; 1: revoked
    expires_at: int  # Unix seconds: until when this copy may be used


def check_status_list(jwt: str, uri: str, issuer: str, keys: KeySet, now: float) -> StatusListToken:
    """The list that was fetched from `uri`. ValueError if it must not be believed."""
    header = read_header(jwt)
    if header.typ != STATUS_LIST_TYP:
        raise ValueError("is not a status list")
    key = keys.get((STATUS_LIST, header.kid))
    if key is None:
        raise UnknownKey("is signed by a key that is not published for status lists")
    claims = parse_object(check_signature(jwt, header, key))
    if claims.get("sub") != uri:
        raise ValueError("is another list")
    if claims.get("iss", issuer) != issuer:
        raise ValueError("is of another issuer")
    issued_at, expires_at = whole(claims.get("iat"), _LAST_SECOND), whole(claims.get("exp"), _LAST_SECOND)
    if issued_at is None or expires_at is None or whole(claims.get("ttl", 0), _LAST_SECOND) is None:
        raise ValueError("has no iat, no exp, or a time that is none")
    if now >= expires_at or issued_at > now + CLOCK_LEEWAY:
        raise ValueError("has expired or is not valid yet")
    status_list = claims.get("status_list")
    if not isinstance(status_list, dict) or type(status_list.get("bits")) is not int or status_list["bits"] != 1:
        raise ValueError("is not a list of single bits")
    lst = status_list.get("lst")
    if not isinstance(lst, str):
        raise ValueError("has no lst")
    return StatusListToken(decode_status_list(lst).data, expires_at)
