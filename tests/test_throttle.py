"""Guesses at passwords are stopped before any hashing, whatever way they come; the owner is not."""

import concurrent.futures
import contextlib
import itertools
import re
import threading
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from harness.client import BASE, bearer
from harness.site import PASSWORD, Site
from harness.waiting import until

# The defaults of the configuration.
NETWORK_FAILURES = 100
ACCOUNT_NETWORK_FAILURES = 10
ACCOUNT_FAILURES = 100
NETWORK_REQUESTS = 60

WRONG = "this is not the password"
OWNER = "203.0.113.50"  # where the owner always logs in from
PROXY = {"http.trusted_proxies": ["127.0.0.1"], "hash.queue": 500, "hash.queue_time": "60s"}


def stranger(number):
    return f"198.51.{100 + number // 250}.{1 + number % 250}"


def login(client, email, password, address=None, **headers):
    if address:
        headers["X-Forwarded-For"] = address
    return client.post_token({"email": email, "password": password}, headers=headers)


def hashes_done(client):
    text = client.call("GET", "/metrics").body.decode()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "postern_lane_finished_total" and sample.labels["lane"] == "hash":
                return int(sample.value)
    raise AssertionError(text)


def all_at_once(calls, threads=50):
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def assert_throttled(answer):
    assert answer.status == 429, (answer.status, answer.body)
    assert answer.json()["code"] == "too_many_attempts"
    assert set(answer.json()) == {"error", "code"}
    assert int(answer.header("Retry-After")) >= 1


def use_up_total(client, email, limit=ACCOUNT_FAILURES):
    """Guesses from ever new networks until the address is locked; says how many were looked at."""
    answers = all_at_once(
        [lambda n=number: login(client, email, WRONG, stranger(n)) for number in range(limit + 20)], threads=8
    )
    assert {answer.status for answer in answers} <= {401, 429}
    return [answer.status for answer in answers].count(401)


@pytest.fixture
def guarded(make_site, engine):
    """A site at the default limits behind a trusted proxy, with one account: (site, client, account)."""
    site = make_site(engine, settings=PROXY | {"mail.mode": "file"}, throttled=True)
    client = site.serve().client(timeout=60)
    return site, client, site.new_account(email="ada@example.com")


def spellings(email):
    local, _, domain = email.partition("@")
    return [
        email,
        email.upper(),
        f"{local.capitalize()}@{domain}",
        f"{local}@{domain.title()}",
        f"{local.upper()}@{domain}",
    ]


def test_parallel_guesses_over_spellings_and_routes_evaluate_no_more_than_the_limit(guarded):
    _, client, account = guarded
    access = bearer(client.sign_in(account).access)
    before = hashes_done(client)
    new = {"current_password": WRONG, "new_password": "another quiet harbour"}
    routes = [
        lambda: client.call("POST", f"{BASE}/password/change", headers=access, body=new),
        lambda: client.call(
            "POST", f"{BASE}/email/change", headers=access, body={"new_email": "b@example.com", "password": WRONG}
        ),
        lambda: client.call("DELETE", f"{BASE}/me", headers=access, body={"password": WRONG}),
    ]
    spelled = spellings(account.email)
    guesses = [lambda e=spelled[n % len(spelled)]: login(client, e, WRONG) for n in range(140)]
    answers = all_at_once([*guesses, *(routes * 20)])
    assert len(answers) == 200
    evaluated = [answer for answer in answers if answer.status in (401, 403)]
    assert 1 <= len(evaluated) <= ACCOUNT_NETWORK_FAILURES
    assert hashes_done(client) - before <= ACCOUNT_NETWORK_FAILURES
    for answer in answers:
        if answer not in evaluated:
            assert_throttled(answer)
    assert_throttled(login(client, account.email, account.password))


