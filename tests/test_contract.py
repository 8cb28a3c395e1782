"""The two routes of the contract and their companions: every row of the tables, to the letter."""

import json

import pytest

from harness.client import BASE, bearer
from harness.site import AUDIENCE, ISSUER, PASSWORD
from harness.tokens import claims_of, header_of, with_parts

WRONG = "not the password at all"


def assert_error(answer, status, message, code=None):
    """An error has exactly two fields, and is JSON."""
    assert answer.status == status, answer.body
    assert answer.header("Content-Type") == "application/json"
    body = answer.json()
    assert set(body) == {"error", "code"}
    assert body["error"] == message
    if code:
        assert body["code"] == code


# --- POST /token ------------------------------------------------------------------------------------------------------


def test_login_answers_with_exactly_the_three_fields_and_is_not_cached(client, account):
    answer = client.login(account.email, account.password)
    assert answer.status == 200
    assert answer.header("Content-Type") == "application/json"
    assert answer.header("Cache-Control") == "no-store"
    body = answer.json()
    assert set(body) == {"access_token", "expires_in", "refresh_token"}
    assert body["expires_in"] == 900
    claims = claims_of(body["access_token"])
    assert claims["exp"] - claims["iat"] == 900


def test_access_token_follows_rfc_9068(tokens):
    header, claims = header_of(tokens.access), claims_of(tokens.access)
    assert header["typ"] == "at+jwt" and header["alg"] == "ES256" and len(header["kid"]) == 43
    assert claims["iss"] == ISSUER and claims["client_id"] == "first-party" and claims["type"] == "access"
    assert AUDIENCE in claims["aud"]
    assert {"sub", "jti", "sid", "iat", "exp"} <= set(claims)
    status = claims["status"]["status_list"]
    assert set(status) == {"idx", "uri"} and status["uri"].startswith(ISSUER + "/")


def test_refresh_token_cannot_be_taken_for_an_access_token(tokens):
    access, refresh = claims_of(tokens.access), claims_of(tokens.refresh)
    assert refresh["type"] == "refresh"
    assert header_of(tokens.refresh)["typ"] != header_of(tokens.access)["typ"]
    assert header_of(tokens.refresh)["kid"] != header_of(tokens.access)["kid"]
    assert refresh["aud"] != access["aud"] and AUDIENCE not in refresh["aud"]


@pytest.mark.parametrize(
    "headers, body",
    [
        pytest.param({}, None, id="absent"),
        pytest.param({"Content-Type": "application/json"}, b"", id="empty"),
        pytest.param({"Content-Type": "application/json"}, b"email=a@b.example", id="not JSON"),
        pytest.param({"Content-Type": "application/json"}, b'{"email":', id="cut off"),
        pytest.param({"Content-Type": "text/plain"}, b'{"email":"a@b.example","password":"x"}', id="text"),
        pytest.param({"Content-Type": "application/jsonp"}, b'{"email":"a@b.example","password":"x"}', id="near miss"),
        pytest.param(
            {"Content-Type": "application/x-www-form-urlencoded"}, b"email=a%40b.example&password=x", id="form"
        ),
        pytest.param({"Content-Length": "38"}, b'{"email":"a@b.example","password":"x"}', id="no type"),
    ],
)
def test_login_without_a_json_body_says_so(client, headers, body):
    assert_error(client.post_token(body, headers), 400, "Missing JSON body")


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "Application/JSON", "application/json;x=1"])
def test_login_takes_json_however_its_media_type_is_spelt(client, account, media_type):
    body = json.dumps({"email": account.email, "password": account.password}).encode()
    assert client.post_token(body, {"Content-Type": media_type}).status == 200


GOOD = {"email": "someone@example.com", "password": "some password or other"}


@pytest.mark.parametrize(
    "body, names",
    [
        ([], "object"),
        ("text", "object"),
        (None, "object"),
        (GOOD | {"otp": "123456"}, "otp"),
        (GOOD | {"Email": "x@example.com"}, "Email"),
        ({"password": "x"}, "email"),
        ({"email": "someone@example.com"}, "password"),
        (GOOD | {"email": 7}, "email"),
        (GOOD | {"email": None}, "email"),
        (GOOD | {"email": ["someone@example.com", "other@example.com"]}, "email"),
        (GOOD | {"password": 123456789012345}, "password"),
        (GOOD | {"password": {"$ne": ""}}, "password"),
        (GOOD | {"password": ""}, "password"),
        (GOOD | {"permanent_login": "true"}, "permanent_login"),
        (GOOD | {"permanent_login": 1}, "permanent_login"),
        (GOOD | {"permanent_login": None}, "permanent_login"),
        (GOOD | {"email": "someone"}, "email"),
        (GOOD | {"email": ""}, "email"),
        (GOOD | {"email": "@example.com"}, "email"),
        (GOOD | {"email": "some one@example.com"}, "email"),
        (GOOD | {"email": "someone@example.com "}, "email"),
        (GOOD | {"email": "söme@example.com"}, "email"),
        (GOOD | {"email": "a@b@example.com"}, "email"),
        (GOOD | {"email": "a" * 65 + "@example.com"}, "email"),
        (GOOD | {"email": "a@" + "b" * 300 + ".com"}, "email"),
    ],
)
def test_login_names_the_field_that_is_wrong(client, body, names):
    raw = json.dumps(body).encode()
    answer = client.post_token(raw, {"Content-Type": "application/json"})
    assert answer.status == 400, answer.body
    error = answer.json()
    assert set(error) == {"error", "code"}
    assert names in error["error"]
    assert GOOD["password"] not in error["error"]


