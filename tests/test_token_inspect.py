"""`postern token inspect`: signatures of every algorithm, and all that RFC 7515, 7518 and 8725 tell it to reject."""

import json
import subprocess
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from harness.client import bearer
from harness.forge import public_key_bytes
from harness.oauth import ServiceClient
from harness.site import AUDIENCE, BINARY, ISSUER, environment
from harness.tokens import claims_of, decode, encode, header_of, sign_hs256, with_parts
from harness.waiting import until

CURVE_OF = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "EdDSA": "Ed25519"}
ALGORITHMS = ("RS256", "PS256", *CURVE_OF)
ACCEPTED, REJECTED, NOT_CHECKED = 0, 1, 2
PAYLOADS = {"text": b"not JSON at all", "binary": bytes(range(256)), "empty": b"", "json": b'{"a":1}'}


def make_key(algorithm, **more):
    fields = {"kid": f"key-{algorithm}", "alg": algorithm, "use": "sig"} | more
    fields = {name: value for name, value in fields.items() if value is not None}
    if algorithm in ("ES256", "ES384", "ES512"):
        return JWK.generate(kty="EC", crv=CURVE_OF[algorithm], **fields)
    if algorithm == "EdDSA":
        return JWK.generate(kty="OKP", crv="Ed25519", **fields)
    return JWK.generate(kty="RSA", **({"size": 2048} | fields))


@pytest.fixture(scope="module")
def keys():
    return {algorithm: make_key(algorithm) for algorithm in ALGORITHMS}


def public(key, **changes):
    fields = key.export_public(as_dict=True) | changes
    return {name: value for name, value in fields.items() if value is not None}


@pytest.fixture(scope="module")
def jwks_file(keys, tmp_path_factory):
    return write_jwks(tmp_path_factory.mktemp("jwks") / "all.json", *(public(key) for key in keys.values()))


def write_jwks(path, *keys):
    path.write_text(json.dumps({"keys": keys}), encoding="utf-8")
    return path


def sign(key, payload, header=None):
    """A compact JWS by jwcrypto."""
    fields = {"alg": key["alg"], "kid": key["kid"]} if header is None else header
    if not isinstance(payload, bytes):
        payload = json.dumps(payload).encode()
    token = JWS(payload)
    token.allowed_algs = list(ALGORITHMS)
    token.add_signature(key, None, json.dumps(fields), None)
    return token.serialize(compact=True)


def inspect(token, *arguments):
    if not isinstance(token, bytes):
        token = token.encode()
    return subprocess.run(
        [BINARY, "token", "inspect", *arguments],
        input=token,
        capture_output=True,
        timeout=20,
        env=environment(),
        check=False,
    )


def verdict(token, jwks, *arguments):
    done = inspect(token, "--jwks", str(jwks), *arguments)
    assert done.returncode in (ACCEPTED, REJECTED, NOT_CHECKED), done.stderr
    assert done.stdout + done.stderr, "it says nothing"
    return done.returncode


def claims_now(**changes):
    now = int(time.time())
    return {"iss": "someone", "sub": "x", "iat": now, "exp": now + 300} | changes


# --- what is accepted -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("payload", PAYLOADS)
def test_signature_alone_is_enough_for_any_payload(keys, jwks_file, algorithm, payload):
    token = sign(keys[algorithm], PAYLOADS[payload])
    assert verdict(token, jwks_file, "--signature-only") == ACCEPTED
    assert verdict(token + "\n", jwks_file, "--signature-only") == ACCEPTED
    if payload != "json":
        assert verdict(token, jwks_file) == REJECTED, "without --signature-only it must be a set of claims"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_tokens_of_pyjwt_are_accepted(keys, jwks_file, algorithm):
    private = keys[algorithm].get_op_key("sign")
    token = jwt.encode(claims_now(), private, algorithm=algorithm, headers={"kid": keys[algorithm]["kid"]})
    assert verdict(token, jwks_file) == ACCEPTED


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_key_without_alg_and_token_without_kid_are_matched_by_type(keys, tmp_path, algorithm):
    jwks = write_jwks(tmp_path / "one.json", public(keys[algorithm], alg=None, use=None, kid=None))
    assert verdict(sign(keys[algorithm], b"x", {"alg": algorithm}), jwks, "--signature-only") == ACCEPTED


def test_many_signatures_of_every_length_of_r_and_s(keys, jwks_file):
    """ECDSA values with leading zero bytes turn up once in 256 or so: fixed width, never shortened."""
    for algorithm in ("ES256", "ES512"):
        for number in range(20):
            assert verdict(sign(keys[algorithm], b"%d" % number), jwks_file, "--signature-only") == ACCEPTED