def test_a_forged_forwarded_address_does_not_help(guarded):
    """The attacker speaks from an address that is no trusted proxy's."""
    _, client, account = guarded
    evaluated = 0
    for number in range(ACCOUNT_NETWORK_FAILURES + 10):
        with client.connect(source="127.0.0.9") as connection:
            body = {"email": account.email, "password": WRONG}
            headers = {"X-Forwarded-For": stranger(number)}
            evaluated += connection.request("POST", f"{BASE}/token", headers=headers, body=body).status == 401
    assert evaluated == ACCOUNT_NETWORK_FAILURES


def test_a_forged_address_to_the_left_of_the_proxys_does_not_help(guarded):
    _, client, account = guarded
    answers = [
        login(client, account.email, WRONG, f"{stranger(number)}, 192.0.2.77")
        for number in range(ACCOUNT_NETWORK_FAILURES + 5)
    ]
    assert [answer.status for answer in answers].count(401) == ACCOUNT_NETWORK_FAILURES


def test_a_network_of_ipv6_addresses_is_one_stranger(guarded):
    _, client, account = guarded
    answers = [
        login(client, account.email, WRONG, f"2001:db8:1:2::{number + 1:x}")
        for number in range(ACCOUNT_NETWORK_FAILURES + 5)
    ]
    assert [answer.status for answer in answers].count(401) == ACCOUNT_NETWORK_FAILURES
    assert login(client, account.email, account.password, "2001:db8:1:3::1").status == 200


def test_spraying_one_password_over_many_addresses_is_stopped(guarded):
    _, client, _ = guarded
    answers = all_at_once(
        [lambda n=n: login(client, f"user{n}@example.com", WRONG, "192.0.2.9") for n in range(NETWORK_FAILURES + 30)]
    )
    assert [answer.status for answer in answers].count(401) == NETWORK_FAILURES
    assert login(client, "someone@example.com", WRONG, "192.0.2.10").status == 401


def test_attacker_from_one_address_is_stopped_and_the_owner_logs_in(guarded):
    _, client, account = guarded
    answers = [login(client, account.email, WRONG, "192.0.2.9") for _ in range(30)]
    assert [answer.status for answer in answers].count(401) == ACCOUNT_NETWORK_FAILURES
    assert login(client, account.email, account.password, OWNER).status == 200


def test_attacker_from_a_thousand_addresses_is_stopped_and_the_owner_logs_in(guarded):
    _, client, account = guarded
    assert login(client, account.email, account.password, OWNER).status == 200
    before = hashes_done(client)
    answers = all_at_once([lambda n=n: login(client, account.email, WRONG, stranger(n)) for n in range(1000)])
    evaluated = [answer.status for answer in answers].count(401)
    assert evaluated == ACCOUNT_FAILURES
    until(lambda: hashes_done(client) - before == evaluated, seconds=2, what="the last hash is counted")
    assert_throttled(login(client, account.email, account.password, "192.0.2.9"))
    assert login(client, account.email, account.password, OWNER).status == 200
    assert login(client, account.email, account.password, "192.0.2.9").status == 200, "and that ends the lock"


def device_cookie(answer):
    set_cookie = answer.header("Set-Cookie")
    attributes = {part.strip().split("=")[0]: part.strip() for part in set_cookie.split(";")[1:]}
    assert set(attributes) == {"Path", "Max-Age", "HttpOnly", "SameSite", "Secure"}
    assert attributes["Path"] == f"Path={BASE}" and attributes["SameSite"] == "SameSite=Strict"
    return re.match(r"postern_device=[\w-]+", set_cookie).group(0)


def test_a_device_that_has_logged_in_gets_past_the_lock_with_a_budget_of_its_own(guarded):
    site, client, account = guarded
    other = site.new_account(email="eve@example.com")
    cookie = device_cookie(login(client, account.email, account.password, "203.0.113.51"))
    foreign = device_cookie(login(client, other.email, other.password, "203.0.113.52"))
    use_up_total(client, account.email)
    elsewhere = "192.0.2.9"
    assert_throttled(login(client, account.email, account.password, elsewhere))
    assert_throttled(login(client, account.email, account.password, elsewhere, Cookie=foreign))
    assert_throttled(login(client, account.email, account.password, elsewhere, Cookie=cookie[:-1] + "_"))
    for _ in range(ACCOUNT_NETWORK_FAILURES):
        assert login(client, account.email, WRONG, elsewhere, Cookie=f"a=b; {cookie}").status == 401
    assert_throttled(login(client, account.email, account.password, elsewhere, Cookie=cookie))


