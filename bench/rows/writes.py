"""Durable writes over 64 connections beside a bare loop that runs the same statements, 64 to a commit, and signs or
checks the same signatures: a restart before a round forgets which tokens were checked, so each revocation costs one."""

import shutil
import tempfile
from pathlib import Path

from measuring import ROUNDS, Row
from parts import bare, postern, refresh_chains, request, requests_file, settle, token_chains, wrk

CONNECTIONS = 64
SECONDS = 4
REVOCATIONS = 60_000  # more than a round uses
SETTINGS = {"tokens.access_life": "2h", "sessions.idle": "3h"}


def copy_of_database(site, folder):
    site.node.stop()
    site.copy_database(Path(folder) / "copy")
    site.node.start()
    return Path(folder) / "copy" / "postern.db"


def revocations():
    for _ in range(ROUNDS):  # each on a database of its own: a token is revoked once
        with postern(SETTINGS) as site, tempfile.TemporaryDirectory() as folder:
            tokens, _ = token_chains(site, 64, REVOCATIONS)
            database = copy_of_database(site, folder)
            requests = [request("DELETE", "/auth/v1/revoke_access", {"Authorization": f"Bearer {t}"}) for t in tokens]
            with requests_file(requests) as file:
                ours = wrk(site.node.port, 60, script="tokens.lua", connections=CONNECTIONS, threads=2, core=None,
                           BENCH_REQUESTS=file, BENCH_ONCE="1")
            settle()
            theirs = bare("sql", "revoke", database, SECONDS)
            statements = bare("sql", "revoke-unchecked", database, SECONDS)
            yield {
                "value": ours / theirs,
                "revocations_per_s": ours,
                "bare_per_s": theirs,
                "bare_without_signatures_per_s": statements,
            }


def refreshes():
    with postern(SETTINGS) as site:
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory() as folder:
                _, chains = token_chains(site, CONNECTIONS, CONNECTIONS)
                ours = refresh_chains(site.node.port, SECONDS, chains)
                settle()
                database = copy_of_database(site, folder)
                theirs = bare("sql", "refresh", database, SECONDS)
                shutil.rmtree(Path(folder) / "copy")
                yield {"value": ours / theirs, "refreshes_per_s": ours, "bare_per_s": theirs}


ROWS = [Row("revoke_vs_bare_sql", 0.5, True, revocations), Row("refresh_vs_bare_sql", 0.5, True, refreshes)]
