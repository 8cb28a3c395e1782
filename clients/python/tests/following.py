"""A verifier that follows a fake issuer's feed, in less time than in earnest."""

import contextlib
import time

import pytest

from fake_issuer import AUDIENCE, CLIENT
from postern_verifier import VerificationError, Verifier, follower

STALE_AFTER = 1.0


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """The same rules in less time."""
    monkeypatch.setattr(follower, "FIRST_PAUSE", 0.1)
    monkeypatch.setattr(follower, "LONGEST_PAUSE", 0.3)


@contextlib.contextmanager
def following(issuer, *, ready=True, **options):
    options = {"client_id": CLIENT[0], "client_secret": CLIENT[1], "stale_after": STALE_AFTER, "poll_interval": 0.2} | options
    with Verifier(issuer.url, AUDIENCE, request_timeout=1, **options) as verifier:
        if ready:
            assert verifier.wait_until_ready(5), verifier.status()
        yield verifier


def outcome_of(verifier, token):
    try:
        verifier.verify(token)
    except VerificationError as error:
        return error.outcome
    return "accepted"


def until(holds, seconds=20):
    deadline = time.monotonic() + seconds
    while not (value := holds()):
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.005)
    return value
