"""The feed against a server that stalls, repeats, reorders and cuts. Real sockets, short times."""

import statistics
import time

import pytest

from fake_issuer import SLOTS, follow, pack
from following import following, outcome_of, quick, STALE_AFTER, until  # noqa: F401  a fixture
from postern_verifier import InvalidToken, RevocationUnknown, TokenRevoked


def lists_asked(issuer):
    return [path for path, _ in issuer.requests if path.startswith("/status-lists/")]


def test_a_revocation_arrives_at_once_and_no_list_is_fetched(issuer):
    list_id = issuer.open_list(revoked=[7])
    tokens = [issuer.token(list_id, index) for index in range(50)]
    issuer.heartbeat = 0.1
    took = []
    with following(issuer) as verifier:
        assert outcome_of(verifier, issuer.token(list_id, 7)) == "token_revoked"
        for index in range(20, 40):
            assert outcome_of(verifier, tokens[index]) == "accepted"
            began = time.monotonic()
            issuer.revoke(list_id, index)
            until(lambda: outcome_of(verifier, tokens[index]) == "token_revoked")
            took.append(time.monotonic() - began)
        assert outcome_of(verifier, tokens[41]) == "accepted"
    assert statistics.median(took) < 0.2  # the machine may stop for a moment, but not for every second token
    assert lists_asked(issuer) == []
    (headers,) = issuer.asked("/auth/v1/revocations")
    assert headers["Authorization"].startswith("Basic ") and "Last-Event-ID" not in headers


def test_an_index_past_the_end_and_a_list_of_a_revoked_key_are_refused(issuer):
    first, second = issuer.open_list(), issuer.open_list()
    with following(issuer) as verifier:
        assert outcome_of(verifier, issuer.token(first, SLOTS - 1)) == "accepted"
        assert outcome_of(verifier, issuer.token(first, SLOTS)) == "token_revoked"
        assert outcome_of(verifier, issuer.token(second)) == "accepted"
        issuer.said.put(("list_revoked", {"list": issuer.uri(second)}))
        until(lambda: outcome_of(verifier, issuer.token(second)) == "token_revoked")
        assert outcome_of(verifier, issuer.token(first)) == "accepted"


def test_a_list_that_the_feed_opens_needs_no_fetch(issuer):
    with following(issuer) as verifier:
        list_id = issuer.open_list()
        issuer.said.put(("list", {"list": issuer.uri(list_id), "expires_at": int(time.time()) + 900}))
        until(lambda: verifier.status().lists == 1)
        assert outcome_of(verifier, issuer.token(list_id, 3)) == "accepted"
        issuer.revoke(list_id, 3)
        until(lambda: outcome_of(verifier, issuer.token(list_id, 3)) == "token_revoked")
    assert lists_asked(issuer) == []


def test_a_list_that_nobody_told_of_is_fetched_once_and_then_followed(issuer):
    with following(issuer) as verifier:
        list_id = issuer.open_list(revoked=[1])
        assert outcome_of(verifier, issuer.token(list_id, 0)) == "accepted"
        assert outcome_of(verifier, issuer.token(list_id, 1)) == "token_revoked"
        issuer.revoke(list_id, 0)
        until(lambda: outcome_of(verifier, issuer.token(list_id, 0)) == "token_revoked")
        assert len(lists_asked(issuer)) == 1
        assert outcome_of(verifier, issuer.token("018f3c1e-7a00-7c3b-9d1a-5f0e4b2c8aff")) == "token_revoked"


def test_events_that_come_before_their_list_or_twice_or_out_of_order(issuer):
    with following(issuer) as verifier:
        list_id = issuer.open_list()
        expires_at = int(time.time()) + 900
        issuer.revoke(list_id, 5)
        issuer.said.put(("list", {"list": issuer.uri(list_id), "expires_at": expires_at}))
        issuer.revoke(list_id, 5)
        # An older snapshot takes nothing back.
        issuer.said.put(
            ("snapshot", {"list": issuer.uri(list_id), "expires_at": expires_at, "revoked": False, "lst": pack([])})
        )
        issuer.said.put(("list", {"list": issuer.uri(list_id), "expires_at": expires_at}))
        issuer.revoke(list_id, 6)
        until(lambda: outcome_of(verifier, issuer.token(list_id, 6)) == "token_revoked")
        assert outcome_of(verifier, issuer.token(list_id, 5)) == "token_revoked"
        assert outcome_of(verifier, issuer.token(list_id, 4)) == "accepted"


