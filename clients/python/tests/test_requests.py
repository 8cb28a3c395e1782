"""Requests to the issuer: bounded in time and size, never led elsewhere."""

import asyncio
import contextlib
import ssl
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from fake_issuer import AUDIENCE, CLIENT
from postern_verifier import KeysUnknown, RevocationUnknown, Unavailable, Verifier

JWKS = "/.well-known/jwks.json"


@pytest.fixture
def verifier(issuer):
    with Verifier(issuer.url, AUDIENCE, request_timeout=0.5, stale_after=0.5, poll_interval=0.1) as made:
        yield made


def trickle(handler):
    handler.send_response(200)
    handler.end_headers()
    with contextlib.suppress(OSError):
        for _ in range(200):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.05)
    handler.close_connection = True


def flood(handler):
    handler.send_response(200)
    handler.end_headers()
    handler.close_connection = True
    with contextlib.suppress(OSError):
        for _ in range(1000):
            handler.wfile.write(b"x" * 65536)


def redirect_to(url):
    return lambda handler: handler.answer(302, "", {"Location": url})


def silence(handler):
    time.sleep(2)


@pytest.mark.parametrize("answer", [trickle, flood, silence, lambda handler: handler.answer(500, "{}"),
                                    lambda handler: handler.answer(200, "<html>"),
                                    lambda handler: handler.answer(200, '{"keys":[]}')])
def test_keys_that_cannot_be_had_are_unavailable_and_soon(issuer, answer):
    issuer.answers[JWKS] = answer
    with Verifier(issuer.url, AUDIENCE, request_timeout=0.5) as verifier:
        began = time.monotonic()
        with pytest.raises(KeysUnknown):
            verifier.verify(issuer.token(issuer.open_list()))
        assert time.monotonic() - began < 2.5


@pytest.mark.parametrize("answer", [trickle, flood, silence, lambda handler: handler.answer(503, "{}"),
                                    lambda handler: handler.answer(200, "eyJ.eyJ.sig"),
                                    lambda handler: handler.answer(304, "")])
def test_a_list_that_cannot_be_had_is_unavailable_and_soon(issuer, verifier, answer):
    list_id = issuer.open_list()
    issuer.answers[f"/status-lists/{list_id}"] = answer
    began = time.monotonic()
    with pytest.raises(RevocationUnknown):
        verifier.verify(issuer.token(list_id))
    assert time.monotonic() - began < 2.5


def test_a_list_of_another_is_not_believed(issuer, verifier):
    mine, other = issuer.open_list(revoked=[0]), issuer.open_list()
    issuer.answers[f"/status-lists/{mine}"] = lambda handler: handler.answer(200, issuer.status_list(other))
    with pytest.raises(RevocationUnknown):
        verifier.verify(issuer.token(mine))
    issuer.answers[f"/status-lists/{mine}"] = lambda handler: handler.answer(
        200, issuer.status_list(mine, key="access_es256")
    )
    time.sleep(1.1)
    with pytest.raises(RevocationUnknown):
        verifier.verify(issuer.token(mine))


def test_redirects_are_not_followed_and_the_secret_goes_nowhere_else(issuer):
    elsewhere = f"http://localhost:{issuer.url.rpartition(':')[2]}/elsewhere"
    list_id = issuer.open_list()
    issuer.feeds = [lambda connection: redirect_to(elsewhere)(connection.handler)]
    issuer.answers[f"/status-lists/{list_id}"] = redirect_to(elsewhere)
    with Verifier(issuer.url, AUDIENCE, client_id=CLIENT[0], client_secret=CLIENT[1], request_timeout=0.5) as verifier:
        with pytest.raises(RevocationUnknown):
            verifier.verify(issuer.token(list_id))
        time.sleep(0.3)
    assert not issuer.asked("/elsewhere")


def test_keys_are_fetched_again_when_their_age_has_passed(issuer):
    now = [1000.0]
    issuer.max_age = 60
    with Verifier(issuer.url, AUDIENCE, timer=lambda: now[0], stale_after=10_000) as verifier:
        token = issuer.token(issuer.open_list())
        verifier.verify(token)
        verifier._tick()
        assert len(issuer.asked(JWKS)) == 1
        now[0] += 59
        verifier._tick()
        assert len(issuer.asked(JWKS)) == 1
        now[0] += 2
        verifier._tick()
        assert len(issuer.asked(JWKS)) == 2
        verifier.verify(token)


def test_keys_outlive_an_issuer_that_is_away(issuer):
    with Verifier(issuer.url, AUDIENCE, stale_after=10_000) as verifier:
        token = issuer.token(issuer.open_list())
        verifier.verify(token)
        issuer.answers[JWKS] = lambda handler: handler.answer(500, "{}")
        verifier._keys_changed()
        verifier._tick()
        assert verifier.verify(token)


def test_a_list_that_a_new_key_has_signed_makes_the_keys_be_fetched(issuer):
    now = [1000.0]
    with Verifier(issuer.url, AUDIENCE, timer=lambda: now[0]) as verifier:
        verifier.verify(issuer.token(issuer.open_list()))
        issuer.keys = {"access_es256": "access", "status_list_eddsa": "status_list"}
        other = issuer.open_list()
        issuer.answers[f"/status-lists/{other}"] = lambda handler: handler.answer(
            200, issuer.status_list(other, key="status_list_eddsa")
        )
        now[0] += 6
        assert verifier.verify(issuer.token(other))


