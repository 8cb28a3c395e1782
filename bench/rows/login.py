"""Logins at saturation beside the bare hash: shipped parameters, as many threads."""

import json
import os

from measuring import ROUNDS, Row
from parts import bare, postern, request, requests_file, settle, wrk

CLIENTS = 16  # enough to keep every hash worker busy, few enough that nobody waits for long
SECONDS = 6


def login_request(account, headers=None):
    body = json.dumps({"email": account.email, "password": account.password}).encode()
    return request("POST", "/auth/v1/token", {"Content-Type": "application/json"} | (headers or {}), body)


def hash_parameters(site):
    settings = {row["key"]: row["value"] for row in site.run_json("config")}
    threads = int(settings["hash.workers"]) or os.cpu_count()
    return threads, settings["hash.memory_mib"], settings["hash.iterations"]


def bare_hashes(parameters, seconds, core=None, niceness=0):
    threads, memory, iterations = parameters
    return bare("hash", threads, seconds, memory, iterations, core=core, niceness=niceness)


def saturated():
    with postern() as site:
        parameters = hash_parameters(site)
        accounts = [site.new_account() for _ in range(CLIENTS)]
        with requests_file([login_request(account) for account in accounts]) as file:
            for _ in range(ROUNDS):
                hashes = bare_hashes(parameters, SECONDS)
                settle()
                logins = wrk(site.node.port, SECONDS, script="tokens.lua", connections=CLIENTS, core=None,
                             BENCH_REQUESTS=file)
                settle()
                yield {"value": logins / hashes, "logins_per_s": logins, "bare_hashes_per_s": hashes}


ROWS = [Row("login_vs_bare_hash", 0.95, True, saturated)]
