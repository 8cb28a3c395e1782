"""Resident memory, as the kernel counts it, nothing subtracted."""

import time

from harness.process import resident_kib
from measuring import ROUNDS, Row
from parts import postern, request, requests_file, token_chains, wrk
from rows.filling import fill

REVOCATIONS = 1_000_000
IDLE_SECONDS = 60


def idle():
    """A minute after 10,000 requests and 100 logins."""
    for _ in range(ROUNDS):
        with postern() as site:
            client = site.node.client()
            account = site.new_account()
            tokens = [client.sign_in(account).access for _ in range(100)]
            requests = [request("GET", "/auth/v1/me", {"Authorization": f"Bearer {tokens[n % 100]}"})
                        for n in range(10_000)]
            with requests_file(requests) as file:
                wrk(site.node.port, 60, script="tokens.lua", connections=16, BENCH_REQUESTS=file, BENCH_ONCE="1")
            time.sleep(IDLE_SECONDS)
            pid = site.node.process.pid
            yield {
                "value": site.node.resident_kib() / 1024,
                # Of it: what no other program could share, and what is files that the kernel keeps anyway.
                "private_mib": resident_kib(pid, "RssAnon") / 1024,
                "files_mib": resident_kib(pid, "RssFile") / 1024,
            }


def revoked_million():
    """A server with a million revoked live tokens beside the same server without."""
    for _ in range(ROUNDS):
        with postern() as site:
            site.new_account()
            site.node.restart()
            without = site.node.resident_kib()
            site.node.stop()
            fill(site, revocations=REVOCATIONS)
            site.node.start()
            token_chains(site, 1, 1)
            with_them = site.node.resident_kib()
            site.node.restart()
            yield {"value": (site.node.resident_kib() - without) / 1024, "without_mib": without / 1024,
                   "after_a_login_mib": with_them / 1024}


ROWS = [Row("idle_rss_mib", 20, False, idle), Row("revoked_million_mib", 8, False, revoked_million)]
