"""The cases of access_tokens.json. Each hostile one is a mistake that some verifier somewhere has made."""

import json
import string

from signing import (
    KEYS,
    algorithm_of,
    encode,
    kid_of,
    public_key,
    published,
    sign,
    sign_hs256_with,
    signature,
)
from jwcrypto.jwk import JWK
from world import (
    AUDIENCE,
    ISSUER,
    LARGE_LIST,
    LIST,
    NOW,
    REVOKED_LIST,
    UNKNOWN_KEY_KIND,
    UNKNOWN_LIST,
    status_list_token,
    uri_of,
)

ACCOUNT = "018f3c1e-7a00-7000-8000-00000000ac01"
CLIENT = "018f3c1e-7a00-7000-8000-00000000c101"
SESSION = "018f3c1e-7a00-7000-8000-000000005e01"
TOKEN = "018f3c1e-7a00-7000-8000-000000007001"
LONGEST_TOKEN = 8192
DEEPEST_JSON = 32


def status_lists():
    keys = {LIST: "status_list_es256", LARGE_LIST: "status_list_eddsa", REVOKED_LIST: "status_list_es256"}
    return [{"uri": uri_of(list_id), "jwt": status_list_token(list_id, key)} for list_id, key in keys.items()]


def slot(idx=0, uri=None):
    return {"status_list": {"idx": idx, "uri": uri or uri_of(LIST)}}


def claims(**changes):
    """An account's token. `...` takes a claim away."""
    made = {
        "iss": ISSUER,
        "aud": [AUDIENCE],
        "sub": ACCOUNT,
        "client_id": "first-party",
        "iat": NOW - 60,
        "exp": NOW + 840,
        "jti": TOKEN,
        "sid": SESSION,
        "type": "access",
        "status": slot(),
    } | changes
    return {name: value for name, value in made.items() if value is not ...}


def header(key="access_es256", **changes):
    made = {"typ": "at+jwt", "alg": algorithm_of(key), "kid": kid_of(key)} | changes
    return {name: value for name, value in made.items() if value is not ...}


def token(key="access_es256", *, head=None, **changes):
    return sign(key, header(key, **(head or {})), claims(**changes))


def of_text(payload, key="access_es256"):
    return sign(key, header(key), payload.encode() if isinstance(payload, str) else payload)


def text(**changes):
    return json.dumps(claims(**changes), separators=(",", ":"))


def of_length(length):
    """A token of exactly this many characters, filled up with a custom claim."""
    for typ in ("at+jwt", "application/at+jwt"):
        for filler in range(length):
            made = token(head={"typ": typ}, padding="x" * filler) if filler > length * 0.6 else ""
            if len(made) == length:
                return made
            if len(made) > length:
                break
    raise AssertionError(f"no token has {length} characters")


def case(name, made, outcome):
    return {"name": name, "token": made, "outcome": outcome}


def cases():
    yield from accepted()
    for name, made in invalid():
        yield case(name, made, "invalid_token")
    for name, made in invalid_texts():
        yield case(name, made, "invalid_token")
    for name, made in invalid_status():
        yield case(name, made, "invalid_token")
    yield case("expired by 0 s", token(exp=NOW), "token_expired")
    yield case("expired by 1 s", token(exp=NOW - 1, iat=NOW - 901), "token_expired")
    yield case("expired since 1970", token(exp=0, iat=0), "token_expired")
    for name, idx, list_id in (
        ("revoked bit 1", 1, LIST),
        ("revoked bit 8, the first of its byte", 8, LIST),
        ("revoked bit 1023, the last of its list", 1023, LIST),
        ("revoked bit 0 of the large list", 0, LARGE_LIST),
        ("revoked bit 1048575 of the large list", 1_048_575, LARGE_LIST),
        ("idx one past the end of its list", 1024, LIST),
        ("idx far past the end of its list", 4_294_967_295, LIST),
        ("unknown list", 0, UNKNOWN_LIST),
        ("list whose key was revoked", 77, REVOKED_LIST),
    ):
        yield case(name, token(status=slot(idx, uri_of(list_id))), "token_revoked")


