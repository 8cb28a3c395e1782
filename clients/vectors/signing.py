"""Signs the vectors. Everything is deterministic: the same keys and texts give the same bytes (RFC 6979 for ECDSA)."""

import base64
import hashlib
import hmac
import json
import pathlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from jwcrypto.jwk import JWK

KEYS = json.loads((pathlib.Path(__file__).parent / "test_keys.json").read_text(encoding="utf-8"))
ALGORITHM_OF = {"EC": "ES256", "OKP": "EdDSA", "RSA": "RS256", "oct": "HS256"}


def encode(data):
    """base64url without padding. A value that is neither bytes nor text goes in as JSON."""
    if isinstance(data, str):
        data = data.encode()
    if not isinstance(data, bytes):
        data = json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def algorithm_of(key_name):
    return ALGORITHM_OF[KEYS[key_name]["kty"]]


def kid_of(key_name):
    return KEYS[key_name]["kid"]


def public_key(key_name):
    return {name: value for name, value in KEYS[key_name].items() if name not in ("d", "p", "q", "dp", "dq", "qi", "k")}


def published(key_name, purpose):
    """The key as the server's JWKS shows it."""
    return public_key(key_name) | {"use": "sig", "alg": algorithm_of(key_name), "postern_purpose": purpose}


def signature(key_name, algorithm, signing_input):
    """What `algorithm` makes of the input with that key, whether or not the two belong together."""
    if algorithm == "HS256":
        return hmac.digest(base64.urlsafe_b64decode(KEYS[key_name]["k"] + "=="), signing_input, hashlib.sha256)
    key = JWK(**{name: value for name, value in KEYS[key_name].items() if name != "kid"}).get_op_key("sign")
    if algorithm == "EdDSA":
        return key.sign(signing_input)
    if algorithm in ("ES256", "ES384"):
        digest = hashes.SHA256() if algorithm == "ES256" else hashes.SHA384()
        r, s = decode_dss_signature(key.sign(signing_input, ec.ECDSA(digest, deterministic_signing=True)))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    if algorithm == "RS256":
        return key.sign(signing_input, padding.PKCS1v15(), hashes.SHA256())
    if algorithm == "RS512":
        return key.sign(signing_input, padding.PKCS1v15(), hashes.SHA512())
    raise ValueError(algorithm)


def sign(key_name, header, payload, *, algorithm=None):
    """A compact JWS. `header` and `payload` are values, or bytes that go in as they are."""
    signing_input = f"{encode(header)}.{encode(payload)}"
    made = signature(key_name, algorithm or algorithm_of(key_name), signing_input.encode())
    return f"{signing_input}.{encode(made)}"


def sign_hs256_with(secret, header, payload):
    signing_input = f"{encode(header)}.{encode(payload)}"
    return f"{signing_input}.{encode(hmac.digest(secret, signing_input.encode(), hashlib.sha256))}"