def test_a_list_is_asked_for_again_only_if_it_changed(issuer, verifier):
    list_id = issuer.open_list()
    token = issuer.token(list_id)
    verifier.verify(token)
    path = f"/status-lists/{list_id}"
    deadline = time.monotonic() + 5
    while len(issuer.asked(path)) < 4 and time.monotonic() < deadline:
        time.sleep(0.05)
    first, *later = issuer.asked(path)
    assert "If-None-Match" not in first
    assert len(later) >= 3 and all(headers["If-None-Match"] == '"0"' for headers in later)
    assert verifier.verify(token), "a list that has not changed is as good as new"


def test_many_first_tokens_of_one_list_make_one_request(issuer):
    list_id = issuer.open_list()

    def slowly(handler):
        time.sleep(0.3)
        handler.answer(200, issuer.status_list(list_id))

    issuer.answers[f"/status-lists/{list_id}"] = slowly
    with Verifier(issuer.url, AUDIENCE) as verifier:
        tokens = [issuer.token(list_id, index) for index in range(20)]
        threads = [threading.Thread(target=verifier.verify, args=(token,)) for token in tokens]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(issuer.asked(f"/status-lists/{list_id}")) == 1


def test_under_asyncio_nothing_blocks(issuer):
    list_id = issuer.open_list()

    def slowly(handler):
        time.sleep(0.5)
        handler.answer(200, issuer.status_list(list_id))

    issuer.answers[f"/status-lists/{list_id}"] = slowly

    async def main():
        turns = 0
        with Verifier(issuer.url, AUDIENCE) as verifier:
            waiting = asyncio.create_task(verifier.verify_async(issuer.token(list_id)))
            while not waiting.done():
                await asyncio.sleep(0.01)
                turns += 1
            await waiting
        return turns

    assert asyncio.run(main()) > 20


def test_many_who_wait_under_asyncio_wait_for_one_request_and_take_no_thread(issuer):
    list_id = issuer.open_list()

    async def waits(verifier, token):
        began = time.monotonic()
        with pytest.raises(RevocationUnknown):
            await verifier.verify_async(token)
        return time.monotonic() - began

    async def main(verifier):
        token = issuer.token(list_id)
        await verifier.verify_async(token)
        issuer.answers[f"/status-lists/{list_id}"] = silence
        await asyncio.sleep(0.4)
        asked = len(issuer.asked(f"/status-lists/{list_id}"))
        waiting = [asyncio.create_task(waits(verifier, token)) for _ in range(100)]
        await asyncio.sleep(0.01)
        began = time.monotonic()
        await asyncio.to_thread(lambda: None)  # what the application wants of its threads
        assert time.monotonic() - began < 0.2
        waiting[0].cancel()  # who gives up does not end it for the others
        took = await asyncio.gather(*waiting[1:])
        assert max(took) < 2.5, took
        assert len(issuer.asked(f"/status-lists/{list_id}")) - asked <= 2  # one may have been broken off

    with Verifier(issuer.url, AUDIENCE, request_timeout=1, stale_after=0.3, poll_interval=60) as verifier:
        asyncio.run(main(verifier))


def test_the_cache_is_bounded(issuer):
    list_id = issuer.open_list()
    with Verifier(issuer.url, AUDIENCE, cache_size=10) as verifier:
        for index in range(30):
            verifier.verify(issuer.token(list_id, index))
        assert len(verifier._cache) == 10


def test_a_cached_token_still_expires(issuer):
    now = [time.time()]
    with Verifier(issuer.url, AUDIENCE, clock=lambda: now[0]) as verifier:
        token = issuer.token(issuer.open_list())
        expires_at = verifier.verify(token).expires_at
        now[0] = expires_at - 0.001
        verifier.verify(token)
        now[0] = expires_at
        with pytest.raises(Exception, match="expired"):
            verifier.verify(token)


def test_a_certificate_that_nobody_vouches_for_is_refused(issuer, tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
        check=True, capture_output=True, timeout=20,
    )

    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        with Verifier(f"https://localhost:{server.server_port}", AUDIENCE, request_timeout=2) as verifier:
            with pytest.raises(Unavailable):
                verifier.verify(issuer.token(issuer.open_list()))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert asked == []


@pytest.mark.parametrize("wrong", [
    {"issuer": "http://auth.example.com"},
    {"issuer": "https://auth.example.com/"},
    {"issuer": "auth.example.com"},
    {"issuer": "https://user:secret@auth.example.com"},
    {"issuer": "http://127.evil.example"},
    {"issuer": "http://127.0.0.1.evil.example"},
    {"issuer": "http://localhost.evil.example"},
    {"issuer": "http://127.0.0.1@evil.example"},
    {"issuer": "http://127.0.0.1\\@evil.example"},
    {"issuer": "http://0.0.0.0"},
    {"issuer": "http://[::2]"},
    {"issuer": "https://auth.example.com?x"},
    {"server_url": "ftp://auth.example.com"},
    {"audience": []},
    {"audience": ""},
    {"client_id": "x"},
    {"on_stale": "ignore"},
    {"stale_after": 0},
])
def test_mistakes_in_the_configuration_are_found_at_once(wrong):
    with pytest.raises(ValueError):
        Verifier(**({"issuer": "https://auth.example.com", "audience": AUDIENCE} | wrong))


@pytest.mark.parametrize("issuer", ["http://localhost", "http://LOCALHOST:80", "http://127.0.0.1:1", "http://127.8.9.10", "http://[::1]:1"])
def test_plain_http_stays_on_this_machine(issuer):
    assert Verifier(issuer, AUDIENCE).issuer == issuer