def test_login_refuses_a_field_that_is_named_twice(client):
    for body in (
        b'{"email":"a@example.com","email":"b@example.com","password":"some password or other"}',
        b'{"email":"a@example.com","password":"some password","p\\u0061ssword":"some other password"}',
    ):
        answer = client.post_token(body, {"Content-Type": "application/json"})
        assert answer.status == 400
        assert "twice" in answer.json()["error"]


def test_unknown_email_and_wrong_password_get_the_same_answer(client, account):
    unknown = client.login("nobody-at-all@example.com", WRONG)
    wrong = client.login(account.email, WRONG)
    assert_error(unknown, 401, "Invalid email or password")
    assert unknown.comparable_bytes() == wrong.comparable_bytes()


def test_account_that_is_not_activated_is_told_so_only_after_the_right_password(site, client):
    account = site.new_account("--kind", "standard")
    assert_error(client.login(account.email, account.password), 401, "Account is not activated")
    assert_error(client.login(account.email, WRONG), 401, "Invalid email or password")
    site.run("account", "activate", account.email)
    assert client.login(account.email, account.password).status == 200


def test_disabled_account_is_told_so_only_after_the_right_password(site, client):
    account = site.new_account("--activated")
    site.run("account", "disable", account.email)
    assert_error(client.login(account.email, account.password), 401, "Account is not activated")
    assert_error(client.login(account.email, WRONG), 401, "Invalid email or password")


def test_demo_account_must_verify_its_email_first(site, client):
    account = site.new_account("--kind", "demo", "--activated")
    assert_error(client.login(account.email, account.password), 403, "Email is not verified")
    assert_error(client.login(account.email, WRONG), 401, "Invalid email or password")
    site.run("account", "verify", account.email)
    assert client.login(account.email, account.password).status == 200


def test_email_is_found_in_any_case_and_in_either_form_of_its_domain(site, client):
    account = site.new_account("--activated", email="Greta@Bücher.example")
    for spelling in ("greta@bücher.example", "GRETA@BÜCHER.EXAMPLE", "greta@xn--bcher-kva.example"):
        assert client.login(spelling, account.password).status == 200, spelling
    for other in ("greta@bucher.example", "greta.@bücher.example"):
        assert client.login(other, account.password).status in (400, 401), other


def test_composed_and_decomposed_passwords_are_the_same_one(site, client):
    account = site.new_account("--activated", password="caf\u00e9 au lait tr\u00e8s chaud")
    assert client.login(account.email, "cafe\u0301 au lait tre\u0300s chaud").status == 200
    assert client.login(account.email, "cafe au lait tres chaud").status == 401


# --- DELETE /revoke_access --------------------------------------------------------------------------------------------


def assert_challenge(answer, message_part, challenge):
    assert answer.status == 401, answer.body
    said, _, description = answer.header("WWW-Authenticate").partition(", ")
    assert said == challenge and description.startswith('error_description="'), answer.header("WWW-Authenticate")
    body = answer.json()
    assert set(body) == {"error", "code"}
    assert message_part in body["error"].lower(), body


INVALID = 'Bearer error="invalid_token"'


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_revoking_the_presented_token_says_so(client, tokens, scheme):
    answer = client.call("DELETE", f"{BASE}/revoke_access", headers={"Authorization": f"{scheme} {tokens.access}"})
    assert answer.status == 200
    assert answer.json() == {"msg": "Access token revoked"}
    assert not client.accepts(tokens.access)


@pytest.mark.parametrize("method, path", [("DELETE", "/revoke_access"), ("GET", "/me"), ("DELETE", "/revoke_refresh")])
def test_no_credentials_are_challenged(client, method, path):
    answer = client.call(method, BASE + path)
    assert answer.status == 401
    assert answer.header("WWW-Authenticate") == "Bearer"
    assert answer.json()["error"] == "Missing Authorization header"