def test_json_output_names_every_step(keys, jwks_file):
    done = inspect(sign(keys["ES256"], claims_now()), "--jwks", str(jwks_file), "--json")
    assert done.returncode == ACCEPTED
    report = json.loads(done.stdout)
    assert report["accepted"] is True
    assert {"signature", "time"} <= {step["name"] for step in report["steps"]}


# --- what is rejected -------------------------------------------------------------------------------------------------


def der_signature(token):
    raw = decode(token.split(".")[2])
    half = len(raw) // 2
    return encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))


def loose_trailing_bits(token):
    """The same bytes, spelt with bits that the last base64url character does not carry (RFC 4648 section 3.5)."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(token[-1])
    spelt = token[:-1] + alphabet[last | 1 if last % 2 == 0 else last - 1]
    assert decode(spelt.split(".")[2]) == decode(token.split(".")[2])
    return spelt


def hostile_variants(keys):
    """(name, token): each breaks one rule."""
    es256, rs256, eddsa = keys["ES256"], keys["RS256"], keys["EdDSA"]
    good = sign(es256, claims_now())
    header = header_of(good)
    head, body, signature = good.split(".")
    claims = claims_now()
    for algorithm in ("none", "None", "NONE", "HS256", "es256", "ES256 ", "", "ES256K", "RS1", "RSA-OAEP", "dir"):
        yield f"alg {algorithm!r}", with_parts(good, header=header | {"alg": algorithm})
        yield f"alg {algorithm!r} unsigned", with_parts(good, header=header | {"alg": algorithm}, signature=b"")
    for value in (None, 7, ["ES256"], True):
        yield f"alg {value!r}", with_parts(good, header=header | {"alg": value})
    yield "no alg", with_parts(good, header={"kid": header["kid"]})
    for form, secret in public_key_bytes(public(es256)).items():
        yield f"HS256 with the public key as {form}", sign_hs256(header | {"alg": "HS256"}, claims, secret)
    yield "HS256 with the RSA key", sign_hs256({"alg": "HS256", "kid": rs256["kid"]}, claims, rs256.export_to_pem())
    yield "PS256 by a key that says RS256", sign(rs256, claims, {"alg": "PS256", "kid": rs256["kid"]})
    yield "RS256 by a key that says PS256", sign(keys["PS256"], claims, {"alg": "RS256", "kid": keys["PS256"]["kid"]})
    yield "ES384 header, ES256 key", with_parts(good, header=header | {"alg": "ES384"})
    yield "kid of another key", with_parts(good, header=header | {"kid": keys["ES384"]["kid"]})
    yield "kid of nobody", sign(es256, claims, {"alg": "ES256", "kid": "nobody"})
    for kid in (7, None, ["key-ES256"], "../../../etc/passwd", "k" * 65536):
        yield f"kid {str(kid)[:20]}", with_parts(good, header=header | {"kid": kid})
    stranger = make_key("ES256")
    yield "a stranger's key in the header", sign(stranger, claims, header | {"jwk": public(stranger)})
    yield "a stranger's key", sign(stranger, claims, header)
    for crit in (["unheard-of"], ["exp"], ["b64"], [], "exp", [7], {}, None, ["alg"], ["kid", "kid"]):
        fields = header | {"crit": crit, "unheard-of": 1, "exp": 1}
        yield f"crit {crit!r}", ".".join(re_sign(es256, fields, claims))
    yield "b64 false", ".".join(re_sign(es256, header | {"b64": False, "crit": ["b64"]}, claims))
    yield "zip", ".".join(re_sign(es256, header | {"zip": "DEF", "crit": ["zip"]}, claims))
    yield "two alg", raw_header(es256, b'{"alg":"none","alg":"ES256","kid":"key-ES256"}', claims)
    yield "two kid", raw_header(es256, b'{"alg":"ES256","kid":"x","kid":"key-ES256"}', claims)
    yield "header array", raw_header(es256, b'["ES256"]', claims)
    yield "header not JSON", raw_header(es256, b"alg=ES256", claims)
    yield "header invalid UTF-8", raw_header(es256, b'{"alg":"ES256","kid":"key-ES256","x":"\xff"}', claims)
    yield (
        "header deep",
        raw_header(es256, b'{"alg":"ES256","kid":"key-ES256","x":' + b"[" * 90 + b"]" * 90 + b"}", claims),
    )
    for length in (0, 1, 63, 65, 128):
        yield f"signature of {length} bytes", with_parts(good, signature=bytes(length))
    yield "zero signature", with_parts(good, signature=bytes(64))
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    yield "r of the order", with_parts(good, signature=order.to_bytes(32, "big") + decode(signature)[32:])
    yield "s of the order", with_parts(good, signature=decode(signature)[:32] + order.to_bytes(32, "big"))
    yield "DER signature", with_parts(good, signature=der_signature(good))
    yield "r and s swapped", with_parts(good, signature=decode(signature)[32:] + decode(signature)[:32])
    yield "Ed25519 zero", with_parts(sign(eddsa, claims), signature=bytes(64))
    yield "RSA zero", with_parts(sign(rs256, claims), signature=bytes(256))
    yield "RSA short", with_parts(sign(rs256, claims), signature=decode(sign(rs256, claims).split(".")[2])[:-1])
    yield "RSA long", with_parts(sign(rs256, claims), signature=b"\0" + decode(sign(rs256, claims).split(".")[2]))
    yield "payload changed", with_parts(good, claims=claims | {"sub": "y"})
    yield "trailing bits", loose_trailing_bits(good)
    yield from {
        "padding": good + "==",
        "trailing dot": good + ".",
        "leading dot": "." + good,
        "no signature part": f"{head}.{body}",
        "five parts": f"{head}..{body}.{signature}.{signature}",
        "space": f"{head}.{body} .{signature}",
        "newline inside": f"{head}.\n{body}.{signature}",
        "plus and slash": f"{head}.{body}.{'+/' + signature[2:]}",
        "empty": "",
        "dots": "..",
        "two tokens": f"{good}\n{good}",
        "JSON serialisation": json.dumps({"payload": body, "protected": head, "signature": signature}),
        "NUL": good + "\0",
    }.items()


def re_sign(key, header, claims):
    """Signs whatever the header says, which jwcrypto itself would refuse to."""
    return raw_header(key, json.dumps(header).encode(), claims).split(".")


def raw_header(key, header, claims):
    body = encode(claims)
    signing_input = f"{encode(header)}.{body}".encode()
    signature = jwt.get_algorithm_by_name("ES256").sign(signing_input, key.get_op_key("sign"))
    return f"{encode(header)}.{body}.{encode(signature)}"


@pytest.mark.parametrize("depth", [(), ("--signature-only",)], ids=["claims", "signature only"])
def test_hostile_variants_are_rejected(keys, jwks_file, depth):
    wrong = {}
    for name, token in hostile_variants(keys):
        code = verdict(token, jwks_file, *depth)
        if code != REJECTED:
            wrong[name] = code
    assert wrong == {}


def raw_payload(key, payload):
    return sign(key, payload)


def test_claims_are_judged_by_type_and_time(keys, jwks_file):
    now = int(time.time())
    good = {"iat": now, "exp": now + 300}
    bad = {
        "expired": good | {"exp": now - 1},
        "exp text": good | {"exp": str(now + 300)},
        "exp null": good | {"exp": None},
        "exp array": good | {"exp": [now + 300]},
        "exp true": good | {"exp": True},
        "exp negative": good | {"exp": -1},
        "not yet": good | {"nbf": now + 3600},
        "nbf text": good | {"nbf": "0"},
        "iat in the future": good | {"iat": now + 3600},
        "iat text": good | {"iat": "0"},
    }
    raw = {
        "1e400": b'{"iat":%d,"exp":1e400}' % now,
        "-1e400": b'{"iat":%d,"exp":-1e400}' % now,
        "NaN": b'{"iat":%d,"exp":NaN}' % now,
        "two exp": b'{"exp":1,"exp":%d}' % (now + 300),
        "array": b"[]",
        "deep": b'{"x":' + b"[" * 100_000,
        "invalid UTF-8": b'{"exp":%d,"sub":"\xff"}' % (now + 300),
        "trailing": b'{"exp":%d} x' % (now + 300),
    }
    assert verdict(sign(keys["ES256"], good), jwks_file) == ACCEPTED
    for name, payload in (bad | raw).items():
        token = sign(keys["ES256"], payload)
        assert verdict(token, jwks_file) == REJECTED, name
        assert verdict(token, jwks_file, "--signature-only") == ACCEPTED, f"{name}: the signature is good"


@pytest.mark.parametrize(
    "change",
    [{"use": "enc"}, {"key_ops": ["sign"], "use": None}, {"alg": "ES384"}, {"alg": "HS256"}, {"y": encode(bytes(32))}],
    ids=["use enc", "key_ops without verify", "alg of another curve", "alg HS256", "point off the curve"],
)
def test_keys_that_may_not_verify_do_not(keys, tmp_path, change):
    jwks = write_jwks(tmp_path / "k.json", public(keys["ES256"], **change), public(keys["EdDSA"]))
    assert verdict(sign(keys["ES256"], b"x"), jwks, "--signature-only") == REJECTED


def test_rsa_keys_below_2048_bits_and_shared_secrets_do_not_verify(keys, tmp_path):
    """RFC 7518 sections 3.3 and 3.5; a symmetric key has no place in a published set."""
    small = make_key("RS256", size=1024, kid="small")
    secret = JWK.generate(kty="oct", size=256, kid="secret", alg="HS256")
    jwks = write_jwks(tmp_path / "k.json", public(small), json.loads(secret.export_symmetric()), public(keys["ES256"]))
    assert verdict(sign(small, b"x"), jwks, "--signature-only") == REJECTED
    forged = sign_hs256({"alg": "HS256", "kid": "secret"}, {}, decode(secret.get("k")))
    assert verdict(forged, jwks, "--signature-only") == REJECTED


@pytest.mark.parametrize(
    "content", [None, b"", b"not json", b"[]", b"{}", b'{"keys":{}}', b'{"keys":[]}', b'{"keys":[7]}', b"\xff\xfe"]
)
def test_unreadable_jwks_is_told_apart_from_a_rejection(keys, tmp_path, content):
    path = tmp_path / "jwks.json"
    if content is not None:
        path.write_bytes(content)
    done = inspect(sign(keys["ES256"], b"x"), "--jwks", str(path), "--signature-only")
    assert done.returncode == NOT_CHECKED
    assert done.stderr.strip()


def test_unknown_keys_in_the_set_are_passed_over(keys, tmp_path):
    """RFC 7517 section 5: what is not understood is ignored."""
    strange = {"kty": "XYZ", "kid": "strange"}
    jwks = write_jwks(tmp_path / "k.json", strange, {"kid": "no kty"}, public(keys["ES256"]))
    assert verdict(sign(keys["ES256"], b"x"), jwks, "--signature-only") == ACCEPTED


# --- our own tokens ---------------------------------------------------------------------------------------------------


def test_revoked_token_is_explained_from_the_store(sqlite_site):
    client = sqlite_site.servers[0].client()
    account = sqlite_site.new_account()
    tokens = client.sign_in(account)
    done = sqlite_site.command("token", "inspect", "--json", stdin=tokens.access)
    assert done.returncode == ACCEPTED, done.stdout + done.stderr
    assert client.revoke_access(tokens.access).status == 200
    done = sqlite_site.command("token", "inspect", "--json", stdin=tokens.access)
    assert done.returncode == REJECTED
    report = json.loads(done.stdout)
    assert report["accepted"] is False
    text = json.dumps(report)
    assert "token_revoked" in text and time.strftime("%Y-%m-%d", time.gmtime()) in text
    assert tokens.access.split(".")[2] not in text


def test_token_that_an_operator_ended_names_the_operator_and_the_reason(sqlite_site):
    client = sqlite_site.servers[0].client()
    account = sqlite_site.new_account()
    tokens = client.sign_in(account)
    sqlite_site.run("account", "disable", account.email)
    done = sqlite_site.command("token", "inspect", stdin=tokens.access)
    assert done.returncode == REJECTED
    assert "account_disabled" in done.stdout and "cli:" in done.stdout


def explained(site, token):
    """What the command says of a token: (exit status, {step: detail}, {step: passed})."""
    done = site.command("token", "inspect", "--json", stdin=token)
    report = json.loads(done.stdout)
    assert report["accepted"] is (done.returncode == ACCEPTED)
    assert token.rpartition(".")[2] not in done.stdout, "the signature is nobody's business"
    details, passed = {}, {}
    for step in report["steps"]:
        details[step["name"]] = step["detail"]
        passed[step["name"]] = step["passed"]
    return done.returncode, details, passed


def test_a_good_token_is_explained_in_full(sqlite_site):
    client, account = sqlite_site.servers[0].client(), sqlite_site.new_account()
    access = client.sign_in(account).access
    status, details, passed = explained(sqlite_site, access)
    assert status == ACCEPTED and all(passed.values()), details
    claims = claims_of(access)
    assert header_of(access)["kid"] in details["key state"] and "access key" in details["key state"]
    assert "active" in details["key state"]
    assert details["issuer"] == claims["iss"] and claims["aud"][0] in details["audience"]
    assert "ago; expires at" in details["clock"]
    reference = claims["status"]["status_list"]
    assert f"slot {reference['idx']} of the list {reference['uri'].rpartition('/')[2]}" in details["slot"]
    assert "the list lasts until" in details["slot"]
    assert details["revocation"] == "not revoked"
    assert claims["sid"] in details["session"] and "lives until" in details["session"]
    assert account.email in details["account"]


@pytest.fixture(scope="module")
def root(sqlite_site):
    return sqlite_site.new_account("--activated", "--admin", email="root@inspect.example.com")


def over_http(site, root, method, path, body=None):
    client = site.servers[0].client()
    headers = bearer(client.sign_in(root).access)
    answer = client.call(method, f"/admin/v1{path}", headers=headers, body=body)
    assert answer.status < 300, answer.body


# How a token comes to its end: (the reason's word, by whom, what does it). `cli` is an operator at the command line.
ENDINGS = {
    "revoked": ("token_revoked", "its holder", lambda s, r, a, t: s.servers[0].client().revoke_access(t.access)),
    "session revoked": ("session_revoked", None, lambda s, r, a, t: s.servers[0].client().revoke_refresh(t.refresh)),
    "logged out": (
        "logged_out",
        "its holder",
        lambda s, r, a, t: s.servers[0].client().call("POST", "/auth/v1/logout", headers=bearer(t.access)),
    ),
    "disabled": ("account_disabled", "cli:", lambda s, r, a, t: s.run("account", "disable", a.email)),
    "deleted": ("account_deleted", "cli:", lambda s, r, a, t: s.run("account", "delete", a.email)),
    "new password": (
        "password_changed",
        "cli:",
        lambda s, r, a, t: s.run(
            "account", "password", a.email, "--password-stdin", stdin="another quiet harbour at dawn\n"
        ),
    ),
    "roles": ("role_changed", "cli:", lambda s, r, a, t: s.run("account", "roles", a.email, "other")),
    "scopes": ("claims_changed", "cli:", lambda s, r, a, t: s.run("account", "scopes", a.email, "other")),
    "claims": ("claims_changed", "cli:", lambda s, r, a, t: s.run("account", "claims", a.email, "--set", '{"a":1}')),
    "ended": ("ended_by_operator", "cli:", lambda s, r, a, t: s.run("session", "end", t.session_id)),
    "all ended": ("ended_by_operator", "cli:", lambda s, r, a, t: s.run("session", "end", "--all", a.email)),
    "disabled over HTTP": (
        "account_disabled",
        "root@inspect.example.com",
        lambda s, r, a, t: over_http(
            s, r, "POST", f"/accounts/{s.run_json('account', 'show', a.email)['id']}/disable"
        ),
    ),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_end_of_a_token_is_explained(sqlite_site, root, ending):
    reason, actor, end = ENDINGS[ending]
    account = sqlite_site.new_account()
    tokens = sqlite_site.servers[0].client().sign_in(account)
    end(sqlite_site, root, account, tokens)
    status, details, passed = explained(sqlite_site, tokens.access)
    assert status == REJECTED and not passed["revocation"]
    assert f"because of {reason} (" in details["revocation"], details
    assert time.strftime("%Y-%m-%d", time.gmtime()) in details["revocation"]
    if actor:
        assert f"by {actor}" in details["revocation"] or f"({actor})" in details["revocation"], details
    status, details, _ = explained(sqlite_site, tokens.refresh)
    if reason == "token_revoked":
        assert status == ACCEPTED, "the session lives on"
    elif reason != "account_deleted":
        assert status == REJECTED and f"because of {reason} (" in details["session"], details


def test_the_reuse_of_a_refresh_token_is_explained(make_site):
    site = make_site("sqlite", settings={"sessions.refresh_grace": "0s"})
    client = site.serve().client()
    first = client.sign_in(site.new_account())
    second = client.refreshed(first.refresh)
    status, details, _ = explained(site, first.refresh)
    assert status == REJECTED and "counter is 1, the session's is 2" in details["session"]
    assert client.refresh(first.refresh).status == 401
    status, details, _ = explained(site, second.access)
    assert status == REJECTED and "because of refresh_reuse (" in details["revocation"]


@pytest.mark.parametrize(
    ("reason", "command"),
    [
        ("client_changed", ("renew-secret",)),
        ("client_disabled", ("disable",)),
        ("client_deleted", ("delete",)),
    ],
)
def test_a_clients_own_token_is_explained(sqlite_site, reason, command):
    http = sqlite_site.servers[0].client()
    other = ServiceClient(sqlite_site, f"bystander of {reason}", AUDIENCE)
    service = ServiceClient(sqlite_site, f"owner of {reason}", AUDIENCE)
    access = until(lambda: token_or_none(service, http), seconds=5, what="the server knows the client")
    status, details, _ = explained(sqlite_site, access)
    assert status == ACCEPTED and service.name in details["client"] and "session" not in details
    sqlite_site.run("client", command[0], other.id)
    sqlite_site.run("client", command[0], service.id)
    status, details, _ = explained(sqlite_site, access)
    assert status == REJECTED and f"because of {reason} (" in details["revocation"], details
    assert "by cli:" in details["revocation"]


def token_or_none(service, http):
    answer = service.post(http, "token", grant_type="client_credentials")
    return answer.json()["access_token"] if answer.status == 200 else None


def test_a_revoked_key_is_explained(make_site):
    site = make_site("sqlite")
    client = site.serve().client()
    access = client.sign_in(site.new_account()).access
    kid = header_of(access)["kid"]
    site.run("key", "revoke", kid, "--reason", "found in a log")
    status, details, passed = explained(site, access)
    assert status == REJECTED and not passed["key state"]
    assert kid in details["key state"] and "was revoked at" in details["key state"]
    assert "by cli:" in details["key state"] and "because: found in a log" in details["key state"]


def test_a_status_list_is_no_token(sqlite_site):
    client = sqlite_site.servers[0].client()
    access = client.sign_in(sqlite_site.new_account()).access
    uri = claims_of(access)["status"]["status_list"]["uri"]
    served = client.call("GET", uri.removeprefix(ISSUER))
    assert served.status == 200
    status, details, passed = explained(sqlite_site, served.body.decode())
    assert status == REJECTED and passed["signature"] and not passed["type"]
    assert "Token Status List of this server's" in details["type"] and "status_list key" in details["key state"]


def test_a_deleted_account_is_named_as_such(sqlite_site):
    account = sqlite_site.new_account()
    tokens = sqlite_site.servers[0].client().sign_in(account)
    sqlite_site.run("account", "delete", account.email)
    status, details, passed = explained(sqlite_site, tokens.access)
    assert status == REJECTED and not passed["account"]
    assert "there is no account" in details["account"] and account.email not in json.dumps(details)


def test_an_expired_token_is_explained_to_the_end(make_site):
    site = make_site("sqlite", settings={"tokens.access_life": "1s", "sessions.refresh_grace": "0s"})
    account = site.serve() and site.new_account()
    access = site.servers[0].client().sign_in(account).access
    time.sleep(1.2)
    status, details, passed = explained(site, access)
    assert status == REJECTED and not passed["clock"] and "expired at" in details["clock"]
    assert passed["revocation"] and passed["session"], "that is all that is wrong with it"


def test_a_token_of_another_issuer_or_audience_is_told_what_is_expected(make_site):
    site = make_site("sqlite")
    account = site.serve() and site.new_account()
    access = site.servers[0].client().sign_in(account).access
    site.settings |= {"public_url": "https://moved.example.com", "tokens.audience": ["https://new.example.com"]}
    site.write_configuration()
    status, details, passed = explained(site, access)
    assert status == REJECTED and not passed["issuer"] and not passed["audience"]
    assert "https://moved.example.com" in details["issuer"] and "https://new.example.com" in details["audience"]


def test_a_database_from_before_the_token_is_told(make_site, tmp_path):
    site = make_site("sqlite")
    server = site.serve()
    account = site.new_account()
    server.stop()
    site.copy_database(tmp_path / "before")
    server.start()
    access = server.client().sign_in(account).access
    server.stop()
    site.put_back_database(tmp_path / "before")
    status, details, _ = explained(site, access)
    assert status == REJECTED and "the store has no slot" in details["slot"]


def test_jwks_of_the_server_is_all_that_an_offline_check_needs(sqlite_site, tmp_path):
    client = sqlite_site.servers[0].client()
    tokens = client.sign_in(sqlite_site.new_account())
    path = tmp_path / "jwks.json"
    path.write_bytes(client.call("GET", "/.well-known/jwks.json", headers=bearer(tokens.access)).body)
    assert verdict(tokens.access, path) == ACCEPTED
    assert verdict(tokens.refresh, path) == REJECTED
