"""One round of one peer, and the rounds of all, alternating."""

import statistics
import tempfile
import time

from parts import requests_file, settle, wrk
from peer import EMAILS, OWN, Absent

ROUNDS = 3
LOGIN_CLIENTS = 8  # more than any of them has hash threads
CONNECTIONS = 64
LOGIN_SECONDS = 5
SECONDS = 4
IDLE_SECONDS = 15
PATIENCE = 20  # seconds until an answer counts as missing
WARM_UP_REQUESTS = 1000
FIGURES = {
    "logins_per_s": "logins/s",
    "refreshes_per_s": "refreshes/s",
    "checks_per_s": "checks/s",
    "revocations_per_s": "revocations/s",
    "idle_mib": "idle MiB",
    "start_ms": "start ms",
}


def prove(peer):
    """That it does what is measured: lets in, keeps out, takes back. Raises Absent."""
    access, refresh = peer.sign_in(EMAILS[0])
    peer.ask_well(peer.check_request(access))
    peer.ask_well(peer.refresh_request(refresh))
    if peer.ask(peer.check_request(access[:-8] + "AAAAAAAA"))[0] == 200:
        raise Absent("its protected route lets a changed token in")
    if peer.revocations:
        peer.ask_well(peer.revoke_request(access))
        if peer.ask(peer.check_request(access))[0] == 200:
            raise Absent("its protected route lets a revoked token in")


def rate(peer, requests, *, seconds=SECONDS, connections=CONNECTIONS, **environment):
    with requests_file(requests) as file:
        measured = wrk(peer.port, seconds, script="tokens.lua", connections=connections, core=None, timeout=PATIENCE,
                       BENCH_REQUESTS=file, **environment)
    settle()
    return measured


def refresh_rate(peer, refreshes):
    """A refresh token that changes is followed from answer to answer, a session to a connection."""
    if peer.refresh_script == "tokens.lua":
        return rate(peer, [peer.refresh_request(refresh) for refresh in refreshes])
    chains = [peer.sign_in(EMAILS[number % len(EMAILS)])[1] for number in range(CONNECTIONS)]
    with tempfile.NamedTemporaryFile("w") as file:
        file.write("".join(f"{token}\n" for token in chains))
        file.flush()
        measured = wrk(peer.port, SECONDS, script=peer.refresh_script, connections=CONNECTIONS, threads=CONNECTIONS,
                       core=None, timeout=PATIENCE, BENCH_TOKENS=file.name)
    settle()
    return measured


def one_round(peer):
    """Every figure of a peer; of one whose hash alone differs from another's, the logins."""
    figures = {"start_ms": peer.start()}
    try:
        tokens = [peer.sign_in(email) for email in EMAILS]
        if peer.hashing == OWN:
            checks = [peer.check_request(access) for access, _ in tokens]
            for number in range(WARM_UP_REQUESTS):
                peer.ask_well(checks[number % len(checks)])
            time.sleep(IDLE_SECONDS)
            figures["idle_mib"] = peer.resident_mib()
        figures["logins_per_s"] = rate(peer, [peer.login_request(email) for email in EMAILS], seconds=LOGIN_SECONDS,
                                       connections=LOGIN_CLIENTS)
        if peer.hashing == OWN:
            figures["refreshes_per_s"] = refresh_rate(peer, [refresh for _, refresh in tokens])
            figures["checks_per_s"] = rate(peer, checks)
            if peer.revocations:
                revocations = [peer.revoke_request(token) for token in peer.tokens_to_revoke([r for _, r in tokens])]
                figures["revocations_per_s"] = rate(peer, revocations, seconds=60, BENCH_ONCE="1")
    finally:
        peer.stop()
    return figures


def summary(rounds):
    """For each figure its median, its spread and all of it."""
    return {
        name: {"median": statistics.median(values), "min": min(values), "max": max(values), "raw": values}
        for name in FIGURES
        if (values := [figures[name] for figures in rounds if name in figures])
    }
