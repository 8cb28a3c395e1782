"""Hostile requests: each gets a clear 4xx in JSON, the next request is served, and nothing grows or leaks."""

import json
import time

import pytest

from harness.client import BASE, Tokens, bearer
from harness.expect import assert_clear_refusal
from harness.forge import forgeries
from harness.site import PASSWORD
from harness.tokens import header_of, with_parts
from harness.wire import ConnectionEnded

JSON_TYPE = {"Content-Type": "application/json"}
MIB = 1024 * 1024

pytestmark = pytest.mark.usefixtures("next_request_is_served")


# --- bodies -----------------------------------------------------------------------------------------------------------

GOOD = b'{"email":"someone@example.com","password":"a password that is long"}'
BAD_BODIES = {
    "duplicate keys": GOOD[:-1] + b',"email":"other@example.com"}',
    "duplicate keys, escaped": GOOD[:-1] + b',"\\u0065mail":"other@example.com"}',
    "arrays 25,000 deep": b"[" * 25_000,
    "objects 10,000 deep": b'{"email":' * 6_000 + b"1" + b"}" * 6_000,
    "deep inside a field": b'{"email":' + b"[" * 20_000 + b"]" * 20_000 + b',"password":"x"}',
    "a raw NUL": b'{"email":"some\x00one@example.com","password":"a password that is long"}',
    "an escaped NUL in the address": b'{"email":"some\\u0000one@example.com","password":"a password that is long"}',
    "an escaped NUL in the password": b'{"email":"someone@example.com","password":"a password\\u0000 that is long"}',
    "invalid UTF-8": b'{"email":"someone@example.com","password":"\xff\xfe that is long enough"}',
    "overlong UTF-8": b'{"email":"someone@example.com","password":"\xc0\xaf that is long enough"}',
    "a UTF-8 surrogate": b'{"email":"someone@example.com","password":"\xed\xa0\x80 that is long"}',
    "an escaped lone surrogate": b'{"email":"someone@example.com","password":"\\ud800 that is long"}',
    "a number for a string": b'{"email":"someone@example.com","password":123456789012345}',
    "an array for a string": b'{"email":["a@example.com","b@example.com"],"password":"a password that is long"}',
    "an object for a string": b'{"email":{"$gt":""},"password":{"$gt":""}}',
    "NaN": b'{"email":NaN,"password":"a password that is long"}',
    "1e400": b'{"email":1e400,"password":"a password that is long"}',
    "a comment": b'{"email":"someone@example.com",/*x*/"password":"a password that is long"}',
    "a trailing comma": GOOD[:-1] + b",}",
    "single quotes": GOOD.replace(b'"', b"'"),
    "two documents": GOOD + GOOD,
    "a byte order mark": b"\xef\xbb\xbf" + GOOD,
    "UTF-16": GOOD.decode().encode("utf-16"),
    "ten thousand fields": b"{" + b",".join(b'"f%d":1' % n for n in range(5_000)) + b"}",
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_bad_bodies(hostile, name):
    _, client, _ = hostile
    answer = client.post_token(BAD_BODIES[name], JSON_TYPE)
    assert_clear_refusal(answer, (400, 401) if "NUL in the password" in name or "surrogate" in name else (400,))


def test_nesting_of_100_000_is_refused(make_site):
    """Deeper than the usual body limit lets in, so on a node whose limit was raised."""
    client = make_site("sqlite", settings={"http.body_bytes": MIB}).serve().client()
    for opening in (b"[", b'{"email":'):
        assert_clear_refusal(client.post_token(opening * 100_000, JSON_TYPE), (400,))
    assert client.call("GET", "/healthz").status == 200


@pytest.mark.parametrize("length", [72, 200, 1000])
def test_passwords_that_differ_only_at_the_end_are_different(sqlite_site, hostile, length):
    _, client, _ = hostile
    words = " ".join(str(number**3) for number in range(100, 300))
    account = sqlite_site.new_account(password=words[: length - 1] + "A")
    assert client.login(account.email, account.password).status == 200
    assert client.login(account.email, account.password[:-1] + "B").status == 401
    assert client.login(account.email, account.password[:-1]).status == 401


def test_endless_password_costs_no_more_than_another(hostile):
    _, client, account = hostile
    begin = time.perf_counter()
    assert_clear_refusal(client.login(account.email, "p" * 60_000), (400, 401))
    assert time.perf_counter() - begin < 1


# --- tokens -----------------------------------------------------------------------------------------------------------


def test_forged_tokens_are_refused_everywhere(hostile):
    _, client, account = hostile
    tokens = client.sign_in(account)
    keys = client.call("GET", "/.well-known/jwks.json").json()["keys"]
    jwk = next(key for key in keys if key["kid"] == header_of(tokens.access)["kid"])
    accepted = []
    count = 0
    for name, token in forgeries(tokens.access, tokens.refresh, jwk):
        count += 1
        try:
            headers = bearer(token)
            answers = [client.call("GET", f"{BASE}/me", headers=headers), client.revoke_access(token)]
            if name != "a refresh token":
                answers += [client.refresh(token), client.revoke_refresh(token)]
        except (OSError, ConnectionEnded) as error:
            raise AssertionError(f"{name}: {error}") from error
        for answer in answers:
            if answer.status not in (400, 401):
                accepted.append((name, answer.status))
            else:
                assert_clear_refusal(answer)
    assert accepted == []
    assert count > 60
    assert client.accepts(tokens.access) and client.refresh(tokens.refresh).status == 200


def test_kid_of_64_kib_is_a_clear_refusal(hostile):
    _, client, account = hostile
    tokens = client.sign_in(account)
    huge = with_parts(tokens.access, header=header_of(tokens.access) | {"kid": "k" * 65536})
    assert_clear_refusal(client.me(huge), (401, 431))
    # Inside the header limit, but longer than any token of ours.
    long = with_parts(tokens.access, header=header_of(tokens.access) | {"kid": "k" * 9000})
    assert_clear_refusal(client.me(long), (401,))
    body = {"refresh_token": with_parts(tokens.refresh, header=header_of(tokens.refresh) | {"kid": "k" * 40000})}
    assert_clear_refusal(client.call("POST", f"{BASE}/refresh", body=body), (401,))


def test_two_authorization_headers_are_refused(hostile):
    _, client, account = hostile
    tokens = client.sign_in(account)
    for second in (tokens.access, "x", tokens.refresh):
        headers = [*bearer(tokens.access).items(), *bearer(second).items()]
        assert_clear_refusal(client.call("GET", f"{BASE}/me", headers=headers), (400, 401))
        headers.reverse()
        assert_clear_refusal(client.call("DELETE", f"{BASE}/revoke_access", headers=headers), (400, 401))
    assert client.accepts(tokens.access)


# --- what must not happen ---------------------------------------------------------------------------------------------


def throw_everything(client, account):
    tokens = client.sign_in(account)
    jwk = client.call("GET", "/.well-known/jwks.json").json()["keys"][0]
    for body in BAD_BODIES.values():
        client.post_token(body, JSON_TYPE)
    for _, token in forgeries(tokens.access, tokens.refresh, jwk):
        client.me(token)
    client.post_token(b"x" * 70_000, JSON_TYPE)
    client.refresh(tokens.refresh)


def test_hostile_requests_do_not_make_the_process_grow(hostile):
    server, client, account = hostile
    for _ in range(4):
        throw_everything(client, account)
    before = server.resident_kib()
    for _ in range(16):
        throw_everything(client, account)
    assert server.resident_kib() - before < 4 * 1024, (before, server.resident_kib())


def test_nothing_secret_is_ever_logged(make_site):
    """At the most talkative level, through every kind of request; metrics and files are looked at as well."""
    site = make_site("sqlite", settings={"log.level": "debug"})
    server = site.serve()
    client = server.client()
    account = site.new_account(password="correct horse sevenfold staple")
    tokens = client.sign_in(account)
    wrong = "wr0ng-but-typed-by-a-person"
    client.login(account.email, wrong)
    client.post_token({"email": account.email, "password": wrong, "more": 1})
    client.post_token({"email": wrong, "password": wrong})
    client.post_token(b'{"email":"' + wrong.encode() + b'","password":"' + wrong.encode(), JSON_TYPE)
    child = client.refreshed(tokens.refresh)
    client.call("POST", f"{BASE}/refresh", body={"refresh_token": child.refresh + "x"})
    client.call("GET", f"{BASE}/me?access_token={child.access}")
    client.call("GET", f"/{child.access}")
    client.me(tokens.access + "tampered")
    client.revoke_access(tokens.access)
    client.revoke_refresh(child.refresh)
    throw_everything(client, account)
    metrics = client.call("GET", "/metrics").body.decode()
    master_key = (site.data / "master.key").read_text().strip()
    server.stop()
    secrets = [PASSWORD, account.password, wrong, master_key]
    for token in (tokens.access, tokens.refresh, child.access, child.refresh):
        secrets += token.split(".")[1:]
    for place, text in {"log": server.log(), "metrics": metrics}.items():
        for secret in secrets:
            assert secret not in text, f"{place} tells {secret[:12]}…"
    assert len(server.log_records()) > 20
    stored = b"".join(file.read_bytes() for file in site.data.glob("postern.db*"))
    for secret in secrets:
        assert secret.encode() not in stored, f"the store holds {secret[:12]}…"


def test_no_core_dump_can_be_written_and_files_are_private(hostile, sqlite_site):
    server, _, _ = hostile
    with open(f"/proc/{server.process.pid}/limits", encoding="ascii") as file:
        core = next(line for line in file if line.startswith("Max core file size"))
    assert core.split()[4:6] == ["0", "0"]
    assert (sqlite_site.data / "master.key").stat().st_mode & 0o077 == 0
    assert (sqlite_site.data / "postern.db").stat().st_mode & 0o077 == 0


def test_good_request_after_all_that(hostile):
    _, client, account = hostile
    assert client.accepts(Tokens.of(client.login(account.email, account.password)).access)
    assert json.loads(client.call("GET", f"{BASE}/openapi.json").body)["openapi"].startswith("3.")
