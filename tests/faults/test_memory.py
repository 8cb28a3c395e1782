"""More logins than there is memory for, and a process that gets no more of it."""

import asyncio
import resource
import threading
import time

from harness.client import BASE
from harness.waiting import until
from harness.wire import request_bytes

HASH_MIB = 64
WORKERS = 2
FLOOD = 600  # 38 GiB, were they all hashed at once
STARVED_SECONDS = 3


def memory_kib(process, name):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name + ":"))


async def ask(port, request):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)).lower()
    writer.close()
    return int(head.split(b" ")[1]), b"\r\nretry-after: " in head


async def flood(port):
    body = {"email": "nobody@example.com", "password": "not a password of anybody"}
    request = request_bytes("POST", f"{BASE}/token", body=body)
    return await asyncio.gather(*(ask(port, request) for _ in range(FLOOD)))


def test_login_flood_beyond_the_hash_memory(make_scene):
    settings = {"hash.memory_mib": HASH_MIB, "hash.workers": WORKERS}
    scene = make_scene("sqlite", fault=f"{FLOOD} logins at once", settings=settings)
    before = scene.server.resident_kib()
    answers = []
    with scene.at_work():
        attackers = threading.Thread(target=lambda: answers.extend(asyncio.run(flood(scene.server.port))))
        attackers.start()
        attackers.join(120)
        scene.works_again()
    assert {status for status, _ in answers} == {401, 503}
    refused = [has_retry_after for status, has_retry_after in answers if status == 503]
    assert len(refused) > FLOOD // 2 and all(refused)
    scene.ledger.refused += len(refused)
    peak = memory_kib(scene.server.process, "VmHWM")
    assert peak - before < (WORKERS * HASH_MIB + 48) * 1024, f"{before} KiB before, {peak} KiB at most"
    scene.finish()


def starve(process, limit, measure, room_kib):
    """Leaves the process, which is at rest, `room_kib` beyond what it has. Returns what gives it back."""
    _, hard = resource.prlimit(process.pid, limit)
    resource.prlimit(process.pid, limit, ((memory_kib(process, measure) + room_kib) * 1024, hard))
    return lambda: resource.prlimit(process.pid, limit, (hard, hard))


def test_no_memory_for_hashes(make_scene, engine):
    """The address space ends (RLIMIT_AS): hashes cannot be had, all that needs none goes on."""
    scene = make_scene(engine, fault="no memory for hashes")
    process, client = scene.server.process, scene.client()
    account = scene.site.new_account()
    with scene.at_work():
        time.sleep(0.5)
    tokens = client.sign_in(account)
    until(lambda: scene.server.hash_memory_kib() == 0, seconds=10, what="the memory of the last hash is given back")
    feed = starve(process, resource.RLIMIT_AS, "VmSize", 12 * 1024)  # a hash takes 19 MiB
    with scene.at_work():
        assert client.login(account.email, account.password).status == 503
        assert client.accepts(tokens.access)
        tokens = client.refreshed(tokens.refresh)
        assert client.revoke_access(tokens.access).status == 200
        scene.ledger.revoked.append(tokens.access)
        time.sleep(STARVED_SECONDS)
        assert process.poll() is None
        feed()
        assert client.login(account.email, account.password).status == 200
        scene.works_again()
    scene.finish()


def test_no_memory_at_all(make_scene, engine):
    """RLIMIT_DATA: any allocation may fail. The server may end; it may not forget."""
    scene = make_scene(engine, fault="no memory at all")
    process = scene.server.process
    with scene.at_work():
        time.sleep(0.5)
    feed = starve(process, resource.RLIMIT_DATA, "VmData", 0)
    with scene.at_work():
        time.sleep(STARVED_SECONDS)
        if process.poll() is None:
            feed()
        else:
            scene.server.launch()
        scene.works_again()
    scene.finish()
