"""Clients that are slow, go away before the answer, or are too many."""

import asyncio
import contextlib
import os
import resource
import socket
import struct
import threading
import time

from harness.client import BASE, bearer
from harness.tokens import claims_of
from harness.waiting import percentile, until
from harness.wire import ConnectionEnded, request_bytes

SLOW = 2000
SLOW_SECONDS = 4  # what a header and a body may take
CUTS = 15
SPARE_DESCRIPTORS = 30
HELD = 200
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


# --- slow clients -----------------------------------------------------------------------------------------------------

SLOW_HEADER = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
SLOW_BODY = f"POST {BASE}/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n".encode() + (
    b'Content-Length: 60000\r\n\r\n{"email": "'
)


async def drip(port, beginning):
    """Sends a beginning, then a byte every half second, until the server has had enough. Returns how long that took."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    begin = time.monotonic()
    writer.write(beginning)
    ended = asyncio.ensure_future(reader.read())
    while not ended.done():
        await asyncio.wait([ended], timeout=0.5)
        with contextlib.suppress(ConnectionError):
            writer.write(b"x")
    with contextlib.suppress(ConnectionError):
        await ended
    writer.close()
    return time.monotonic() - begin


async def drip_all(port):
    slow = [drip(port, SLOW_BODY if number % 2 else SLOW_HEADER) for number in range(SLOW)]
    return await asyncio.wait_for(asyncio.gather(*slow), 60)


def test_slow_clients(make_scene):
    settings = {"http.header_time": f"{SLOW_SECONDS}s", "http.body_time": f"{SLOW_SECONDS}s"}
    scene = make_scene("sqlite", fault=f"{SLOW} slow clients", settings=settings)
    before, peak, times, lives = scene.server.resident_kib(), 0, [], []
    slow = threading.Thread(target=lambda: lives.extend(asyncio.run(drip_all(scene.server.port))))
    with scene.at_work():
        slow.start()
        while slow.is_alive():
            begin = time.monotonic()
            assert scene.client().call("GET", "/healthz").status == 200
            times.append(time.monotonic() - begin)
            peak = max(peak, scene.server.resident_kib())
            time.sleep(0.02)
        slow.join()
        scene.works_again()
    assert len(lives) == SLOW, "some were never cut off"
    assert max(lives) < SLOW_SECONDS * 10  # their own loop lags on a busy machine; nobody cut would be here for good
    assert scene.ledger.refused + scene.ledger.unanswered == 0, "somebody had to wait for the slow ones"
    assert percentile(times, 0.5) < 0.5
    assert peak - before < 64 * 1024
    scene.finish()


# --- clients that go away ---------------------------------------------------------------------------------------------


def ask_and_go_away(client, method, target, access, body=None):
    """Sends a request, waits until its answer is there, so that the commit was before, and resets the connection."""
    with client.connect() as connection:
        connection.send(request_bytes(method, target, headers=bearer(access), body=body))
        connection.socket.recv(1, socket.MSG_PEEK)
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)


def test_connection_cut_between_commit_and_answer(make_scene, engine):
    scene = make_scene(engine, fault="connection cut before the answer")
    client, account = scene.client(), scene.site.new_account()
    with scene.at_work():
        for _ in range(CUTS):
            tokens = client.sign_in(account)
            one_child_for_a_refresh_that_was_cut(scene, client, tokens)
            ask_and_go_away(client, "DELETE", f"{BASE}/revoke_access", tokens.access)
            assert client.revoke_access(tokens.access).json()["code"] == "token_revoked"
            scene.ledger.revoked.append(tokens.access)
            ask_and_go_away(client, "DELETE", f"{BASE}/revoke_refresh", tokens.refresh)
            scene.ledger.ended.append(tokens.refresh)
            scene.ledger.unanswered += 3
        scene.works_again()
    scene.finish()


def one_child_for_a_refresh_that_was_cut(scene, client, tokens):
    ask_and_go_away(client, "POST", f"{BASE}/refresh", tokens.refresh)
    children = [client.refreshed(tokens.refresh) for _ in range(3)]
    for child in children:
        scene.ledger.exchanged(tokens.refresh, child.refresh)
    assert claims_of(children[0].refresh)["ctr"] == claims_of(tokens.refresh)["ctr"] + 1
    assert client.accepts(children[0].access)


# --- too many clients -------------------------------------------------------------------------------------------------


def descriptors_of(process):
    return len(os.listdir(f"/proc/{process.pid}/fd"))


def test_descriptors_exhausted(make_scene, engine):
    scene = make_scene(engine, fault="descriptors exhausted", settings={"http.header_time": "3s"})
    process, client = scene.server.process, scene.client()
    _, hard = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
    reader = client.sign_in(scene.site.new_account()).access
    with scene.at_work(), contextlib.ExitStack() as held:
        kept = held.enter_context(client.connect())
        assert kept.request("GET", "/healthz").status == 200
        time.sleep(1)
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (descriptors_of(process) + SPARE_DESCRIPTORS, hard))
        for _ in range(HELD):
            connection = held.enter_context(client.connect(timeout=30))
            connection.send(b"GET /healthz HTTP/1.1\r\n")
        until(lambda: "accept_failed" in scene.server.log(), seconds=10, what="connections cannot be accepted")
        try:
            assert kept.request("GET", f"{BASE}/me", headers=bearer(reader)).status == 200
        except (OSError, ConnectionEnded):
            pass  # idle, it may have been closed to make room
        time.sleep(2)
        assert process.poll() is None
        held.close()
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (hard, hard))
        scene.works_again()
    scene.finish()
