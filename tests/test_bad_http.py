"""Hostile HTTP: framings that disagree, bodies too large, headers without end, clients that take their time."""

import threading
import time

import pytest

from harness.client import BASE, bearer
from harness.expect import assert_clear_refusal
from harness.wire import ConnectionEnded, request_bytes

JSON_TYPE = {"Content-Type": "application/json"}
GOOD = b'{"email":"someone@example.com","password":"a password that is long"}'
MIB = 1024 * 1024

pytestmark = pytest.mark.usefixtures("next_request_is_served")


@pytest.mark.parametrize("framing", ["Content-Length", "chunked"])
def test_body_of_10_mib_is_413_long_before_a_hash_could_be_made(hostile, framing):
    _, client, _ = hostile
    chunk = b"a" * 65536
    with client.connect(timeout=10) as connection:
        begin = time.perf_counter()
        if framing == "chunked":
            connection.send(
                request_bytes("POST", f"{BASE}/token", headers=JSON_TYPE | {"Transfer-Encoding": "chunked"})
            )
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


def test_get_with_a_body_on_a_kept_alive_connection_is_not_taken_for_the_next_request(hostile):
    _, client, account = hostile
    tokens = client.sign_in(account)
    inner = request_bytes("DELETE", f"{BASE}/revoke_access", headers=bearer(tokens.access))
    with client.connect() as connection:
        connection.send(request_bytes("GET", f"{BASE}/me", headers=bearer(tokens.access), body=inner))
        first = connection.read_answer()
        assert first.status == 400 and first.json()["code"] == "unexpected_body"
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
            sent = 0  # the kernels on both sides may take some MiB that nobody reads
            try:
                while sent < 32 * MIB:
                    connection.send(line)
                    sent += len(line)
            except (ConnectionError, TimeoutError):
                pass
            assert sent < 32 * MIB, "it reads headers for ever"
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