def accepted():
    for name, made in (
        ("ES256", token()),
        ("EdDSA", token("access_eddsa")),
        ("RS256", token("access_rs256")),
        ("key that has retired and is still published", token("access_es256_retired")),
        ("aud is a text", token(aud=AUDIENCE)),
        ("aud is an array with ours last", token(aud=["https://other.example", AUDIENCE])),
        ("client's own token, without sid", token(sub=CLIENT, client_id=CLIENT, sid=..., scope="orders:read")),
        ("roles, scope and custom claims", token(roles=["admin", "clerk"], scope="orders:read orders:write",
                                                 plan="gold", quota=3, regions=["eu", "us"], limits={"rate": 1.5})),
        ("roles is empty, scope is empty", token(roles=[], scope="")),
        ("typ spelled application/at+jwt", token(head={"typ": "application/at+jwt"})),
        ("typ in capitals", token(head={"typ": "AT+JWT"})),
        ("unknown header parameter without crit", token(head={"x-note": "nothing"})),
        ("text beyond ASCII in a custom claim", token(display="Zoë 🦊")),
        ("nbf in the past", token(nbf=NOW - 60)),
        ("exp in 1 s", token(exp=NOW + 1)),
        ("iat 5 s ahead", token(iat=NOW + 5)),
        ("idx 2, between two revoked ones", token(status=slot(2))),
        ("idx 1022, beside the last", token(status=slot(1022))),
        ("idx 524289 of the large list", token(status=slot(524_289, uri_of(LARGE_LIST)))),
        (f"{LONGEST_TOKEN} characters", of_length(LONGEST_TOKEN)),
        ("white space and another order of members", of_text(json.dumps(dict(reversed(claims().items())), indent=2))),
    ):
        yield case(name, made, "accepted")


def invalid():
    """(name, token): signature, key, header and claims."""
    yield from wrong_algorithms()
    yield from wrong_keys()
    for crit in (["exp"], ["b64"], ["unheard-of"], [], "exp", None):
        yield f"crit {json.dumps(crit)}", token(head={"crit": crit, "unheard-of": True})
    yield "b64 false without crit", token(head={"b64": False})
    yield "b64 false with crit, payload as it is", unencoded_payload()
    for kid in ("", "../../../../dev/null", "' OR 1=1 --", "a\u0000b", "k" * 3000, 7, None, ["x"], ...):
        yield f"kid {'missing' if kid is ... else json.dumps(kid)[:28]}", token(head={"kid": kid})
    yield "kid of another access key", token(head={"kid": kid_of("access_es256_retired")})
    for typ in ("JWT", "at+jwtx", "statuslist+jwt", "postern-rt+jwt", "text/at+jwt", "", 7, None, ...):
        yield f"typ {'missing' if typ is ... else json.dumps(typ)}", token(head={"typ": typ})
    yield "header is an array", sign("access_es256", [header()], claims())
    yield "header with two alg", sign("access_es256", b'{"alg":"none",' + json.dumps(header()).encode()[1:], claims())
    yield "header with two kid", sign(
        "access_es256", b'{"kid":"x",' + json.dumps(header()).encode()[1:], claims()
    )
    yield from wrong_claims()
    yield "status list in place of an access token", status_list_token(LIST)
    yield "refresh token", sign(
        "refresh_hs256",
        {"typ": "postern-rt+jwt", "alg": "HS256", "kid": kid_of("refresh_hs256")},
        claims(type="refresh", aud=f"{ISSUER}/auth/v1/refresh", ctr=1, status=...),
    )
    yield "refresh token that says access", sign(
        "refresh_hs256", {"typ": "at+jwt", "alg": "HS256", "kid": kid_of("refresh_hs256")}, claims()
    )


def wrong_algorithms():
    unsigned = f"{encode(header(alg='none'))}.{encode(claims())}"
    yield "alg none without signature", unsigned + "."
    yield "alg none with a signature", f"{unsigned}.{encode(bytes(64))}"
    yield "alg None", f"{encode(header(alg='None'))}.{encode(claims())}."
    yield "alg missing", token(head={"alg": ...})
    yield "alg is no text", token(head={"alg": ["ES256"]})
    yield "alg in lower case", token(head={"alg": "es256"})
    yield "ES384 with the P-256 key", sign("access_es256", header(alg="ES384"), claims(), algorithm="ES384")
    yield "RS512 with the RS256 key", sign("access_rs256", header("access_rs256", alg="RS512"), claims(), algorithm="RS512")
    yield "alg of another key", token(head={"alg": "RS256"})
    key = JWK(**public_key("access_rs256"))
    for form, secret in {
        "PEM": key.export_to_pem(),
        "PEM without its last newline": key.export_to_pem().rstrip(b"\n"),
        "JWK as served": json.dumps(published("access_rs256", "access"), separators=(",", ":")).encode(),
    }.items():
        yield f"HS256 with the RSA public key as {form}", sign_hs256_with(
            secret, header("access_rs256", alg="HS256"), claims()
        )
    yield "HS256 with the EC public key as PEM", sign_hs256_with(
        JWK(**public_key("access_es256")).export_to_pem(), header(alg="HS256"), claims()
    )
    yield "HS256 with an empty key", sign_hs256_with(b"", header(alg="HS256"), claims())


