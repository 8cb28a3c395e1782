"""A storm of logins: ten times the capacity, offered in an open loop from distinct networks through a trusted proxy,
nine in ten with a wrong password; beside it owners who log in, and forward auth at a fixed rate. One run of the storm
a round gives all three figures."""

import functools
import subprocess

from harness.client import Account
from harness.site import PASSWORD
from measuring import BUILD, ROUNDS, Row
from parts import BenchError, nginx, open_loop, postern, requests_file, settle, stop, token_chains, wrk
from rows.login import SECONDS as LOGIN_SECONDS
from rows.login import hash_parameters, login_request
from rows.verify import verify_requests

SECONDS = 10
OVERLOAD = 10
VERIFY_RATE = 500
OWNERS = 40
STRANGERS = 2000
# The throttle stays as it is shipped, but for the network of the one who asks: the proxy speaks for everybody.
SETTINGS = {"http.trusted_proxies": ["127.0.0.1/32"], "tokens.access_life": "2h", "sessions.idle": "3h"}


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


def attempts(result, *statuses):
    return sum(result["statuses"].get(status, {}).get("count", 0) for status in statuses)


def check_answers(storm):
    """Whoever was not hashed was told so in the way that was promised."""
    unexpected = set(storm["statuses"]) - {"200", "401", "429", "503"}
    if unexpected or storm["broken"]:
        raise BenchError(f"the storm was also answered with {sorted(unexpected)}, {storm['broken']} connections broke")


def nginx_p99(parameters, file):
    """p99 of nginx at the same rate beside as many equally nice hash threads."""
    threads, memory, iterations = parameters
    with nginx() as port:
        hashing = subprocess.Popen(["nice", "-n", "10", str(BUILD / "bare_hash"), str(threads), str(SECONDS + 2), memory,
                                    iterations], stdout=subprocess.DEVNULL)
        try:
            settle(1)
            result = open_loop(port, SECONDS, verify=(VERIFY_RATE, 32, file))["verify"]
        finally:
            stop(hashing)
    return result


@functools.cache
def storms():
    """All rounds of the storm. Kept, so that the three rows are of the same storms."""
    rounds = []
    with postern(SETTINGS) as site:
        parameters = hash_parameters(site)
        accounts = [site.new_account(password=PASSWORD) for _ in range(50)]
        owners = [site.new_account(password=PASSWORD) for _ in range(OWNERS)]
        tokens, _ = token_chains(site, 20, 2000)
        with (
            requests_file([login_request(account) for account in accounts]) as calm_file,
            requests_file(storm_requests(accounts)) as storm_file,
            requests_file([login_request(owner, from_network(90_000 + n)) for n, owner in enumerate(owners)]) as owner_file,
            requests_file(verify_requests(tokens)) as verify_file,
        ):
            for _ in range(ROUNDS):
                capacity = wrk(site.node.port, LOGIN_SECONDS, script="tokens.lua", connections=16, core=None,
                               BENCH_REQUESTS=calm_file)
                settle()
                result = open_loop(
                    site.node.port,
                    SECONDS,
                    strangers=(OVERLOAD * capacity, 3000, storm_file),
                    owners=(0.1 * capacity, 200, owner_file),
                    verify=(VERIFY_RATE, 32, verify_file),
                )
                settle(4)  # until the queue of hashes is empty
                check_answers(result["strangers"])
                rounds.append((capacity, result, nginx_p99(parameters, verify_file)))
    return rounds


def goodput():
    for capacity, result, _ in storms():
        hashed = attempts(result["strangers"], "200", "401") + attempts(result["owners"], "200")
        yield {
            "value": hashed / SECONDS / capacity,
            "hashed_per_s": hashed / SECONDS,
            "capacity_per_s": capacity,
            "offered_per_s": result["strangers"]["offered"] / SECONDS,
            "refused": attempts(result["strangers"], "429", "503"),
            "generator_lag_p99_us": result["strangers"]["lag_p99_us"],
        }


def owner_success():
    for _, result, _ in storms():
        owners = result["owners"]
        yield {"value": attempts(owners, "200") / owners["offered"], "offered": owners["offered"]}


def verify_latency():
    for _, result, theirs in storms():
        ours = result["verify"]
        yield {
            "value": ours["statuses"]["200"]["p99_us"] / theirs["statuses"]["200"]["p99_us"],
            "verify_p99_us": ours["statuses"]["200"]["p99_us"],
            "nginx_p99_us": theirs["statuses"]["200"]["p99_us"],
            "generator_lag_p99_us": max(ours["lag_p99_us"], theirs["lag_p99_us"]),
        }


ROWS = [
    Row("storm_goodput", 0.95, True, goodput),
    Row("storm_owner_success", 0.99, True, owner_success),
    Row("storm_verify_p99_vs_nginx", 1.5, False, verify_latency),
]
