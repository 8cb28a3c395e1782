"""A stranger cannot tell accounts apart: neither by the bytes of a refusal nor by the time it takes."""

import random
import statistics
import time

import pytest

from harness.client import BASE
from harness.waiting import until
from harness.wire import request_bytes

TRIES = 20
ALLOWED_MS = 2
# Hashes of other systems, of nobody's password: some hundred times cheaper to check than our own, and twice as dear.
CHEAP_HASH = f"pbkdf2:sha256:1000$somesalt${'5f' * 32}"
DEAR_HASH = "$2b$11$Ianpq.g8e46CpCD.uB5uYuUOUsJlib9pX9Ni0DiJH2Pb2egBkc12m"
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
    return requests_for(
        {
            "unknown": "user999@example.com",
            "wrong password": activated.email,
            "disabled": disabled.email,
            "unverified": unverified.email,
            "not activated": waiting.email,
        }
    )


def requests_for(emails, password=WRONG):
    return {
        kind: request_bytes("POST", f"{BASE}/token", body={"email": email, "password": password})
        for kind, email in emails.items()
    }


def test_refusals_are_the_same_bytes(client, strangers):
    with client.connect() as connection:
        answers = {}
        for kind, request in strangers.items():
            connection.send(request)
            answers[kind] = connection.read_answer().comparable_bytes()
    assert len(set(answers.values())) == 1, answers


def measure(client, strangers, tries=TRIES):
    """{kind: response times in ms}, all kinds by turns, shuffled, on one connection."""
    times = {kind: [] for kind in strangers}
    with client.connect() as connection:
        for number in range(tries + 3):
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


def assert_same_time(client, strangers, capsys):
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


def test_refusals_take_the_same_time(client, strangers, capsys):
    assert_same_time(client, strangers, capsys)


@pytest.mark.parametrize("password", [WRONG, "a password of two forms: A\u030a"], ids=["plain", "two forms"])
def test_imported_hashes_do_not_show_in_the_time(make_site, tmp_path, capsys, password):
    """Whether their hash is cheaper or dearer than our own. In the second password a ring stands apart from its A."""
    site = make_site("sqlite")
    site.run("key", "init")
    file = tmp_path / "users.csv"
    file.write_text(f"email,hash\ncheap@example.com,{CHEAP_HASH}\ndear@example.com,{DEAR_HASH}\n")
    site.run("account", "import", str(file))
    activated = site.new_account("--activated")
    client = site.serve().client()
    strangers = requests_for(
        {
            "unknown": "user999@example.com",
            "wrong password": activated.email,
            "cheap import": "cheap@example.com",
            "dear import": "dear@example.com",
        },
        password,
    )
    until(
        lambda: min(measure(client, strangers, 1)["cheap import"]) > 60,
        seconds=10,
        what="the server has measured the schemes",
    )
    assert_same_time(client, strangers, capsys)