def test_an_unknown_address_locks_the_same_way(guarded):
    _, client, account = guarded

    def locked(email):
        assert use_up_total(client, email) == ACCOUNT_FAILURES
        answer = login(client, email, WRONG, "192.0.2.9")
        assert_throttled(answer)
        wait = int(answer.header("Retry-After"))
        for _ in range(10):
            if wait != 1:
                break
            time.sleep(wait)  # the last guess was answered, and is being counted
            wait = int(login(client, email, WRONG, "192.0.2.9").header("Retry-After"))
        return re.sub(rb"Retry-After: \d+", b"", answer.comparable_bytes()), wait

    known, known_wait = locked(account.email)
    unknown, unknown_wait = locked("nobody@example.com")
    assert known == unknown
    assert abs(known_wait - unknown_wait) < 60


def test_the_lock_survives_a_restart(guarded):
    site, client, account = guarded
    use_up_total(client, account.email)
    site.servers[0].restart()
    assert_throttled(login(client, account.email, account.password, "192.0.2.9"))


def test_retry_after_is_true(make_site, engine):
    settings = PROXY | {"throttle.account_failures": 3, "throttle.lock_time": "3s"}
    site = make_site(engine, settings=settings, throttled=True)
    client = site.serve().client()
    account = site.new_account()
    for number in range(3):
        assert login(client, account.email, WRONG, stranger(number)).status == 401
    refused = login(client, account.email, account.password, "192.0.2.9")
    assert_throttled(refused)
    begin = time.monotonic()
    wait = int(refused.header("Retry-After"))
    assert wait <= 3
    assert_throttled(login(client, account.email, account.password, "192.0.2.9"))
    time.sleep(max(0, begin + wait - time.monotonic()))
    assert login(client, account.email, account.password, "192.0.2.9").status == 200


def test_nodes_share_the_total_of_an_account(make_site):
    site = make_site("postgresql", settings=PROXY, throttled=True)
    first, second = site.serve().client(timeout=60), site.serve().client(timeout=60)
    account = site.new_account()
    half = ACCOUNT_FAILURES // 2
    for number in range(half):
        assert login(first, account.email, WRONG, stranger(number)).status == 401
    until(lambda: failures_in_store(site) == half, seconds=5, what="the failures are in the store")
    answers = [login(second, account.email, WRONG, stranger(half + number)) for number in range(ACCOUNT_FAILURES)]
    assert [answer.status for answer in answers].count(401) == ACCOUNT_FAILURES - half
    until(lambda: failures_in_store(site) == ACCOUNT_FAILURES, seconds=5, what="the failures are in the store")
    assert_throttled(login(first, account.email, account.password, "192.0.2.9"))


def failures_in_store(site):
    return int(site.cluster.query(site.database, "SELECT coalesce(sum(count), 0) FROM login_failures"))


def test_failed_logins_are_in_the_audit_trail_together(guarded):
    site, client, account = guarded
    for _ in range(5):
        assert login(client, account.email, WRONG, "192.0.2.9").status == 401
    site.servers[0].stop()
    lines = site.run("audit", "tail", "--json").splitlines()
    assert sum('"login.failed"' in line for line in lines) <= 2
    assert any('"wrong_password"' in line and "192.0.2.9" in line for line in lines), lines


def test_requests_that_send_mail_are_limited(make_site, engine):
    site = make_site(engine, settings=PROXY | {"mail.mode": "file"}, throttled=True)
    client = site.serve().client()
    answers = all_at_once(
        [
            lambda n=n: client.call(
                "POST",
                f"{BASE}/password/forgot",
                headers={"X-Forwarded-For": "192.0.2.9"},
                body={"email": f"user{n}@example.com"},
            )
            for n in range(NETWORK_REQUESTS + 20)
        ],
        threads=8,
    )
    refused = [answer for answer in answers if answer.status == 429]
    assert len(refused) == 20
    for answer in refused:
        assert_throttled(answer)