def test_a_broken_connection_is_resumed_where_it_was(issuer):
    list_id = issuer.open_list()
    resumed = []

    def breaks(connection):
        connection.begin().snapshot()
        connection.heartbeat(position="resume-here")

    def resumes(connection):
        resumed.append(connection.last_event_id)
        connection.begin()
        connection.event("revoked", {"list": issuer.uri(list_id), "idx": [9]})
        connection.heartbeat()
        connection.stay()

    issuer.feeds = [breaks, resumes]
    with following(issuer) as verifier:
        until(lambda: outcome_of(verifier, issuer.token(list_id, 9)) == "token_revoked")
        assert resumed == ["resume-here"]
        assert outcome_of(verifier, issuer.token(list_id, 8)) == "accepted"
        assert lists_asked(issuer) == []


def test_half_a_snapshot_is_no_place_to_resume_from(issuer):
    first, second = issuer.open_list(), issuer.open_list(revoked=[4])
    asked = []

    def breaks(connection):
        asked.append(connection.last_event_id)
        connection.begin().snapshot_of(first)

    def whole(connection):
        asked.append(connection.last_event_id)
        follow(connection)

    issuer.feeds = [breaks, breaks, whole]
    with following(issuer) as verifier:
        assert asked == [None, None, None]
        assert outcome_of(verifier, issuer.token(second, 4)) == "token_revoked"


def test_after_a_gap_the_old_knowledge_stays_until_the_new_is_whole(issuer):
    list_id, gone = issuer.open_list(), issuer.open_list()
    issuer.lists[list_id].add(2)
    steps = []

    def first(connection):
        connection.begin().snapshot()
        connection.heartbeat(position="old")

    def gap(connection):
        assert connection.last_event_id == "old"
        del issuer.lists[gone]
        connection.begin().event("gap", {"reason": "too_old"})
        steps.append("gap")
        until(lambda: "asked" in steps)
        issuer.lists[list_id].add(3)
        connection.snapshot()
        steps.append("ready")
        connection.stay()

    issuer.feeds = [first, gap]
    with following(issuer, stale_after=30, poll_interval=20) as verifier:
        until(lambda: "gap" in steps)
        assert outcome_of(verifier, issuer.token(list_id, 2)) == "token_revoked"
        assert outcome_of(verifier, issuer.token(list_id, 3)) == "accepted"
        assert outcome_of(verifier, issuer.token(gone)) == "accepted"
        steps.append("asked")
        until(lambda: outcome_of(verifier, issuer.token(list_id, 3)) == "token_revoked")
        until(lambda: outcome_of(verifier, issuer.token(gone)) == "token_revoked")
        assert outcome_of(verifier, issuer.token(list_id, 2)) == "token_revoked"


def no_lists(issuer):
    """From now on lists cannot be fetched, so that knowledge can only come from the feed."""
    for list_id in issuer.lists:
        issuer.answers[f"/status-lists/{list_id}"] = lambda handler: handler.answer(503, "{}")


def goes_quiet(connection):
    connection.begin().snapshot()
    connection.silence()


def says_stale(connection):
    connection.begin().snapshot()
    connection.event("stale", {})
    connection.silence()


def trickles(connection):
    """Alive to look at, but it says nothing."""
    connection.begin().snapshot()
    end = time.monotonic() + 10
    while time.monotonic() < end and not connection.issuer.closing:
        connection.send(b": still here\n\n")
        time.sleep(0.05)


def sends_old_heartbeats(connection):
    connection.begin().snapshot()
    end = time.monotonic() + 10
    while time.monotonic() < end and not connection.issuer.closing:
        connection.heartbeat(late=60)
        time.sleep(0.05)


def refuses(connection):
    connection.handler.answer(503, "{}")


@pytest.mark.parametrize("feed", [goes_quiet, says_stale, trickles, sends_old_heartbeats])
def test_a_feed_without_heartbeat_ends_in_unavailable_never_in_invalid(issuer, feed):
    list_id = issuer.open_list(revoked=[1])
    issuer.feeds = [feed, refuses]
    token, revoked = issuer.token(list_id), issuer.token(list_id, 1)
    with following(issuer) as verifier:
        no_lists(issuer)
        assert outcome_of(verifier, token) == "accepted"
        began = time.monotonic()
        until(lambda: outcome_of(verifier, token) == "unavailable")
        assert 0.5 * STALE_AFTER < time.monotonic() - began < 3 * STALE_AFTER
        with pytest.raises(RevocationUnknown):
            verifier.verify(token)
        assert outcome_of(verifier, revoked) == "token_revoked", "a bit once seen is never forgotten"
        issuer.feeds = [follow]
        until(lambda: outcome_of(verifier, token) == "accepted")


def test_stale_may_be_allowed(issuer):
    list_id = issuer.open_list(revoked=[1])
    issuer.feeds = [goes_quiet, refuses]
    with following(issuer, on_stale="allow", stale_after=0.3) as verifier:
        no_lists(issuer)
        until(lambda: verifier.status().feed_age > 1)
        assert outcome_of(verifier, issuer.token(list_id)) == "accepted"
        assert outcome_of(verifier, issuer.token(list_id, 1)) == "token_revoked"


