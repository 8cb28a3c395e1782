"""A database that somebody else has locked, and a PostgreSQL that goes away."""

import contextlib
import signal
import sqlite3
import threading
import time

import pytest

from harness.postgres import PostgresCluster
from harness.waiting import until

LOCKED_SECONDS = 8  # longer than writers wait for a lock, so that some give up
DOWN_SECONDS = 3


@contextlib.contextmanager
def locked_by_another(site):
    """Another process has locked what every write needs."""
    if site.engine == "sqlite":
        with contextlib.closing(sqlite3.connect(site.database_file, isolation_level=None, timeout=30)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            yield
            holder.execute("ROLLBACK")
        return
    lock = "LOCK TABLE sessions, token_slots IN EXCLUSIVE MODE"
    statements = f"BEGIN; {lock}; SELECT pg_sleep({LOCKED_SECONDS}); COMMIT;"
    thread = threading.Thread(target=site.cluster.query, args=(site.database, statements))
    thread.start()
    yield
    thread.join(60)


def test_locked_by_another_process(make_scene, engine):
    scene = make_scene(engine, fault=f"locked for {LOCKED_SECONDS} s")
    reader = scene.client().sign_in(scene.site.new_account()).access
    with scene.at_work():
        time.sleep(1)
        with locked_by_another(scene.site):
            until(lambda: scene.ledger.refused > 0, seconds=LOCKED_SECONDS + 5, what="a write is refused")
            answer = scene.client().me(reader)
            assert answer.status == 200, "reading needs no lock"
            time.sleep(max(0, LOCKED_SECONDS - 5))
        scene.works_again()
        told = scene.ledger.total
        until(lambda: scene.ledger.total > told + 50, seconds=20, what="the load goes on")
    scene.finish()


@pytest.fixture
def own_cluster():
    made = PostgresCluster()
    yield made
    made.close()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["fast", "crash"])
def test_postgresql_stopped_and_started(make_scene, own_cluster, how):
    name = "stopped" if how == signal.SIGINT else "crashed"
    scene = make_scene("postgresql", fault=f"PostgreSQL {name}, 3 times", cluster=own_cluster)
    with scene.at_work():
        for _ in range(3):
            told = scene.ledger.total
            until(lambda told=told: scene.ledger.total > told + 50, seconds=20, what="the load goes on")
            own_cluster.stop(how)
            refused = scene.ledger.refused
            until(lambda refused=refused: scene.ledger.refused > refused, seconds=10, what="requests are refused")
            time.sleep(DOWN_SECONDS)
            assert scene.client().call("GET", "/readyz").status == 503
            assert scene.client().call("GET", "/healthz").status == 200
            own_cluster.start()
            scene.works_again()
    scene.finish()
