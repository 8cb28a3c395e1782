"""Hostile requests: each gets a clear 4xx in JSON, the next request is served, and nothing grows or leaks."""

import json
import threading
import time

import pytest

from harness.client import BASE, Tokens, bearer
from harness.forge import forgeries
from harness.site import PASSWORD
from harness.tokens import header_of, with_parts
from harness.wire import ConnectionEnded, request_bytes

JSON_TYPE = {"Content-Type": "application/json"}
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def hostile(sqlite_site):
    """The node that everything here is thrown at."""
    server = sqlite_site.servers[0]
    account = sqlite_site.new_account()
    return server, server.client(), account


@pytest.fixture(autouse=True)
def next_request_is_served(hostile):
    server, client, _ = hostile
    yield
    assert server.process.poll() is None
    assert client.call("GET", "/healthz").status == 200


def assert_clear_refusal(answer, statuses=range(400, 500)):
    assert answer.status in statuses, (answer.status, answer.body)
    assert answer.header("Content-Type") == "application/json"
    body = answer.json()
    assert set(body) == {"error", "code"} and body["error"] and body["code"]


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


@pytest.mark.parametrize("framing", ["Content-Length", "chunked"])
def test_body_of_10_mib_is_413_long_before_a_hash_could_be_made(hostile, framing):
    _, client, _ = hostile
    chunk = b"a" * 65536
    with client.connect(timeout=10) as connection:
        begin = time.perf_counter()
        if framing == "chunked":
            connection.send(request_bytes("POST", f"{BASE}/token", headers=JSON_TYPE | {"Transfer-Encoding": "chunked"}))
        else:
            length = {"Content-Length": str(10 * MIB)}
            connection.send(request_bytes("POST", f"{BASE}/token", headers=JSON_TYPE | length))
        try:
            for _ in range(10 * MIB // len(chunk)):
                connection.send(b"10000\r\n" + chunk + b"\r\n" if framing == "chunked" else chunk)
        except (ConnectionError, TimeoutError):
            pass  # the server need not read it all
        answer = connection.read_answer()
        assert_clear_refusal(answer, (413,))
        assert time.perf_counter() - begin < 2


def test_body_announced_too_large_is_refused_without_waiting_for_it(hostile):
    _, client, _ = hostile
    for length in ("65537", str(2**40), str(2**63), str(2**64 + 5), "9" * 30):
        with client.connect(timeout=5) as connection:
            connection.send(request_bytes("POST", f"{BASE}/token", headers=JSON_TYPE | {"Content-Length": length}))
            assert_clear_refusal(connection.read_answer(), (400, 413))


@pytest.mark.parametrize("length", ["-1", "0x10", "1,1", "+5", "five", ""])
def test_content_length_that_is_no_number(hostile, length):
    _, client, _ = hostile
    with client.connect(timeout=5) as connection:
        connection.send(request_bytes("POST", f"{BASE}/token", headers=JSON_TYPE | {"Content-Length": length}) + GOOD)
        assert_clear_refusal(connection.read_answer(), (400, 411))


def test_request_smuggling_is_refused(hostile):
    """Two framings in one message (RFC 9112 section 6.1): refused, and the rest is not taken for a request."""
    _, client, _ = hostile
    smuggled = b"0\r\n\r\n" + request_bytes("GET", "/healthz")
    for headers in (
        [("Content-Length", str(len(smuggled))), ("Transfer-Encoding", "chunked")],
        [("Content-Length", "5"), ("Content-Length", str(len(smuggled)))],
        [("Transfer-Encoding", "chunked, identity")],
        [("Transfer-Encoding", "xchunked")],
    ):
        with client.connect(timeout=5) as connection:
            connection.send(request_bytes("POST", f"{BASE}/token", headers=[*JSON_TYPE.items(), *headers]) + smuggled)
            assert_clear_refusal(connection.read_answer(), (400, 501))
            assert connection.is_closed_by_server()


@pytest.mark.parametrize("length", [72, 200, 1000])
def test_passwords_that_differ_only_at_the_end_are_different(sqlite_site, hostile, length):
    _, client, _ = hostile
    account = sqlite_site.new_account(password="long " + "x" * (length - 5) + "A")
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


# --- HTTP -------------------------------------------------------------------------------------------------------------


def test_get_with_a_body_on_a_kept_alive_connection_is_not_taken_for_the_next_request(hostile):
    _, client, account = hostile
    tokens = client.sign_in(account)
    inner = request_bytes("DELETE", f"{BASE}/revoke_access", headers=bearer(tokens.access))
    with client.connect() as connection:
        connection.send(request_bytes("GET", f"{BASE}/me", headers=bearer(tokens.access), body=inner))
        first = connection.read_answer()
        assert first.status in (200, 400, 413)
        try:
            following = connection.request("GET", "/healthz")
            assert following.status == 200 and b"revoked" not in following.body
        except (ConnectionEnded, ConnectionError):
            pass  # closing is safe as well
    assert client.accepts(tokens.access), "the body was run as a request"


def test_header_block_that_never_ends_is_cut_off(hostile):
    _, client, _ = hostile
    for line in (b"X-Endless: " + b"a" * 100 + b"\r\n", b"a" * 100):
        with client.connect(timeout=5) as connection:
            connection.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
            sent = 0
            try:
                while sent < MIB:
                    connection.send(line)
                    sent += len(line)
            except (ConnectionError, TimeoutError):
                pass
            assert sent < MIB, "it reads headers for ever"
            try:
                assert_clear_refusal(connection.read_answer(), (400, 431))
            except ConnectionEnded:
                pass  # what was still on its way may have reset the connection before the answer was read


def test_header_block_over_the_limit_gets_431(hostile):
    _, client, _ = hostile
    headers = [(f"X-Filler-{number}", "a" * 100) for number in range(300)]
    assert_clear_refusal(client.call("GET", "/healthz", headers=headers), (431,))


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
        b"GET\r\n\r\n",
        b"GET /healthz\r\n\r\n",
        b"GET /healthz HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"GET  /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost : localhost\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n folded: x\r\n\r\n",
        b"GET /heal\x00thz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n",
        b"BREW /auth/v1/token HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n\r\n",
    ],
    ids=range(12),
)
def test_what_is_no_http_request_is_refused_or_dropped(hostile, raw):
    _, client, _ = hostile
    with client.connect(timeout=5) as connection:
        connection.send(raw)
        try:
            answer = connection.read_answer()
        except ConnectionEnded:
            return
        assert_clear_refusal(answer, (*range(400, 500), 501, 505))