def wrong_keys():
    yield "signed by a key that is not published", token("unpublished_es256")
    yield "unpublished key under a published kid", sign("unpublished_es256", header(), claims())
    yield "unpublished key in the header's jwk", sign(
        "unpublished_es256", header("unpublished_es256", jwk=public_key("unpublished_es256")), claims()
    )
    yield "unpublished key in the header's jwk under a published kid", sign(
        "unpublished_es256", header(jwk=public_key("unpublished_es256")), claims()
    )
    yield "unpublished key, jku and x5u elsewhere", sign(
        "unpublished_es256",
        header("unpublished_es256", jku="https://evil.example/jwks.json", x5u="https://evil.example/x5u"),
        claims(),
    )
    yield "signed by the status list key", token("status_list_es256")
    yield "signed by a key of another purpose", token("audit_es256")
    yield "kid of a key of unknown kind", token(head={"kid": UNKNOWN_KEY_KIND["kid"]})
    good = token()
    head, _, made = good.split(".")
    yield "payload of another token", f"{head}.{encode(claims(sub=CLIENT))}.{made}"
    for name, bytes_ in {"zero": bytes(64), "short": bytes(63), "long": bytes(65)}.items():
        yield f"signature {name}", good[: good.rindex(".") + 1] + encode(bytes_)
    yield "signature empty", good[: good.rindex(".") + 1]


def unencoded_payload():
    head = header(crit=["b64"], b64=False)
    payload = text()
    signing_input = f"{encode(head)}.{payload}"
    made = signature("access_es256", "ES256", signing_input.encode())
    return f"{signing_input}.{encode(made)}"


def wrong_claims():
    for name in ("iss", "aud", "sub", "client_id", "iat", "exp", "jti", "type", "status"):
        yield f"{name} missing", token(**{name: ...})
    for name, values in {
        "iss": ["https://evil.example", ISSUER + "/", ISSUER.upper(), [ISSUER], 7, None],
        "aud": ["https://other.example", AUDIENCE + "/", [], ["https://other.example"], [AUDIENCE, 7],
                {AUDIENCE: True}, None, 7],
        "sub": ["", 7, [ACCOUNT], None, {"id": ACCOUNT}],
        "client_id": ["", 7, None],
        "jti": ["", 7, None],
        "sid": ["", 7, None],
        "type": ["refresh", "Access", 7, None, ["access"]],
        "iat": [str(NOW), NOW + 6, NOW + 3600, None, True, [NOW], -1, NOW - 0.5],
        "exp": [str(NOW + 840), None, True, [NOW + 840], {}, -1, NOW + 840.5, 1e300],
        "nbf": [NOW + 3600, str(NOW), None],
        "roles": ["admin", [7], {"admin": True}, None],
        "scope": [["orders:read"], 7, None],
    }.items():
        for value in values:
            yield f"{name} {json.dumps(value)}", token(**{name: value})


