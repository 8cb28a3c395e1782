"""Taking tokens apart, and making the ones that a server must refuse."""

import base64
import hashlib
import hmac
import json


def encode(data):
    """base64url without padding (RFC 7515 section 2). A value that is neither bytes nor text goes in as JSON."""
    if isinstance(data, str):
        data = data.encode()
    if not isinstance(data, bytes):
        data = json.dumps(data, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(segment):
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def header_of(token):
    return json.loads(decode(token.split(".")[0]))


def claims_of(token):
    return json.loads(decode(token.split(".")[1]))


def with_parts(token, *, header=None, claims=None, signature=None):
    """The same token with some of its parts replaced; what is not named stays as it is, the signature too."""
    old_header, old_claims, old_signature = token.split(".")
    return ".".join(
        [
            old_header if header is None else encode(header),
            old_claims if claims is None else encode(claims),
            old_signature if signature is None else encode(signature),
        ]
    )


def sign_hs256(header, claims, key):
    """A JWS under HMAC-SHA-256 with `key`, whatever bytes those are."""
    signing_input = f"{encode(header)}.{encode(claims)}"
    return f"{signing_input}.{encode(hmac.digest(key, signing_input.encode(), hashlib.sha256))}"
