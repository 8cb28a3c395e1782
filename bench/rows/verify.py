"""Forward auth beside nginx, identical request bytes, one core each, and tokens that were never seen before."""

from measuring import ROUNDS, Row
from parts import SERVER_CORE, bare, nginx, pin, postern, request, requests_file, settle, token_chains, wrk

WARM_TOKENS = 10_000
COLD_TOKENS = 40_000  # some seconds' worth: each is sent once a round
SECONDS = 5
ONE_THREAD = {"http.io_threads": 1, "tokens.access_life": "2h", "sessions.idle": "3h"}


def verify_requests(tokens):
    return [request("GET", "/auth/v1/verify", {"Authorization": f"Bearer {token}"}) for token in tokens]


def warm():
    with postern(ONE_THREAD, core=SERVER_CORE) as site, nginx(core=SERVER_CORE) as plain:
        tokens, _ = token_chains(site, 50, WARM_TOKENS)
        with requests_file(verify_requests(tokens)) as file:
            wrk(site.node.port, 2, script="tokens.lua", BENCH_REQUESTS=file)  # every token becomes known
            for _ in range(ROUNDS):
                ours = wrk(site.node.port, SECONDS, script="tokens.lua", BENCH_REQUESTS=file)
                settle()
                theirs = wrk(plain, SECONDS, script="tokens.lua", BENCH_REQUESTS=file)
                settle()
                yield {"value": ours / theirs, "verifies_per_s": ours, "nginx_per_s": theirs}


def cold():
    """A restart forgets which tokens were checked; the tokens stay good."""
    with postern(ONE_THREAD, core=SERVER_CORE) as site, nginx(core=SERVER_CORE) as plain:
        tokens, _ = token_chains(site, 50, COLD_TOKENS)
        with requests_file(verify_requests(tokens)) as file:
            for _ in range(ROUNDS):
                site.node.restart()
                pin(site.node.process.pid, SERVER_CORE)
                ours = wrk(site.node.port, 30, script="tokens.lua", BENCH_REQUESTS=file, BENCH_ONCE="1")
                settle()
                theirs = wrk(plain, SECONDS, script="tokens.lua", BENCH_REQUESTS=file)
                checks = bare("signature", SECONDS, core=SERVER_CORE)
                limit = 1 / (1 / theirs + 1 / checks)
                yield {"value": ours / limit, "verifies_per_s": ours, "nginx_per_s": theirs, "checks_per_s": checks}


ROWS = [Row("verify_vs_nginx", 0.8, True, warm), Row("verify_cold_vs_limit", 0.85, True, cold)]
