"""Acknowledged means durable: kill -9 right after the answer, and what an older copy of the database may not revive."""

import queue
import threading

from harness.waiting import until
from harness.wire import ConnectionEnded

ROUNDS = 50
TOKENS_PER_ROUND = 4


def revoke_until_killed(server, tokens):
    """Revokes the tokens at the same time and kills the server at the first answer. Returns those acknowledged."""
    acknowledged = []
    first = queue.Queue()
    client = server.client(timeout=5)

    def revoke(access):
        try:
            answer = client.revoke_access(access)
        except (OSError, ConnectionEnded):
            return
        if answer.status == 200:
            acknowledged.append(access)
            first.put(access)

    threads = [threading.Thread(target=revoke, args=(access,)) for access in tokens]
    for thread in threads:
        thread.start()
    first.get(timeout=10)
    server.kill()
    for thread in threads:
        thread.join(10)
    return acknowledged


def test_acknowledged_revocations_survive_kill_9(make_site, engine):
    site = make_site(engine)
    server = site.serve()
    client = server.client()
    current = client.sign_in(site.new_account())
    gone = []
    for _ in range(ROUNDS):
        accesses = []
        for _ in range(TOKENS_PER_ROUND):
            current = client.refreshed(current.refresh)
            accesses.append(current.access)
        current = client.refreshed(current.refresh)
        gone += revoke_until_killed(server, accesses)
        server.start()
        for access in gone[-TOKENS_PER_ROUND:]:
            answer = client.me(access)
            assert answer.status == 401 and answer.json()["code"] == "token_revoked", answer.body
        assert client.accepts(current.access), "a restart must not refuse what was never revoked"
    assert len(gone) >= ROUNDS
    assert not any(client.accepts(access) for access in gone)


def test_acknowledged_logout_survives_kill_9(make_site, engine):
    site = make_site(engine)
    server = site.serve()
    client = server.client()
    account = site.new_account()
    for _ in range(5):
        tokens = client.sign_in(account)
        assert client.revoke_refresh(tokens.refresh).status == 200
        server.kill()
        server.start()
        assert not client.accepts(tokens.access)
        assert client.refresh(tokens.refresh).status == 401


def test_revocation_outlives_the_node_that_acknowledged_it(make_site):
    site = make_site("postgresql")
    dying, living = site.serve(), site.serve()
    client, other = dying.client(), living.client()
    account = site.new_account()
    for _ in range(10):
        tokens = client.sign_in(account)
        assert other.accepts(tokens.access)
        assert client.revoke_access(tokens.access).status == 200
        dying.kill()
        until(lambda access=tokens.access: not other.accepts(access), seconds=2, what="the other node refuses")
        dying.start()
        assert not client.accepts(tokens.access)


def test_acknowledged_refresh_survives_kill_9(make_site, engine):
    site = make_site(engine)
    server = site.serve()
    client = server.client()
    current = client.sign_in(site.new_account())
    for _ in range(10):
        current = client.refreshed(current.refresh)
        server.kill()
        server.start()
        assert client.accepts(current.access)


def test_token_of_a_list_that_a_restored_database_does_not_know_is_refused(make_site, tmp_path):
    site = make_site("sqlite")
    server = site.serve()
    client = server.client()
    account = site.new_account()
    before = client.sign_in(account)
    server.stop()
    site.copy_database(tmp_path / "copy")
    server.start()
    after = client.sign_in(account)
    newer = client.refreshed(before.refresh)
    assert client.accepts(after.access) and client.accepts(newer.access)
    server.stop()
    site.put_back_database(tmp_path / "copy")
    server.start()
    assert not client.accepts(after.access), "its list is unknown here: it may have been revoked"
    assert not client.accepts(newer.access)
    assert client.refresh(after.refresh).status == 401
    assert client.accepts(before.access)
    client.sign_in(account)
    assert not client.accepts(after.access), "a new list must not take an unknown one's place"
