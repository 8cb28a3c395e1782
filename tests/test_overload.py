"""A storm of logins: what does not fit is refused before any hashing, and cheap requests stay cheap."""

import asyncio
import threading
import time

import pytest

from harness.client import BASE, bearer
from harness.site import Site
from harness.waiting import percentile, until
from harness.wire import request_bytes

FLOOD = 300
QUEUE = 32
CALM_P99_MS = 100


async def ask(port, request):
    """One request on a connection of its own: (status, has Retry-After, seconds)."""
    begin = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    await writer.drain()
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)).lower()
    elapsed = time.perf_counter() - begin
    writer.close()
    return int(head.split(b" ")[1]), b"\r\nretry-after: " in head, elapsed


async def ask_all(port, request, count):
    return await asyncio.gather(*(ask(port, request) for _ in range(count)))


@pytest.fixture(scope="module")
def small_queue():
    with Site("sqlite", settings={"hash.queue": QUEUE}) as site:
        yield site, site.serve()


@pytest.fixture(scope="module")
def flood(small_queue):
    """The answers to a flood, and the times in seconds of /me meanwhile."""
    site, server = small_queue
    client = server.client()
    tokens = client.sign_in(site.new_account())
    login = request_bytes("POST", f"{BASE}/token", body={"email": "nobody@example.com", "password": "not a password"})
    over = threading.Event()
    calm = []

    def watch():
        request = request_bytes("GET", f"{BASE}/me", headers=bearer(tokens.access))
        with client.connect() as connection:
            while not over.is_set():
                begin = time.perf_counter()
                connection.send(request)
                assert connection.read_answer().status == 200
                calm.append(time.perf_counter() - begin)
                over.wait(0.005)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        answers = asyncio.run(ask_all(server.port, login, FLOOD))
    finally:
        over.set()
        watcher.join(10)
    return answers, calm


def test_what_fits_is_answered_and_the_rest_is_refused_with_retry_after(flood):
    answers, _ = flood
    statuses = [status for status, _, _ in answers]
    assert set(statuses) == {401, 503}
    assert statuses.count(401) >= QUEUE
    assert statuses.count(503) >= FLOOD // 2
    assert all(has_retry_after for status, has_retry_after, _ in answers if status == 503)


def test_refusals_come_before_any_hashing(flood):
    """Each hash takes some 30 ms of a core: had they been hashed, the refused would have waited for seconds."""
    answers, _ = flood
    refused = [seconds for status, _, seconds in answers if status == 503]
    hashed = [seconds for status, _, seconds in answers if status == 401]
    assert percentile(refused, 0.5) < percentile(hashed, 0.5)
    assert percentile(refused, 0.9) < 0.5


def test_me_stays_quick_in_the_storm(flood, capsys):
    _, calm = flood
    p50, p99 = percentile(calm, 0.5) * 1000, percentile(calm, 0.99) * 1000
    with capsys.disabled():
        print(f"\n/me in the storm: {len(calm)} requests, p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    assert len(calm) > 20
    assert p99 < CALM_P99_MS


def test_logins_work_again_after_the_storm(flood, small_queue):
    site, server = small_queue
    assert server.client().sign_in(site.new_account()).expires_in == 900


def test_login_whose_turn_comes_too_late_is_refused_unhashed(make_site):
    site = make_site("sqlite", settings={"hash.queue": 100, "hash.queue_time": "200ms"})
    server = site.serve()
    login = request_bytes("POST", f"{BASE}/token", body={"email": "nobody@example.com", "password": "not a password"})
    begin = time.perf_counter()
    answers = asyncio.run(ask_all(server.port, login, 90))
    statuses = [status for status, _, _ in answers]
    assert set(statuses) == {401, 503}
    assert time.perf_counter() - begin < 2
    assert all(has_retry_after for status, has_retry_after, _ in answers if status == 503)


def test_hash_memory_is_kept_in_a_storm_and_given_back_after_it(make_site):
    site = make_site("sqlite", settings={"hash.workers": 2})
    server = site.serve()
    login = request_bytes("POST", f"{BASE}/token", body={"email": "nobody@example.com", "password": "not a password"})
    before = server.resident_kib()
    seen = []
    storm = threading.Thread(target=lambda: asyncio.run(ask_all(server.port, login, 60)))
    storm.start()
    while storm.is_alive():
        seen.append(server.hash_memory_kib())
        storm.join(0.02)
    assert max(seen) == 2 * 19 * 1024, "one for each worker"
    until(lambda: server.hash_memory_kib() == 0, seconds=10, what="hash memory is given back")
    assert server.resident_kib() < before + 16 * 1024
