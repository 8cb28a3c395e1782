"""How long knowledge counts, to the second, and what is never forgotten. The feed is told event by event, without a network."""

import json
import time

import pytest

from fake_issuer import AUDIENCE, pack
from following import outcome_of
from postern_verifier import Verifier
from postern_verifier.events import Event

STALE_AFTER = 15.0


class World:
    """A verifier whose clock and timer stand still, and the feed that it hears."""

    def __init__(self, issuer, on_stale):
        self.issuer = issuer
        self.began = int(time.time())
        self.passed = 0.0
        self.verifier = Verifier(
            issuer.url, AUDIENCE, stale_after=STALE_AFTER, on_stale=on_stale, request_timeout=10, poll_interval=1000,
            timer=lambda: 1000.0 + self.passed, clock=lambda: self.began + self.passed,
        )  # fmt: skip
        self.feed = self.verifier._feed

    def say(self, name, **data):
        self.feed.apply(Event(name, json.dumps(data), "p"))

    def follow(self, *lists):
        self.feed.connected()
        for list_id in lists:
            self.say("snapshot", list=self.issuer.uri(list_id), expires_at=self.began + 900, revoked=False,
                     lst=pack(self.issuer.lists[list_id]))  # fmt: skip
        self.say("ready", lists=len(lists))
        self.say("heartbeat", time=self.began)

    def goes_away(self):
        self.feed.disconnected(start_over=False)
        for list_id in self.issuer.lists:
            self.issuer.answers[f"/status-lists/{list_id}"] = lambda handler: handler.answer(503, "{}")

    def outcome(self, list_id, index=0):
        return outcome_of(self.verifier, self.issuer.token(list_id, index, iat=self.began - 1, exp=self.began + 600))


@pytest.fixture(params=["refuse", "allow"])
def world(issuer, request):
    made = World(issuer, request.param)
    yield made
    made.verifier.close()


def test_a_list_that_is_not_there_stays_so_while_nobody_says_otherwise(world):
    list_id = world.issuer.open_list()
    path = f"/status-lists/{list_id}"
    world.issuer.answers[path] = lambda handler: handler.answer(404, "{}")
    assert world.outcome(list_id) == "token_revoked"
    world.goes_away()
    for _ in range(20):
        world.passed += 3
        assert world.outcome(list_id) == "token_revoked", f"{world.passed} s later"
        world.verifier._tick()
    del world.issuer.answers[path]
    world.passed += 6
    assert world.outcome(list_id) == "accepted", "the issuer says otherwise"


def test_a_list_that_a_snapshot_lacks_keeps_its_revocations(world):
    list_id, whole, lost = (world.issuer.open_list() for _ in range(3))
    world.follow(list_id, whole, lost)
    world.say("revoked", list=world.issuer.uri(list_id), idx=[5])
    world.say("list_revoked", list=world.issuer.uri(whole))
    world.feed.disconnected(start_over=True)
    world.feed.connected()
    world.say("ready", lists=0)
    world.goes_away()
    for _ in range(3):
        assert world.outcome(list_id, 5) == "token_revoked"
        assert world.outcome(whole) == "token_revoked"
        assert world.outcome(list_id, 6) == world.outcome(lost) != "token_revoked"
        world.passed += 60
        world.verifier._tick()
    world.passed = 901
    world.verifier._tick()
    assert world.verifier.status().lists == 0, "their last token has expired"


def test_a_late_heartbeat_vouches_for_when_it_was_said(world):
    list_id = world.issuer.open_list()
    world.follow(list_id)
    world.goes_away()
    world.passed = STALE_AFTER + 0.9
    world.say("heartbeat", time=world.began)  # in whole seconds: said up to a second later
    assert world.outcome(list_id) == "accepted"
    world.passed = STALE_AFTER + 1.1
    wanted = "accepted" if world.verifier._allows_stale else "unavailable"
    assert world.outcome(list_id) == wanted
    assert world.verifier._revocations.age() > STALE_AFTER
    world.say("heartbeat", time=world.began + 10)
    assert world.outcome(list_id) == "accepted"
    world.say("heartbeat", time=world.began + 5)
    assert world.verifier._revocations.age() < 6, "an older one takes nothing back"


def test_a_heartbeat_from_a_clock_that_is_ahead_vouches_for_now_and_no_more(world):
    list_id = world.issuer.open_list()
    world.follow(list_id)
    world.say("heartbeat", time=world.began + 60)
    assert world.verifier._revocations.age() == 0
