"""What a million of everything changes: the time to start, and a login less its hash."""

import re
import statistics
import time

from measuring import ROUNDS, Row
from parts import postern, until
from rows.filling import fill

FEW, MANY = 1_000, 1_000_000
LOGINS = 60


def ready():
    """From exec to the first answer of /readyz, with the files in the page cache."""
    with postern() as site:
        site.new_account()
        site.node.stop()
        fill(site, accounts=MANY, revocations=MANY)
        for file in site.data.glob("postern.db*"):
            file.read_bytes()
        for _ in range(ROUNDS):
            began = time.monotonic()
            site.node.launch()
            until(site.node.is_ready, seconds=20, what="the server is ready", pause=0.001)
            taken = (time.monotonic() - began) * 1000
            site.node.stop()
            yield {"value": taken}


def hash_seconds(client):
    """The time that hash workers have spent, and on how many hashes."""
    text = client.call("GET", "/metrics").body.decode()

    def figure(name):
        return float(re.search(rf'^{name}{{[^}}]*lane="hash"[^}}]*}} (\S+)$', text, re.MULTILINE)[1])

    return figure("postern_lane_busy_seconds_total"), figure("postern_lane_finished_total")


def login_without_hash(site, account):
    """Milliseconds of a login that are not the hash, one login at a time; and the whole."""
    client = site.node.client()
    client.sign_in(account)
    spent, ran = hash_seconds(client)
    with client.connect() as connection:
        times = []
        for _ in range(LOGINS):
            began = time.monotonic()
            answer = connection.request("POST", "/auth/v1/token",
                                        body={"email": account.email, "password": account.password})
            times.append(time.monotonic() - began)
            assert answer.status == 200, answer.status
    spent_after, ran_after = hash_seconds(client)
    hashing = (spent_after - spent) / (ran_after - ran)
    return (statistics.mean(times) - hashing) * 1000, statistics.mean(times) * 1000


def growth():
    with postern() as small, postern() as large:
        accounts = {site: site.new_account() for site in (small, large)}
        for site, count in ((small, FEW), (large, MANY)):
            site.node.stop()
            fill(site, accounts=count)
            site.node.start()
        for _ in range(ROUNDS):
            few, whole_few = login_without_hash(small, accounts[small])
            many, whole_many = login_without_hash(large, accounts[large])
            yield {"value": many / few, "ms_at_a_thousand": few, "ms_at_a_million": many,
                   "login_ms_at_a_thousand": whole_few, "login_ms_at_a_million": whole_many}


ROWS = [Row("ready_ms", 250, False, ready), Row("growth", 1.3, False, growth)]
