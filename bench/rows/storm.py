"""A storm of logins: ten times the capacity, offered in an open loop from distinct networks through a trusted proxy,
nine in ten with a wrong password; beside it owners who log in from where they did before, and forward auth at a fixed
rate. One run of the storm a round gives all three figures. The server has one core and one hash worker, the load
generator another core, as the two sides of every row."""

import contextlib
import dataclasses
import functools
import subprocess
import threading
import time

from harness.client import Account
from harness.process import thread_niceness
from harness.site import PASSWORD
from measuring import ROUNDS, Row
from parts import (
    SERVER_CORE,
    BenchError,
    command_of,
    nginx,
    open_loop,
    postern,
    requests_file,
    settle,
    stop,
    token_chains,
    wrk,
)
from rows.growth import hash_seconds
from rows.login import SECONDS as LOGIN_SECONDS
from rows.login import bare_hashes, hash_parameters, login_request
from rows.verify import verify_requests

SECONDS = 10
OVERLOAD = 10
VERIFY_RATE = 500
OWNERS = 40
STRANGERS = 2000
# The throttle stays as it is shipped, but for the network of the one who asks: the proxy speaks for everybody.
SETTINGS = {"http.trusted_proxies": ["127.0.0.1/32"], "http.io_threads": 1, "hash.workers": 1,
            "tokens.access_life": "2h", "sessions.idle": "3h"}
WARM_UP = 2  # seconds until the queue of the hash worker is full


def from_network(number):
    return {"X-Forwarded-For": f"{11 + number // 65536}.{number // 256 % 256}.{number % 256}.7"}


def storm_requests(accounts):
    """Nine wrong for one right, each from a network of its own."""
    requests = []
    for number in range(STRANGERS):
        account = accounts[number % len(accounts)]
        password = account.password if number % 10 == 0 else "a guess that is quite wrong"
        requests.append(login_request(Account(account.email, password), from_network(number)))
    return requests


@contextlib.contextmanager
def hash_rate(site):
    """The hashes that are done a second in the midst of what runs inside, by the server's own count: answers would
    also tell of those that are done when the storm is over. Yields a list for the figure."""
    figure = []
    client = site.node.client()

    def watch():
        time.sleep(WARM_UP)
        (_, before), begin = hash_seconds(client), time.monotonic()
        time.sleep(SECONDS - WARM_UP - 1)
        (_, after), end = hash_seconds(client), time.monotonic()
        figure.append((after - before) / (end - begin))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield figure
    finally:
        watcher.join()


def attempts(result, *statuses):
    return sum(result["statuses"].get(status, {}).get("count", 0) for status in statuses)


def check_answers(storm):
    """Whoever was not hashed was told so in the way that was promised."""
    unexpected = set(storm["statuses"]) - {"200", "401", "429", "503"}
    if unexpected or storm["broken"]:
        raise BenchError(f"the storm was also answered with {sorted(unexpected)}, {storm['broken']} connections broke")


def beside_nginx(parameters, niceness, **streams):
    """The answers of nginx to these streams beside as many equally nice bare hash threads, and the rate of those."""
    threads, memory, iterations = parameters
    with nginx(core=SERVER_CORE) as port:
        command = command_of("bare_hash", threads, SECONDS - 1, memory, iterations, core=SERVER_CORE, niceness=niceness)
        hashing = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            result = open_loop(port, SECONDS, **streams)
            return result, float(hashing.communicate(timeout=SECONDS)[0])
        finally:
            stop(hashing)


@dataclasses.dataclass
class Storm:
    capacity: float  # hashes a second at saturation
    hashed: float  # and in the storm
    ours: dict
    nginx: dict  # forward auth alone
    nginx_in_storm: tuple  # the whole storm, and the bare hashes a second beside it
    bare: float  # hashes a second beside nothing