def test_slow_clients_are_cut_off_while_others_are_served(make_site):
    site = make_site("sqlite", settings={"http.header_time": "1s", "http.body_time": "1s", "http.idle_time": "2s"})
    client = site.serve().client()
    results = {}

    def drip(name, data, pause):
        with client.connect(timeout=8) as connection:
            begin = time.monotonic()
            try:
                for byte in data:
                    connection.send(bytes([byte]))
                    time.sleep(pause)
                    if time.monotonic() - begin > 8:
                        break
            except (ConnectionError, TimeoutError):
                pass
            closed = connection.is_closed_by_server()
            results[name] = (closed, time.monotonic() - begin)

    request = request_bytes("POST", f"{BASE}/token", headers=JSON_TYPE | {"Content-Length": str(len(GOOD))})
    threads = [
        threading.Thread(target=drip, args=("header", request * 9, 0.1)),
        threading.Thread(target=drip, args=("first byte never comes", b"", 0)),
    ]
    threads += [threading.Thread(target=slow_body, args=(client, request, results))]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        begin = time.monotonic()
        assert client.call("GET", "/healthz").status == 200
        assert time.monotonic() - begin < 1
        time.sleep(0.1)
    assert set(results) == {"header", "body", "first byte never comes"}
    for name, (closed, seconds) in results.items():
        assert closed and seconds < 7, (name, closed, seconds)


def slow_body(client, request, results):
    with client.connect(timeout=8) as connection:
        begin = time.monotonic()
        connection.send(request + GOOD[:10])
        try:
            assert_clear_refusal(connection.read_answer(), (408,))
        except ConnectionEnded:
            pass
        results["body"] = (connection.is_closed_by_server(), time.monotonic() - begin)


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