def invalid_texts():
    """(name, token): where the text of the token or of its parts is wrong."""
    good = token()
    head, body, made = good.split(".")
    yield "empty", ""
    yield "one part", "token"
    yield "two parts", f"{head}.{body}"
    yield "four parts", f"{good}.{made}"
    yield "five parts, as a JWE", f"{head}..{body}.{made}.{made}"
    yield "dot at the end", good + "."
    yield "dot at the start", "." + good
    yield "padded signature", good + "=="
    yield "padded header", f"{head}{'=' * (-len(head) % 4) or '='}.{body}.{made}"
    yield "standard alphabet", good.replace("-", "+").replace("_", "/")
    yield "signature that is not canonical base64url", f"{head}.{body}.{stray_bit(made)}"
    yield "line feed at the end", good + "\n"
    yield "space inside", f"{head}.{body[:4]} {body[4:]}.{made}"
    yield "garbage after the signature", good + "!"
    yield "text beyond ASCII", good[:-1] + "ä"
    yield f"{LONGEST_TOKEN + 1} characters", of_length(LONGEST_TOKEN + 1)
    yield "100,000 characters", token(padding="x" * 70_000)
    yield "payload is empty", of_text("")
    yield "payload is an array", of_text(f"[{text()}]")
    yield "payload is a text", of_text('"claims"')
    yield "payload is cut short", of_text(text()[:-1])
    yield "payload with garbage after it", of_text(text() + "x")
    yield "payload is two objects", of_text(text() + text())
    yield "payload is invalid UTF-8", of_text(text().encode().replace(b"first-party", b"first\xff"))
    yield "payload starts with a byte order mark", of_text(b"\xef\xbb\xbf" + text().encode())
    yield "payload with two exp", of_text(text().replace('"exp":', f'"exp":{NOW - 1},"exp":'))
    yield "payload with two sub, one escaped", of_text(text().replace('"sub":', '"s\\u0075b":"x","sub":'))
    yield "payload with two idx", of_text(text().replace('"idx":', '"idx":1,"idx":'))
    yield "custom claim with a member twice", of_text(text(custom={"a": 1}).replace('"a":1', '"a":1,"a":2'))
    yield "payload with exp 1e400", of_text(text().replace(f'"exp":{NOW + 840}', '"exp":1e400'))
    yield "payload with exp NaN", of_text(text().replace(f'"exp":{NOW + 840}', '"exp":NaN'))
    yield "payload in single quotes", of_text(text().replace('"', "'"))
    yield "payload with a comment", of_text(text().replace("{", "{/**/", 1))
    yield f"payload deeper than {DEEPEST_JSON}", of_text(text(deep=0).replace('"deep":0', f'"deep":{"[" * 1000}{"]" * 1000}'))


def stray_bit(encoded):
    """Other text for the same bytes: a bit set that belongs to none of them."""
    alphabet = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    assert len(encoded) % 4, "no spare bits"
    return encoded[:-1] + alphabet[alphabet.index(encoded[-1]) ^ 1]


def invalid_status():
    """(name, token): where the place of the revocation bit is wrong. Nothing may be fetched for any of them."""
    for name, value in {
        "status is a text": uri_of(LIST),
        "status is null": None,
        "status is empty": {},
        "status_list is an array": {"status_list": [slot()]},
        "status_list is empty": {"status_list": {}},
        "idx missing": {"status_list": {"uri": uri_of(LIST)}},
        "uri missing": {"status_list": {"idx": 0}},
    }.items():
        yield name, token(status=value)
    for idx in (-1, 1.5, "5", None, True, [0], 4_294_967_296):
        yield f"idx {json.dumps(idx)}", token(status=slot(idx))
    path = f"/status-lists/{LIST}"
    for uri in (
        "https://evil.example" + path,
        "http://auth.example.com" + path,
        "https://auth.example.com.evil.example" + path,
        "https://auth.example.com@evil.example" + path,
        "https://auth.example.com:444" + path,
        "https://AUTH.example.com" + path,
        "HTTPS://auth.example.com" + path,
        "//auth.example.com" + path,
        path,
        ISSUER + "/status-lists/../status-lists/" + LIST,
        ISSUER + "/status-lists//" + LIST,
        ISSUER + "//status-lists/" + LIST,
        ISSUER + "/status-lists/%30" + LIST[1:],
        ISSUER + "/status-lists/" + LIST.upper(),
        ISSUER + "/status-lists/" + LIST.replace("-", ""),
        ISSUER + "/status-lists/{" + LIST + "}",
        ISSUER + "/status-lists/",
        ISSUER + "/status-lists/..",
        ISSUER + path + "/",
        ISSUER + path + "?x",
        ISSUER + path + "#x",
        ISSUER + path + "\n",
        " " + ISSUER + path,
        ISSUER + "/auth/v1/token",
        "file:///etc/passwd",
        "data:application/statuslist+jwt,x",
        7,
        [ISSUER + path],
    ):
        yield f"uri {json.dumps(uri)}", token(status={"status_list": {"idx": 0, "uri": uri}})
