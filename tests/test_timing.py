"""A stranger cannot tell accounts apart: neither by the bytes of a refusal nor by the time it takes."""

import random
import statistics
import time

import pytest

from harness.client import BASE
from harness.wire import request_bytes

TRIES = 50
ALLOWED_MS = 2
ROUNDS = 6
WRONG = "this is nobody's password"


@pytest.fixture(scope="module")
def strangers(site):
    """What a stranger may meet, by what it is."""
    activated = site.new_account("--activated")
    disabled = site.new_account("--activated")
    site.run("account", "disable", disabled.email)
    unverified = site.new_account("--kind", "demo", "--activated")
    waiting = site.new_account("--kind", "standard", email="not-yet-active@example.com")
    emails = {
        "unknown": "user999@example.com",
        "wrong password": activated.email,
        "disabled": disabled.email,
        "unverified": unverified.email,
        "not activated": waiting.email,
    }
    return {
        kind: request_bytes("POST", f"{BASE}/token", body={"email": email, "password": WRONG})
        for kind, email in emails.items()
    }


def test_refusals_are_the_same_bytes(client, strangers):
    with client.connect() as connection:
        answers = {}
        for kind, request in strangers.items():
            connection.send(request)
            answers[kind] = connection.read_answer().comparable_bytes()
    assert len(set(answers.values())) == 1, answers


def measure(client, strangers):
    """{kind: response times in ms}, all kinds by turns, shuffled, on one connection."""
    times = {kind: [] for kind in strangers}
    with client.connect() as connection:
        for number in range(TRIES + 3):
            for kind, request in random.sample(list(strangers.items()), len(strangers)):
                begin = time.perf_counter()
                connection.send(request)
                answer = connection.read_answer()
                elapsed = (time.perf_counter() - begin) * 1000
                assert answer.status == 401
                if number >= 3:  # the first tries warm the allocator and the caches
                    times[kind].append(elapsed)
    return times


def spread(values):
    return max(values) - min(values)


def test_refusals_take_the_same_time(client, strangers, capsys):
    """A difference that the server makes shows in every round; one that a busy machine makes does not."""
    for _ in range(ROUNDS):
        times = measure(client, strangers)
        minima = {kind: min(values) for kind, values in times.items()}
        medians = {kind: statistics.median(values) for kind, values in times.items()}
        with capsys.disabled():
            print()
            for kind in times:
                print(f"refusal of {kind}: minimum {minima[kind]:.2f} ms, median {medians[kind]:.2f} ms")
        if spread(minima.values()) <= ALLOWED_MS and spread(medians.values()) <= ALLOWED_MS:
            return
    raise AssertionError(f"minima {minima}, medians {medians}")
