"""kill -9 in the middle of a start: while an old schema is brought up to date, and while a new store is made."""

import contextlib
import random
import sqlite3
import subprocess
import time

import pytest

from faults.oracle import Audit, Ledger
from faults.scene import OLD_STORE
from harness.client import Account
from harness.site import BINARY, PASSWORD

ACCOUNTS = 30_000  # so many that a migration takes some tenths of a second
OLDEST = 1
FIRST_KILL_SECONDS = 0.01
FIRST_STARTS = 6
EMAIL = "somebody@example.com"

COLUMNS = "id, email_key, email, kind, admin, password_hash, security_version, created_at, updated_at, activated_at"
FILL = {
    "sqlite": "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}) "
    "INSERT INTO accounts ({columns}) SELECT randomblob(16), {values} FROM numbers",
    "postgresql": "INSERT INTO accounts ({columns}) SELECT decode(md5(n::text), 'hex'), {values} "
    "FROM generate_series(1, {count}) AS numbers(n)",
}
VALUES = "{email}, {email}, 'standard', 0, '{hash}', 1, 1, 1, 1"


class Store:
    """SQL on a site's database, on either engine."""

    def __init__(self, site):
        self.site = site

    def run(self, sql):
        if self.site.engine == "postgresql":
            return self.site.cluster.query(self.site.database, sql).strip()
        with contextlib.closing(sqlite3.connect(self.site.database_file, timeout=20)) as database, database:
            row = database.execute(sql).fetchone()
            return str(row[0]) if row else ""

    def version(self):
        return int(self.run("SELECT MAX(version) FROM schema_migrations"))


@pytest.fixture(scope="module")
def password_hash(sqlite_site):
    account = sqlite_site.new_account()
    with contextlib.closing(sqlite3.connect(sqlite_site.database_file)) as database:
        query = "SELECT password_hash FROM accounts WHERE email = ?"
        return database.execute(query, [account.email]).fetchone()[0]


def new_store(site):
    """Gives the site an empty database of its own: on PostgreSQL it has one with today's schema already."""
    if site.engine == "postgresql":
        site.database = site.cluster.new_database()
        site.settings["store"] = site.cluster.url(site.database)
        site.write_configuration()
    return Store(site)


def old_store(site, version, password_hash):
    """A database of an earlier version, with many accounts."""
    store = new_store(site)
    site.data.mkdir(mode=0o700, exist_ok=True)
    subprocess.run([OLD_STORE, site.settings["store"], str(version)], check=True, timeout=30)
    fill = FILL[site.engine]
    one = VALUES.format(email=f"'{EMAIL}'", hash=password_hash)
    many = VALUES.format(email="'user' || n || '@example.com'", hash=password_hash)
    store.run(fill.format(columns=COLUMNS, values=many, count=ACCOUNTS))
    store.run(fill.format(columns=COLUMNS, values=one, count=1).replace("md5(n::text)", "md5('x')"))
    return store


def start_and_kill(site, seconds):
    """Begins what a first start does, and kills it after so long, unless it has ended by itself."""
    command = ["key", "init"] if site.engine == "postgresql" else ["serve", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(
        [BINARY, *command, *site.arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=site.environment,
    ) as process:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        process.kill()


def begin(site):
    """The start that is let through. Returns how long it takes until the server is ready."""
    start = time.monotonic()
    if site.engine == "postgresql":
        done = site.command("key", "init", timeout=60)
        assert done.returncode == 0 or "keys" in done.stderr, done.stderr  # an earlier one may have come that far
    site.serve()
    return time.monotonic() - start


def check(site, accounts, report, fault, took):
    client = site.servers[0].client()
    ledger = Ledger()
    ledger.accounts = set(accounts)
    for account in accounts.values():
        if account:
            ledger.password_is(account.email, account.password)
            ledger.acknowledged["account"] += 1
    audit = Audit(ledger)
    audit.check(site, client)
    audit.check_trail(site)
    report(fault, site.engine, ledger, took)
    ledger.assert_kept()


def test_kill_9_in_mid_migration(make_site, engine, password_hash, report):
    """Each start lives a little longer than the one before, until one gets through with it."""
    site = make_site(engine)
    store = old_store(site, OLDEST, password_hash)
    in_the_middle, seconds = 0, FIRST_KILL_SECONDS
    while store.version() == OLDEST:
        start_and_kill(site, seconds)
        assert int(store.run("SELECT COUNT(*) FROM accounts")) == ACCOUNTS + 1
        in_the_middle += store.version() == OLDEST
        seconds *= 1.4
    assert in_the_middle > 5
    took = begin(site)
    assert int(store.run("SELECT COUNT(*) FROM accounts")) == ACCOUNTS + 1
    check(site, {EMAIL: Account(EMAIL, PASSWORD)}, report, f"killed {in_the_middle} times in a migration", took)


def test_kill_9_in_the_first_start(make_site, engine, report):
    """Whatever a start had made of keys and tables, the next one goes on from there."""
    moment = random.Random(4)
    took = 0
    for number in range(FIRST_STARTS):
        site = make_site(engine)
        new_store(site)
        for _ in range(3):
            start_and_kill(site, moment.uniform(0, 0.02 + 0.02 * number))
        took = max(took, begin(site))
        account = site.new_account()
        assert site.servers[0].client().sign_in(account).access
        if number + 1 == FIRST_STARTS:
            check(site, {account.email: account}, report, f"killed in {FIRST_STARTS} first starts", took)
        site.close()
