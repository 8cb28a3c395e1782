"""The feed against a server that lies: what no feed may say. Real sockets, short times."""

import contextlib
import json
import time
import tracemalloc

import pytest

from fake_issuer import follow
from following import following, outcome_of, quick, until  # noqa: F401  a fixture


def after_snapshot(data):
    def script(connection):
        connection.begin().snapshot()
        connection.send(data(connection.issuer) if callable(data) else data)
        connection.silence(0.5)

    return script


def event(name, data):
    return f"event: {name}\ndata: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode()


NONSENSE = {
    "no JSON": event("revoked", "{oops"),
    "an array": event("revoked", "[1]"),
    "a member twice": event("heartbeat", '{"time":1,"time":2}'),
    "another issuer's list": event("revoked", {"list": "https://evil.example/status-lists/x", "idx": [1]}),
    "no index": lambda issuer: event("revoked", {"list": issuer.uri(next(iter(issuer.lists))), "idx": 1}),
    "a negative index": lambda issuer: event("revoked", {"list": issuer.uri(next(iter(issuer.lists))), "idx": [-1]}),
    "a huge index": lambda issuer: event("revoked", {"list": issuer.uri(next(iter(issuer.lists))), "idx": [1 << 31]}),
    "a snapshot that is no zlib": lambda issuer: event(
        "snapshot", {"list": issuer.uri(next(iter(issuer.lists))), "expires_at": 1 << 33, "revoked": False, "lst": "AAAA"}
    ),
    "a line without an end": b"data: " + b"x" * (5 << 20),
    "an event without an end": b"data: xxxxxxxx\n" * (5 << 16),
    "invalid UTF-8": b"event: \xff\xfe\ndata: {}\n\n",
    "a position that is no header": b"id: \x01\nevent: heartbeat\ndata: {\"time\": 9999999999}\n\n",
}


@pytest.mark.parametrize("nonsense", NONSENSE.values(), ids=NONSENSE.keys())
def test_nonsense_ends_the_connection_and_the_next_begins_with_a_snapshot(issuer, nonsense):
    list_id = issuer.open_list()
    asked = []

    def again(connection):
        asked.append(connection.last_event_id)
        follow(connection)

    issuer.feeds = [after_snapshot(nonsense), again]
    with following(issuer, stale_after=5) as verifier:
        until(lambda: asked)
        assert asked == [None]
        until(lambda: verifier.status().feed_problem is None)
        assert outcome_of(verifier, issuer.token(list_id)) == "accepted"
        issuer.revoke(list_id, 0)
        until(lambda: outcome_of(verifier, issuer.token(list_id)) == "token_revoked")


def test_unknown_events_comments_and_fields_are_passed_over(issuer):
    list_id = issuer.open_list()
    odd = b": hello\n\nnonsense\nx: y\n\nevent: weather\ndata: rain\n\n\r\n: bye\r\n\r\n"
    issuer.feeds = [after_snapshot(odd)]
    with following(issuer) as verifier:
        time.sleep(0.3)
        assert verifier.status().feed_problem is None and verifier.status().feed_is_live
        assert len(issuer.asked("/auth/v1/revocations")) == 1
        assert outcome_of(verifier, issuer.token(list_id)) == "accepted"


def test_an_incomplete_snapshot_is_not_believed_to_be_complete(issuer):
    first, second = issuer.open_list(), issuer.open_list(revoked=[0])

    def lies(connection):
        connection.begin().snapshot_of(first)
        connection.event("ready", {"lists": 2})
        connection.heartbeat()
        connection.silence(0.3)

    issuer.feeds = [lies, follow]
    with following(issuer) as verifier:
        assert len(issuer.asked("/auth/v1/revocations")) == 2
        assert outcome_of(verifier, issuer.token(second)) == "token_revoked"


def test_a_heartbeat_inside_a_snapshot_does_not_make_it_whole(issuer):
    first = issuer.open_list()

    def never_ready(connection):
        connection.begin().snapshot_of(first)
        for _ in range(20):
            connection.heartbeat()
            time.sleep(0.02)

    issuer.feeds = [never_ready]
    with following(issuer, ready=False) as verifier:
        until(lambda: len(issuer.asked("/auth/v1/revocations")) >= 2)
        assert verifier.status().feed_age == float("inf") and not verifier.status().feed_is_live


def test_an_endless_stream_of_garbage_costs_no_memory(issuer):
    def floods(connection):
        connection.begin()
        with contextlib.suppress(OSError):
            for _ in range(400):
                connection.send(b"x" * 65536)

    issuer.feeds = [floods]
    tracemalloc.start()
    with following(issuer, ready=False) as verifier:
        until(lambda: len(issuer.asked("/auth/v1/revocations")) >= 3, 10)
        assert "too long" in verifier.status().feed_problem
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 24 << 20
