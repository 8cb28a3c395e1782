"""Tokens that look like ours and are not: each is one mistake that some verifier somewhere has made."""

import base64
import json

from cryptography.hazmat.primitives import serialization
from jwcrypto.jwk import JWK

from harness.tokens import claims_of, encode, header_of, sign_hs256, with_parts


def public_key_bytes(jwk):
    """Every form in which a careless verifier might hand the public key to HMAC."""
    key = JWK(**jwk)
    public = key.get_op_key("verify")
    point = base64.urlsafe_b64decode(jwk["x"] + "==") + base64.urlsafe_b64decode(jwk["y"] + "==")
    return {
        "PEM": key.export_to_pem(),
        "PEM without its last newline": key.export_to_pem().rstrip(b"\n"),
        "DER": public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
        "JWK as served": json.dumps(jwk, separators=(",", ":")).encode(),
        "JWK sorted": json.dumps(jwk, separators=(",", ":"), sort_keys=True).encode(),
        "point": b"\x04" + point,
        "coordinates": point,
        "empty": b"",
    }


def raw_claims(token, old, new):
    """The same token with `old` replaced by `new` in the text of its payload, so that it need not stay valid JSON."""
    text = json.dumps(claims_of(token), separators=(",", ":"))
    assert old in text, (old, text)
    return with_parts(token, claims=text.replace(old, new).encode())


def forgeries(access, refresh, jwk):
    """(name, token) pairs, made from a valid pair and the public key that verifies its access token."""
    header, claims = header_of(access), claims_of(access)
    expiry = f'"exp":{claims["exp"]}'
    for algorithm in ("none", "None", "NONE", "nOnE", ""):
        yield f"alg {algorithm!r}, no signature", with_parts(access, header=header | {"alg": algorithm}, signature=b"")
        yield f"alg {algorithm!r}, old signature", with_parts(access, header=header | {"alg": algorithm})
    for form, key in public_key_bytes(jwk).items():
        yield f"HS256 with the public key as {form}", sign_hs256(header | {"alg": "HS256"}, claims, key)
    for algorithm in ("ES384", "RS256", "PS256", "EdDSA", "es256", "ES256K"):
        yield f"alg {algorithm}", with_parts(access, header=header | {"alg": algorithm})
    for crit in (["exp"], ["b64"], ["unheard-of"], [], "exp", [7], None):
        yield f"crit {crit!r}", with_parts(access, header=header | {"crit": crit, "unheard-of": True, "b64": False})
    for expiry_text in (
        '"exp":"99999999999"',
        '"exp":1e400',
        '"exp":-1',
        '"exp":null',
        '"exp":[99999999999]',
        '"exp":true',
    ):
        yield f"payload {expiry_text}", raw_claims(access, expiry, expiry_text)
    yield "payload with two exp", raw_claims(access, expiry, f'{expiry},"exp":99999999999')
    yield (
        "payload without exp",
        raw_claims(access, expiry + ",", "")
        if expiry + "," in json.dumps(claims, separators=(",", ":"))
        else raw_claims(access, "," + expiry, ""),
    )
    for kid in (
        "",
        "../../../../etc/passwd",
        "' OR 1=1 --",
        "a\x00b",
        "k" * 3000,
        7,
        None,
        ["x"],
        header_of(refresh)["kid"],
    ):
        yield f"kid {str(kid)[:24]!r}", with_parts(access, header=header | {"kid": kid})
    yield "no kid", with_parts(access, header={key: value for key, value in header.items() if key != "kid"})
    for typ in ("JWT", "at+jwtx", "statuslist+jwt", 7, None):
        yield f"typ {typ!r}", with_parts(access, header=header | {"typ": typ})
    for name in ("jwk", "jku", "x5u", "x5c"):
        yield (
            f"header {name}",
            with_parts(access, header=header | {name: jwk if name == "jwk" else "https://evil.example"}),
        )
    yield "header is an array", with_parts(access, header=[header])
    yield "header is no JSON", with_parts(access, header=b"{")
    yield "header with two alg", with_parts(access, header=b'{"alg":"none",' + json.dumps(header).encode()[1:])
    yield "payload is an array", with_parts(access, claims=[claims])
    yield "payload is empty", with_parts(access, claims=b"")
    yield "payload is invalid UTF-8", with_parts(access, claims=b'{"sub":"\xff"}')
    yield "payload is 1,000 deep", with_parts(access, claims=b"[" * 1000)
    for name, signature in {"empty": b"", "zero": bytes(64), "short": bytes(63), "long": bytes(65)}.items():
        yield f"signature {name}", with_parts(access, signature=signature)
    head, body, signature = access.split(".")
    yield "padded", f"{head}.{body}.{signature}=="
    yield "two segments", f"{head}.{body}"
    yield "four segments", f"{access}.{signature}"
    yield "five segments, as a JWE", f"{head}..{body}.{signature}.{signature}"
    yield "with a space inside", f"{head}.{body[:4]} {body[4:]}.{signature}"
    yield "another's signature", f"{head}.{body}.{encode(bytes(range(64)))}"
    yield "another's payload", with_parts(access, claims=claims | {"sub": "00000000-0000-7000-8000-000000000000"})
    yield "a refresh token", refresh
    yield "a refresh token that says access", with_parts(refresh, claims=claims_of(refresh) | {"type": "access"})
