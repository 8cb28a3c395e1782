"""Forward auth beside nginx, identical request bytes, one core each, and tokens that were never seen before.

Our answers say whose a token is and nginx's say nothing, so the generator has more to do with ours, and is the limit
sooner. What counts is the rate that a core of the server's would do: the one that was seen by the share that was used."""

import contextlib
import subprocess

from harness.client import bearer
from harness.process import free_port
from harness.waiting import until
from measuring import ROUNDS, Row
from parts import (
    CLIENT_CORE,
    SERVER_CORE,
    answers,
    bare,
    command_of,
    nginx,
    pin,
    postern,
    request,
    requests_file,
    settle,
    shares,
    stop,
    token_chains,
    wrk,
)

WARM_TOKENS = 10_000
COLD_TOKENS = 40_000  # some seconds' worth: each is sent once a round
SECONDS = 5
ONE_THREAD = {"http.io_threads": 1, "tokens.access_life": "2h", "sessions.idle": "3h"}


def verify_requests(tokens):
    return [request("GET", "/auth/v1/verify", {"Authorization": f"Bearer {token}"}) for token in tokens]


def closed_loop(port, file):
    with shares(server=SERVER_CORE, generator=CLIENT_CORE) as used:
        rate = wrk(port, SECONDS, script="tokens.lua", BENCH_REQUESTS=file)
    settle()
    return rate, used


def what_verify_says(site, token):
    """The header lines of an answer that nginx does not make by itself."""
    answer = site.node.client().call("GET", "/auth/v1/verify", headers=bearer(token))
    by_itself = ("date", "connection", "content-length", "content-type", "server")
    return [(name, value) for name, value in answer.headers if name.lower() not in by_itself]


def warm():
    with postern(ONE_THREAD, core=SERVER_CORE) as site, contextlib.ExitStack() as stack:
        tokens, _ = token_chains(site, 50, WARM_TOKENS)
        plain = stack.enter_context(nginx(core=SERVER_CORE))
        saying_as_much = stack.enter_context(nginx(core=SERVER_CORE, headers=what_verify_says(site, tokens[0])))
        with requests_file(verify_requests(tokens)) as file:
            wrk(site.node.port, 2, script="tokens.lua", BENCH_REQUESTS=file)  # every token becomes known
            for _ in range(ROUNDS):
                ours, our_shares = closed_loop(site.node.port, file)
                theirs, their_shares = closed_loop(plain, file)
                as_long, as_long_shares = closed_loop(saying_as_much, file)
                rate = ours / our_shares["server"]
                yield {
                    "value": rate / (theirs / their_shares["server"]),
                    "beside_nginx_saying_as_much": rate / (as_long / as_long_shares["server"]),
                    "verifies_per_s": ours,
                    "nginx_per_s": theirs,
                    "nginx_saying_as_much_per_s": as_long,
                    "verify_core_used": our_shares["server"],
                    "nginx_core_used": their_shares["server"],
                    "generator_core_used": our_shares["generator"],
                    "generator_core_used_nginx": their_shares["generator"],
                }


@contextlib.contextmanager
def checking_server():
    """Nothing but HTTP and a signature check for each request. Yields its port."""
    port = free_port()
    process = subprocess.Popen(command_of("bare_signature", "serve", port, core=SERVER_CORE))
    try:
        until(lambda: answers(port), seconds=10, what="the checking server answers")
        yield port
    finally:
        stop(process)


def cold():
    """A restart forgets which tokens were checked; the tokens stay good. The limit of the goal takes nginx's rate at
    saturation, where its answers come in heaps; the checking server shows what the wake-ups cost at the rate of checks."""
    with (
        postern(ONE_THREAD, core=SERVER_CORE) as site,
        nginx(core=SERVER_CORE) as plain,
        checking_server() as checking,
    ):
        tokens, _ = token_chains(site, 50, COLD_TOKENS)
        with requests_file(verify_requests(tokens)) as file:
            for _ in range(ROUNDS):
                site.node.restart()
                pin(site.node.process.pid, SERVER_CORE)
                ours = wrk(site.node.port, 30, script="tokens.lua", BENCH_REQUESTS=file, BENCH_ONCE="1")
                settle()
                theirs = wrk(plain, SECONDS, script="tokens.lua", BENCH_REQUESTS=file)
                checks = bare("signature", SECONDS, core=SERVER_CORE)
                settle()
                served = wrk(checking, SECONDS, script="tokens.lua", BENCH_REQUESTS=file)
                limit = 1 / (1 / theirs + 1 / checks)
                yield {
                    "value": ours / limit,
                    "verifies_per_s": ours,
                    "nginx_per_s": theirs,
                    "checks_per_s": checks,
                    "checking_server_per_s": served,
                }


ROWS = [Row("verify_vs_nginx", 0.8, True, warm), Row("verify_cold_vs_limit", 0.85, True, cold)]
