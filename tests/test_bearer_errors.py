"""RFC 6750 section 3 at every endpoint that takes an access token, as the served documents list them."""

import pytest

from harness.client import BASE, bearer
from harness.tokens import with_parts

DOCUMENTS = (BASE, "/admin/v1")
NOBODY = "0190a000-0000-7000-8000-000000000000"
INVALID_TOKEN = 'Bearer error="invalid_token", error_description="'


def endpoints(client):
    """[(method, path)] of what takes an access token as Bearer."""
    found = []
    for base in DOCUMENTS:
        document = client.call("GET", f"{base}/openapi.json").json()
        for path, item in document["paths"].items():
            for method, operation in item.items():
                if {"BearerAuth": []} in operation.get("security", []):
                    found.append((method.upper(), base + path.replace("{id}", NOBODY)))
    return found


@pytest.fixture(scope="module")
def everywhere(sqlite_site):
    client = sqlite_site.servers[0].client()
    found = endpoints(client)
    assert ("GET", f"{BASE}/verify") in found and ("GET", f"{BASE}/me") in found and len(found) > 20
    return client, found


def challenges(answer):
    return [value for name, value in answer.headers if name.lower() == "www-authenticate"]


def is_quotable(challenge):
    """One quoted description that holds nothing which could end it (RFC 6750 section 3)."""
    text = challenge.removeprefix(INVALID_TOKEN)
    return text.count('"') == 1 and text.endswith('"') and "\\" not in text and text.isascii() and text.isprintable()


def test_without_a_token_the_scheme_alone_is_named(everywhere):
    client, found = everywhere
    for method, path in found:
        for headers in ((), {"Authorization": "Basic YTpi"}):
            answer = client.call(method, path, headers=headers)
            assert answer.status == 401 and challenges(answer) == ["Bearer"], (method, path, answer.status)


def test_a_bad_token_is_called_so(everywhere, sqlite_site):
    client, found = everywhere
    tokens = client.sign_in(sqlite_site.new_account())
    for token in (
        "a.b.c",
        tokens.refresh,
        with_parts(tokens.access, signature=b"x" * 64),
        with_parts(tokens.access, header={"alg": 'no"n\\e', "typ": "at+jwt", "kid": '"\\'}),
        "x" * 9000,
        "two tokens",
        f"{tokens.access},{tokens.access}",
        f"\t{tokens.access}",
        f"{tokens.access}=",
        f"{tokens.access}é",
        "a=b",
        "===",
    ):
        for method, path in found:
            answer = client.call(method, path, headers=bearer(token))
            (challenge,) = challenges(answer)
            assert answer.status == 401 and challenge.startswith(INVALID_TOKEN), (method, path, challenge)
            assert is_quotable(challenge), challenge


def test_a_revoked_token_is_called_so(everywhere, sqlite_site):
    client, found = everywhere
    access = client.sign_in(sqlite_site.new_account()).access
    client.revoke_access(access)
    for method, path in found:
        answer = client.call(method, path, headers=bearer(access))
        assert answer.status == 401 and answer.json()["code"] == "token_revoked", (method, path)
        assert challenges(answer)[0].startswith(INVALID_TOKEN)


def test_two_credentials_are_a_malformed_request(everywhere, sqlite_site):
    client, found = everywhere
    access = client.sign_in(sqlite_site.new_account()).access
    headers = [("Authorization", f"Bearer {access}"), ("authorization", f"Bearer {access}")]
    for method, path in found:
        answer = client.call(method, path, headers=headers)
        # Nothing past the reader of requests sees it.
        assert answer.status == 400 and answer.json()["code"] == "duplicate_header", (method, path, answer.body)


def test_a_token_that_is_not_enough_is_told_what_would_be(everywhere, sqlite_site):
    client, found = everywhere
    account = sqlite_site.new_account()
    access = client.sign_in(account).access
    for method, path in found:
        if path.startswith("/admin/"):
            answer = client.call(method, path, headers=bearer(access))
            assert answer.status == 403, (method, path)
            assert challenges(answer)[0].startswith('Bearer error="insufficient_scope", error_description="')
    answer = client.call("GET", f"{BASE}/verify?scope=a+b", headers=bearer(access))
    assert answer.status == 403 and challenges(answer)[0].endswith(', scope="a b"')