def test_storm_is_answered_with_a_time_to_come_back(make_site):
    site = make_site("sqlite", settings={"http.trusted_proxies": ["127.0.0.1"], "hash.queue": 16}, throttled=True)
    client = site.serve().client(timeout=60)
    answers = all_at_once(
        [lambda n=n: login(client, f"user{n % 7}@example.com", WRONG, stranger(n % 40)) for n in range(600)],
        threads=100,
    )
    assert {answer.status for answer in answers} <= {401, 429, 503}
    assert all(int(answer.header("Retry-After")) >= 1 for answer in answers if answer.status != 401)


@pytest.fixture(scope="module")
def stormy():
    """A node with a small queue of hashes, and a storm of strangers that keeps it full while `with storm:` lasts."""
    with Site("sqlite", settings={"http.trusted_proxies": ["127.0.0.1"], "hash.queue": 8}, throttled=True) as site:
        server = site.serve()
        over = threading.Event()
        numbers = itertools.count()
        statuses = []

        def guess():
            client = server.client(timeout=60)
            while not over.is_set():
                number = next(numbers)
                statuses.append(login(client, f"stranger{number}@example.com", WRONG, f"100.{64 + number // 65536}."
                                      f"{number // 256 % 256}.{number % 256}").status)

        @contextlib.contextmanager
        def storm():
            over.clear()
            statuses.clear()
            threads = [threading.Thread(target=guess) for _ in range(40)]
            for thread in threads:
                thread.start()
            try:
                until(lambda: statuses.count(503) > 50, seconds=20, what="strangers are refused")
                yield
            finally:
                over.set()
                for thread in threads:
                    thread.join(60)
            assert statuses.count(503) > 100 and set(statuses) == {401, 503}

        yield site, server, storm


def test_owners_pass_the_strangers_of_a_storm(stormy):
    """From a network that they know, and from anywhere with the cookie of their browser."""
    site, server, storm = stormy
    client = server.client(timeout=60)
    by_network, by_cookie = site.new_account(), site.new_account()
    assert login(client, by_network.email, by_network.password, OWNER).status == 200
    cookie = login(client, by_cookie.email, by_cookie.password, stranger(1)).header("Set-Cookie").split(";")[0]
    with storm():
        answers = [login(client, by_network.email, by_network.password, OWNER) for _ in range(15)]
        answers += [login(client, by_cookie.email, by_cookie.password, f"198.18.0.{n}", Cookie=cookie) for n in range(15)]
    assert {answer.status for answer in answers} == {200}


def test_place_in_the_queue_tells_a_neighbour_nothing_of_an_address(stormy):
    """An address that nobody has goes before strangers too, from where somebody else is known."""
    site, server, storm = stormy
    client = server.client(timeout=60)
    owner = site.new_account()
    assert login(client, owner.email, owner.password, OWNER).status == 200
    with storm():
        known = [login(client, owner.email, WRONG, OWNER).status for _ in range(5)]
        unknown = [login(client, f"nobody{n}@example.com", WRONG, OWNER).status for n in range(5)]
    assert known == unknown == [401] * 5


def test_known_network_that_guesses_is_a_stranger_again(stormy):
    site, server, storm = stormy
    client = server.client(timeout=60)
    owner = site.new_account()
    assert login(client, owner.email, owner.password, "203.0.113.77").status == 200
    with storm():
        statuses = [login(client, f"guess{n}@example.com", WRONG, "203.0.113.77").status for n in range(60)]
    assert statuses[:16] == [401] * 16
    assert statuses[16:].count(503) > 10


def test_password_of_the_tests_is_the_one_that_accounts_have(guarded):
    """Otherwise every refusal above would prove nothing."""
    _, client, account = guarded
    assert account.password == PASSWORD
    assert login(client, account.email, account.password).status == 200
