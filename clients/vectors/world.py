"""What all vectors share: one issuer, one audience, one moment, three lists."""

import zlib

from signing import algorithm_of, encode, kid_of, sign

ISSUER = "https://auth.example.com"
AUDIENCE = "https://api.example.com"
NOW = 4102444800  # 2100-01-01T00:00:00Z; a verifier that asks another clock than the test's refuses every token

LIST = "018f3c1e-7a00-7c3b-9d1a-5f0e4b2c8a01"
LARGE_LIST = "018f3c1e-7a00-7c3b-9d1a-5f0e4b2c8a02"
REVOKED_LIST = "018f3c1e-7a00-7c3b-9d1a-5f0e4b2c8a03"
UNKNOWN_LIST = "018f3c1e-7a00-7c3b-9d1a-5f0e4b2c8aff"

# Slots and revoked ones of each list.
LISTS = {
    LIST: (1024, {1, 3, 8, 64, 1023}),
    LARGE_LIST: (1 << 20, {0, 524_288, 1_048_575}),
    REVOKED_LIST: (1024, set(range(1024))),
}

# A kind of key that did not exist when a verifier was written: to be skipped, not to be stumbled over.
UNKNOWN_KEY_KIND = {
    "kty": "AKP",
    "alg": "ML-DSA-44",
    "kid": "a-kind-of-key-from-the-future",
    "use": "sig",
    "pub": encode(bytes(range(64))),
    "postern_purpose": "access",
}


def uri_of(list_id):
    return f"{ISSUER}/status-lists/{list_id}"


def bitmap(slots, revoked):
    """Bit i is in byte i / 8, the least significant bit first."""
    bytes_ = bytearray(slots // 8)
    for index in revoked:
        bytes_[index // 8] |= 1 << (index % 8)
    return bytes(bytes_)


def lst_of(bytes_):
    return encode(zlib.compress(bytes_, 9))


def status_list_claims(list_id, **changes):
    slots, revoked = LISTS[list_id]
    claims = {
        "sub": uri_of(list_id),
        "iat": NOW - 10,
        "exp": NOW + 3600,
        "ttl": 5,
        "status_list": {"bits": 1, "lst": lst_of(bitmap(slots, revoked))},
    }
    return {name: value for name, value in (claims | changes).items() if value is not ...}


def status_list_token(list_id, key="status_list_es256"):
    return sign(key, status_list_header(key), status_list_claims(list_id))


def status_list_header(key="status_list_es256", **changes):
    header = {"typ": "statuslist+jwt", "alg": algorithm_of(key), "kid": kid_of(key)} | changes
    return {name: value for name, value in header.items() if value is not ...}
