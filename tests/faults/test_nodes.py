"""One of two nodes is stopped in its tracks for a while, as by a hypervisor, and goes on as if nothing had been."""

import os
import signal
import time

from faults.scene import LONG
from harness.client import BASE, bearer
from harness.waiting import until
from harness.wire import ConnectionEnded, request_bytes

FROZEN_SECONDS = 60 if LONG else 10
DOOMED = 20
BOUND_SECONDS = 2  # revocation.freshness_bound


def ask_all(connections, tokens):
    for connection, access in zip(connections, tokens, strict=True):
        connection.send(request_bytes("GET", f"{BASE}/me", headers=bearer(access)))


def answers_of(connections):
    statuses = []
    for connection in connections:
        try:
            statuses.append(connection.read_answer().status)
        except (OSError, ConnectionEnded):
            statuses.append(None)
    return statuses


def test_one_of_two_nodes_frozen(make_scene):
    here = make_scene("postgresql", fault=f"other node frozen for {FROZEN_SECONDS} s")
    here.site.serve()
    there = make_scene.join(here.site, f"node frozen for {FROZEN_SECONDS} s", node=1)
    account = here.site.new_account()
    doomed = [here.client().sign_in(account).access for _ in range(DOOMED)]
    connections = [there.client().connect() for _ in doomed]
    ask_all(connections, doomed)
    assert set(answers_of(connections)) == {200}
    with here.at_work(), there.at_work():
        time.sleep(1)
        os.kill(there.server.process.pid, signal.SIGSTOP)
        try:
            time.sleep(0.5)
            told = here.ledger.total
            for access in doomed:
                assert here.client().revoke_access(access).status == 200
                here.ledger.revoked.append(access)
            ask_all(connections, doomed)  # these lie in the kernel until it goes on
            time.sleep(FROZEN_SECONDS)
            assert here.ledger.total > told + 2 * FROZEN_SECONDS, "the living node waited for the frozen one"
        finally:
            os.kill(there.server.process.pid, signal.SIGCONT)
        begin = time.monotonic()
        first = answers_of(connections)
        assert set(first) <= {401, 503, None}, first
        client = there.client()
        until(
            lambda: all(client.me(access).status == 401 for access in doomed),
            seconds=BOUND_SECONDS,
            what="the node that was frozen knows what was revoked meanwhile",
        )
        there.recovery = time.monotonic() - begin
        there.works_again()
    here.finish()
    there.finish()
