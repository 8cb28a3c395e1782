"""A cache between Postern and its verifiers: one that does what RFC 9111 says, and one that never asks again."""

import pytest

from fake_issuer import AUDIENCE, Cache
from following import following, outcome_of, quick, until  # noqa: F401  a fixture
from postern_verifier import Verifier

JWKS = "/.well-known/jwks.json"


def test_a_revoked_key_does_not_live_on_in_a_cache(issuer):
    issuer.cache = Cache(obeys=True)
    old = issuer.token(issuer.open_list())
    with following(issuer) as verifier:
        assert outcome_of(verifier, old) == "accepted"
        issuer.keys = {"access_eddsa": "access", "status_list_es256": "status_list"}
        issuer.said.put(("keys", {}))
        until(lambda: outcome_of(verifier, old) == "invalid_token", 2)


def test_a_revocation_does_not_wait_in_a_cache(issuer):
    issuer.cache = Cache(obeys=True)
    list_id = issuer.open_list()
    token = issuer.token(list_id)
    with Verifier(issuer.url, AUDIENCE, poll_interval=0.2, stale_after=30) as verifier:
        assert outcome_of(verifier, token) == "accepted"
        issuer.revoke(list_id, 0, tell=False)
        until(lambda: outcome_of(verifier, token) == "token_revoked", 2)


@pytest.mark.parametrize(("age", "outcome"), [(14, "accepted"), (16, "unavailable")])
def test_what_a_cache_has_kept_is_as_old_as_that(issuer, age, outcome):
    issuer.cache = Cache(obeys=False)
    list_id = issuer.open_list(revoked=[1])
    with Verifier(issuer.url, AUDIENCE) as verifier:  # the cache has them now
        assert outcome_of(verifier, issuer.token(list_id)) == "accepted"
    issuer.cache.age = age
    with Verifier(issuer.url, AUDIENCE, stale_after=15.9, poll_interval=60) as verifier:
        assert outcome_of(verifier, issuer.token(list_id)) == outcome
        assert outcome_of(verifier, issuer.token(list_id, 1)) == "token_revoked"
        asked = len(issuer.requests)
        for _ in range(20):
            outcome_of(verifier, issuer.token(list_id))
        assert len(issuer.requests) <= asked + 1, "a cache that has nothing newer is not asked by every token"


def test_keys_from_a_cache_are_due_earlier(issuer):
    now = [1000.0]
    issuer.cache, issuer.max_age = Cache(obeys=False), 60
    with Verifier(issuer.url, AUDIENCE, timer=lambda: now[0], stale_after=10_000) as verifier:
        token = issuer.token(issuer.open_list())
        verifier.verify(token)
        issuer.cache.age = 50
        now[0] += 61
        verifier._tick()
        asked = len(issuer.asked(JWKS))
        now[0] += 9
        verifier._tick()
        assert len(issuer.asked(JWKS)) == asked
        now[0] += 2
        verifier._tick()
        assert len(issuer.asked(JWKS)) == asked + 1


def test_keys_from_before_the_change_are_soon_asked_for_again(issuer):
    now = [1000.0]
    issuer.cache = Cache(obeys=False)
    with Verifier(issuer.url, AUDIENCE, timer=lambda: now[0], stale_after=10_000) as verifier:
        old = issuer.token(issuer.open_list())
        verifier.verify(old)
        issuer.keys = {"access_eddsa": "access", "status_list_es256": "status_list"}
        issuer.cache.age = 3
        now[0] += 1
        verifier._keys_changed()
        until(lambda: verifier._keys_due_at > now[0])
        assert len(issuer.asked(JWKS)) == 2
        issuer.cache.kept.clear()
        issuer.cache.age = 0
        now[0] += 6
        verifier._tick()
        assert outcome_of(verifier, old) == "invalid_token"