def test_lists_are_polled_while_there_is_no_feed(issuer):
    list_id = issuer.open_list()
    issuer.feeds = [lambda connection: connection.begin().snapshot(), refuses]
    with following(issuer) as verifier:
        token = issuer.token(list_id)
        assert outcome_of(verifier, token) == "accepted"
        until(lambda: len(lists_asked(issuer)) >= 3)
        issuer.revoke(list_id, 0, tell=False)
        until(lambda: outcome_of(verifier, token) == "token_revoked", 2)
        issuer.feeds = [follow]
        until(lambda: verifier.status().feed_is_live)
        time.sleep(0.3)
        polled = len(lists_asked(issuer))
        time.sleep(1)
        assert len(lists_asked(issuer)) == polled, "polled beside a live feed"


def test_refused_credentials_are_not_tried_again_in_a_hurry(issuer):
    list_id = issuer.open_list()
    issuer.feeds = [lambda connection: connection.handler.answer(401, "{}")]
    with following(issuer, ready=False) as verifier:
        assert outcome_of(verifier, issuer.token(list_id)) == "accepted", "polling goes on without the feed"
        time.sleep(1)
        assert len(issuer.asked("/auth/v1/revocations")) == 1
        assert "401" in verifier.status().feed_problem


@pytest.mark.parametrize("reason", ["slow", "shutdown"])
def test_a_cut_feed_comes_back(issuer, reason):
    list_id = issuer.open_list()

    def cut(connection):
        connection.begin().snapshot()
        connection.event("cut", {"reason": reason}, position="here")

    issuer.feeds = [cut, follow]
    with following(issuer) as verifier:
        until(lambda: len(issuer.asked("/auth/v1/revocations")) == 2)
        until(lambda: verifier.status().feed_problem is None)
        assert outcome_of(verifier, issuer.token(list_id)) == "accepted"


def test_expired_lists_are_forgotten(issuer):
    list_id = issuer.open_list()

    def short(connection):
        connection.begin().snapshot_of(list_id, expires_at=int(time.time()) + 2)
        connection.event("ready", {"lists": 1})
        connection.heartbeat()
        connection.stay()

    issuer.feeds = [short]
    with following(issuer) as verifier:
        assert verifier.status().lists == 1
        until(lambda: verifier.status().lists == 0)


def test_new_keys_are_fetched_when_the_feed_says_so_and_old_ones_dropped(issuer):
    list_id = issuer.open_list()
    old = issuer.token(list_id)
    with following(issuer) as verifier:
        assert outcome_of(verifier, old) == "accepted"
        issuer.keys = {"access_eddsa": "access", "status_list_es256": "status_list"}
        issuer.said.put(("keys", {}))
        until(lambda: outcome_of(verifier, old) == "invalid_token", 2)
        assert outcome_of(verifier, issuer.token(list_id, key="access_eddsa")) == "accepted"


def test_new_keys_are_fetched_when_the_feed_has_missed_something(issuer):
    old = issuer.token(issuer.open_list())

    def first(connection):
        connection.begin().snapshot()
        connection.heartbeat(position="old")
        until(lambda: "access_eddsa" in issuer.keys)

    def restarted(connection):
        connection.begin().event("gap", {"reason": "unknown_position"})
        connection.snapshot()
        connection.stay()

    issuer.feeds = [first, restarted]
    with following(issuer) as verifier:
        assert outcome_of(verifier, old) == "accepted"
        issuer.keys = {"access_eddsa": "access", "status_list_es256": "status_list"}
        until(lambda: outcome_of(verifier, old) == "invalid_token")


def test_an_unknown_kid_is_asked_for_but_not_by_every_stranger(issuer):
    list_id = issuer.open_list()
    with following(issuer) as verifier:
        verifier.verify(issuer.token(list_id))
        for _ in range(50):
            with pytest.raises(InvalidToken):
                verifier.verify(issuer.token(list_id, key="unpublished_es256"))
        assert len(issuer.asked("/.well-known/jwks.json")) <= 2


def test_closing_is_quick_and_final(issuer):
    with following(issuer) as verifier:
        began = time.monotonic()
        verifier.close()
        assert time.monotonic() - began < 1
        assert not verifier._follower.is_alive()


def test_revoked_beats_the_cache(issuer):
    list_id = issuer.open_list()
    with following(issuer) as verifier:
        token = issuer.token(list_id)
        assert verifier.verify(token) is verifier.verify(token)
        issuer.revoke(list_id, 0)
        until(lambda: outcome_of(verifier, token) == "token_revoked")
        with pytest.raises(TokenRevoked):
            verifier.verify(token)