@functools.cache
def storms():
    """All rounds of the storm. Kept, so that the three rows are of the same storms."""
    rounds = []
    with postern(SETTINGS, core=SERVER_CORE) as site:
        parameters, niceness = hash_parameters(site), thread_niceness(site.node.process.pid)["hash-0"]
        accounts = [site.new_account(password=PASSWORD) for _ in range(50)]
        owners = [(site.new_account(password=PASSWORD), from_network(90_000 + n)) for n in range(OWNERS)]
        for owner, network in owners:
            site.node.client().post_token({"email": owner.email, "password": owner.password}, headers=network)
        tokens, _ = token_chains(site, 20, 2000)
        with (
            requests_file([login_request(account) for account in accounts]) as calm_file,
            requests_file(storm_requests(accounts)) as storm_file,
            requests_file([login_request(owner, network) for owner, network in owners]) as owner_file,
            requests_file(verify_requests(tokens)) as verify_file,
        ):
            wrk(site.node.port, 2, script="tokens.lua", BENCH_REQUESTS=verify_file)  # every token becomes known
            for _ in range(ROUNDS):
                capacity = wrk(site.node.port, LOGIN_SECONDS, script="tokens.lua", connections=16,
                               BENCH_REQUESTS=calm_file)
                settle()
                storm = {"strangers": (OVERLOAD * capacity, 3000, storm_file), "owners": (0.1 * capacity, 200, owner_file)}
                verify = (VERIFY_RATE, 32, verify_file)
                with hash_rate(site) as rate:
                    ours = open_loop(site.node.port, SECONDS, verify=verify, **storm)
                settle(4)  # until the queue of hashes is empty
                check_answers(ours["strangers"])
                rounds.append(
                    Storm(
                        capacity=capacity,
                        hashed=rate[0],
                        ours=ours,
                        nginx=beside_nginx(parameters, niceness, verify=verify)[0],
                        nginx_in_storm=beside_nginx(parameters, niceness, verify=verify, **storm),
                        bare=bare_hashes(parameters, SECONDS - 2, core=SERVER_CORE, niceness=niceness),
                    )
                )
    return rounds


def goodput():
    for storm in storms():
        yield {
            "value": storm.hashed / storm.capacity,
            "hashed_per_s": storm.hashed,
            "capacity_per_s": storm.capacity,
            # The limit: what is left of bare hashes by nginx, which answers this storm without looking at it.
            "goodput_beside_nginx": storm.nginx_in_storm[1] / storm.bare,
            "offered_per_s": storm.ours["strangers"]["offered"] / SECONDS,
            "refused": attempts(storm.ours["strangers"], "429", "503"),
            "generator_lag_p99_us": storm.ours["strangers"]["lag_p99_us"],
        }


def owner_success():
    for storm in storms():
        owners = storm.ours["owners"]
        yield {
            "value": attempts(owners, "200") / owners["offered"],
            "offered": owners["offered"],
            "p50_ms": owners["statuses"].get("200", {}).get("p50_us", 0) / 1000,
            "p99_ms": owners["statuses"].get("200", {}).get("p99_us", 0) / 1000,
        }


def verify_latency():
    for storm in storms():
        sides = [result["verify"] for result in (storm.ours, storm.nginx, storm.nginx_in_storm[0])]
        ours, theirs, in_storm = (side["statuses"]["200"]["p99_us"] for side in sides)
        yield {
            "value": ours / theirs,
            "beside_nginx_in_this_storm": ours / in_storm,
            "verify_p99_us": ours,
            "nginx_p99_us": theirs,
            "nginx_p99_in_this_storm_us": in_storm,
            "generator_lag_p99_us": max(side["lag_p99_us"] for side in sides),
        }


ROWS = [
    Row("storm_goodput", 0.95, True, goodput),
    Row("storm_owner_success", 0.99, True, owner_success),
    Row("storm_verify_p99_vs_nginx", 1.5, False, verify_latency),
]