@pytest.mark.parametrize("method, path", [("DELETE", "/revoke_access"), ("GET", "/me")])
def test_each_kind_of_bad_token_is_named(client, tokens, method, path):
    def answer(token):
        return client.call(method, BASE + path, headers=bearer(token))

    forged = with_parts(tokens.access, claims=claims_of(tokens.access) | {"sub": claims_of(tokens.refresh)["sid"]})
    for malformed in ("x", "a.b.c", "..", tokens.access + ".x", tokens.access.replace(".", "", 1)):
        assert_challenge(answer(malformed), "token", INVALID)
    assert_challenge(answer(forged), "signature", INVALID)
    refresh_answer = answer(tokens.refresh)
    assert_challenge(refresh_answer, "token", INVALID)
    assert client.revoke_access(tokens.access).status == 200
    assert_challenge(answer(tokens.access), "revoked", INVALID)


def test_other_schemes_are_not_credentials(client, tokens):
    for value in (f"Basic {tokens.access}", tokens.access, "Bearer", "Bearer ", f"Bearer{tokens.access}", ""):
        answer = client.call("GET", f"{BASE}/me", headers={"Authorization": value})
        assert answer.status == 401, value
        assert answer.header("WWW-Authenticate").startswith("Bearer")


# --- companions -------------------------------------------------------------------------------------------------------


def test_refresh_takes_the_token_as_bearer_or_in_the_body(client, account):
    for send in (
        client.refresh,
        lambda token: client.call("POST", f"{BASE}/refresh", body={"refresh_token": token}),
    ):
        answer = send(client.sign_in(account).refresh)
        assert answer.status == 200
        assert set(answer.json()) == {"access_token", "expires_in", "refresh_token"}
        assert answer.header("Cache-Control") == "no-store"


def test_refresh_refuses_an_access_token_and_bad_bodies(client, tokens):
    assert client.refresh(tokens.access).status == 401
    assert client.call("POST", f"{BASE}/refresh").status in (400, 401)
    for body in ({"refresh_token": 5}, {"refresh_token": ""}, {}, {"refresh_token": tokens.refresh, "more": 1}, []):
        assert client.call("POST", f"{BASE}/refresh", body=body).status in (400, 401), body
    assert client.refresh(tokens.refresh).status == 200


def test_me_tells_the_caller_who_they_are(client, account, tokens):
    answer = client.me(tokens.access)
    assert answer.status == 200
    assert account.email in answer.body.decode()
    assert claims_of(tokens.access)["sub"] in answer.body.decode()
    assert PASSWORD.encode() not in answer.body and b"argon2" not in answer.body


def test_jwks_is_cacheable_and_holds_public_keys_only(client, tokens):
    answer = client.call("GET", "/.well-known/jwks.json")
    assert answer.status == 200
    assert "max-age" in answer.header("Cache-Control")
    keys = answer.json()["keys"]
    assert header_of(tokens.access)["kid"] in [key["kid"] for key in keys]
    assert header_of(tokens.refresh)["kid"] not in [key["kid"] for key in keys]
    for key in keys:
        assert not set(key) & {"d", "p", "q", "dp", "dq", "qi", "k"}
        assert key["alg"] == "ES256"
    etag = answer.header("ETag")
    again = client.call("GET", "/.well-known/jwks.json", headers={"If-None-Match": etag})
    assert again.status == 304 and again.body == b""
    assert client.call("GET", "/.well-known/jwks.json", headers={"If-None-Match": '"other"'}).status == 200


@pytest.mark.parametrize(
    "method, path, allowed",
    [
        ("GET", "/token", {"POST"}),
        ("PUT", "/token", {"POST"}),
        ("POST", "/revoke_access", {"DELETE"}),
        ("GET", "/revoke_refresh", {"DELETE"}),
        ("DELETE", "/refresh", {"POST"}),
        ("POST", "/me", {"GET", "HEAD"}),
    ],
)
def test_wrong_methods_are_told_the_right_ones(client, method, path, allowed):
    answer = client.call(method, BASE + path)
    assert answer.status == 405
    assert set(answer.json()) == {"error", "code"}
    named = {word.strip() for word in answer.header("Allow").split(",")}
    assert allowed <= named and method not in named


@pytest.mark.parametrize("path", ["/", "/auth/v1", "/auth/v1/", "/auth/v1/token/", "/auth/v2/token", "/auth/v1/Token"])
def test_unknown_paths_are_json_404s(client, path):
    answer = client.call("GET", path)
    assert answer.status == 404
    assert set(answer.json()) == {"error", "code"}


def test_answers_carry_the_security_headers(client, tokens):
    for answer in (client.me(tokens.access), client.call("GET", "/nowhere"), client.login("x@example.com", WRONG)):
        assert answer.header("X-Content-Type-Options") == "nosniff"
        assert answer.header("X-Request-Id")
        assert answer.header("Server") is None or "Beast" not in answer.header("Server")
