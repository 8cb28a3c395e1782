"""The audit trail: what is in it, that no change of it goes unnoticed, and that erasing people leaves it provable."""

import contextlib
import hashlib
import hmac
import http.server
import json
import queue
import re
import signal
import sqlite3
import subprocess
import threading
import time

import pytest

from harness.site import BINARY, ROOT, Site
from harness.waiting import until
from harness.wire import ConnectionEnded

AGENT = "harbour-browser/1"


def query(site, sql):
    """Runs SQL behind the server's back. Rows come back as tuples of texts."""
    if site.cluster:
        lines = site.cluster.query(site.database, sql).splitlines()
        return [tuple(line.split("|")) for line in lines]
    with contextlib.closing(sqlite3.connect(site.database_file, timeout=10, isolation_level=None)) as database:
        return [tuple(str(value) for value in row) for row in database.execute(sql).fetchall()]


def verify(site, status=0):
    done = site.command("audit", "verify", "--json")
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    return json.loads(done.stdout)


def all_sealed(site):
    """The report on the whole trail, once the server has sealed all of it."""
    return until(lambda: (report := verify(site))["unsealed"] == 0 and report, seconds=15, what="all is sealed", pause=0.1)


def agent(name=AGENT):
    return {"User-Agent": name}


def live_a_little(site, server):
    """A log-in, a refused one, a revocation, a disabled account."""
    client = server.client()
    account = site.new_account()
    tokens = client.sign_in(account)
    client.login(account.email, "not the password at all")
    assert client.revoke_access(tokens.access).status == 200
    site.run("account", "disable", account.email)
    # Failed logins cause no write of their own: they come with the next flush.
    until(lambda: query(site, "SELECT event FROM audit_records WHERE event = 'login.failed'"), seconds=10, what="a flush")
    return account


def test_what_happens_is_recorded_and_sealed(make_site, engine):
    site = make_site(engine)
    server = site.serve()
    account = live_a_little(site, server)
    report = all_sealed(site)
    assert report["whole"] and report["signatures_checked"]
    assert report["proven"] == report["last"] == report["records"] >= 4

    records = site.run_json("audit", "tail", "-n", "100", "--account", account.email)
    events = [(record["event"], record["outcome"]) for record in records]
    assert events[:2] == [("account.created", "success"), ("login", "success")]
    assert {("token.revoked", "token_revoked"), ("login.failed", "wrong_password"),
            ("account.disabled", "account_disabled")} <= set(events)
    assert records[0]["actor"].startswith("cli:") and records[1]["address"] == "127.0.0.1"
    assert [r["event"] for r in site.run_json("audit", "tail", "--event", "login")] == ["login"]
    assert len(site.run("audit", "tail", "-n", "2").splitlines()) == 2

    metrics = server.client().call("GET", "/metrics").body.decode()
    assert re.search(r"^postern_audit_unsealed 0$", metrics, re.M)
    assert re.search(r"^postern_audit_sealed_total [1-9]", metrics, re.M)
    findings = json.loads(site.command("doctor", "--json").stdout)
    findings = findings["findings"] if isinstance(findings, dict) else findings
    assert [f["severity"] for f in findings if f["subject"] == "audit"] == ["ok"], findings


def test_without_a_server_nothing_is_sealed_yet(make_site, engine):
    site = make_site(engine)
    if engine == "sqlite":
        site.run("key", "init")
    site.new_account()
    done = site.command("audit", "verify")
    assert done.returncode == 0 and "not sealed yet" in done.stdout
    site.serve().stop()
    assert verify(site)["unsealed"] == 0, "a server seals what is left when it stops"


# What somebody with the database might do, and the number of the first record that must be named. 12 records.
TAMPERING = {
    "another actor": ("UPDATE audit_records SET actor = 'cli:mallory' WHERE sequence = 3", 3),
    "another outcome": ("UPDATE audit_records SET outcome = 'failure' WHERE sequence = 5", 5),
    "another time": ("UPDATE audit_records SET at = at + 1 WHERE sequence = 4", 4),
    "another event": ("UPDATE audit_records SET event = 'login' WHERE sequence = 2", 2),
    "another address": ("UPDATE audit_records SET address = '192.0.2.66' WHERE sequence = 6", 6),
    "another account": ("UPDATE audit_records SET account_id = NULL WHERE sequence = 8", 8),
    "a record removed": ("DELETE FROM audit_records WHERE sequence = 7", 7),
    "the beginning removed": ("DELETE FROM audit_records WHERE sequence <= 4", 1),
    "the end removed": ("DELETE FROM audit_records WHERE sequence >= 11", 11),
    "everything removed": ("DELETE FROM audit_records", 1),
    "taken out of the chain": ("UPDATE audit_records SET sequence = NULL, chain = NULL WHERE sequence = 9", 9),
    "another value of the chain": ("UPDATE audit_records SET chain = personal_digest WHERE sequence = 9", 9),
    "the checkpoint removed": ("DELETE FROM audit_checkpoints", 1),
    "another checkpoint": ("UPDATE audit_checkpoints SET at = at + 1", 12),
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def sealed_site(request):
    """A stopped site with twelve sealed records, and copies of them."""
    cluster = request.getfixturevalue("cluster") if request.param == "postgresql" else None
    with Site(request.param, cluster) as site:
        server = site.serve()
        account = site.new_account()
        client = server.client()
        while int(query(site, "SELECT COUNT(*) FROM audit_records")[0][0]) < 12:
            assert client.revoke_access(client.sign_in(account).access).status == 200
        server.stop()
        assert query(site, "SELECT MAX(sequence) FROM audit_records") == [("12",)]
        for table in ("audit_records", "audit_checkpoints"):
            query(site, f"CREATE TABLE kept_{table} AS SELECT * FROM {table}")
        yield site


@pytest.mark.parametrize("what", TAMPERING)
def test_tampering_is_named(sealed_site, what):
    site = sealed_site
    for table in ("audit_records", "audit_checkpoints"):
        query(site, f"DELETE FROM {table}")
        query(site, f"INSERT INTO {table} SELECT * FROM kept_{table}")
    assert verify(site)["last"] == 12

    sql, sequence = TAMPERING[what]
    query(site, sql)
    breach = verify(site, status=1)["breach"]
    assert breach["sequence"] == sequence, breach
    done = site.command("audit", "verify")
    assert done.returncode == 1 and f"TAMPERED WITH at {sequence}" in done.stdout
    if breach["id"]:
        assert breach["id"] in done.stdout


def offline(folder, *arguments):
    """`postern audit verify` where there is nothing but the named files."""
    done = subprocess.run([BINARY, "audit", "verify", *arguments, "--json"], cwd=folder, capture_output=True, text=True,
                          timeout=30, env={"PATH": "/usr/bin:/bin"}, check=False)
    return done.returncode, json.loads(done.stdout or done.stderr)


def test_an_exported_trail_is_proven_where_there_is_nothing_else(make_site, engine, tmp_path):
    site = make_site(engine)
    live_a_little(site, site.serve())
    sealed = all_sealed(site)
    said = site.run_json("audit", "export", str(tmp_path / "audit.ndjson"))
    assert said["records"] == sealed["records"]
    (tmp_path / "keys.json").write_text(site.run("audit", "key"), encoding="utf-8")
    assert (tmp_path / "audit.ndjson").stat().st_mode & 0o777 == 0o600
    exported = (tmp_path / "audit.ndjson").read_text(encoding="utf-8")
    assert site.run("audit", "export", "-") == exported
    assert site.command("audit", "export", str(tmp_path / "audit.ndjson")).returncode == 1, "an earlier export stays"

    keys = ("--jwks", "keys.json")
    status, report = offline(tmp_path, "--file", "audit.ndjson", *keys)
    assert (status, report["whole"], report["signatures_checked"]) == (0, True, True)
    status, report = offline(tmp_path, "--file", "audit.ndjson")
    assert (status, report["whole"], report["signatures_checked"]) == (0, True, False)

    lines = exported.splitlines(keepends=True)
    assert json.loads(lines[-1])["type"] == "checkpoint"

    def check(changed):
        (tmp_path / "changed.ndjson").write_text("".join(changed), encoding="utf-8")
        return offline(tmp_path, "--file", "changed.ndjson", *keys)

    for number, line in enumerate(lines[:-1], 1):
        status, report = check(lines[: number - 1] + lines[number:])
        assert (status, report["breach"]["sequence"]) == (1, number)
        record = json.loads(line)
        for field, value in {"event": "nothing", "count": 7, "address": "192.0.2.66", "at": "2027-01-01T00:00:00.000Z"}.items():
            status, report = check(lines[: number - 1] + [json.dumps(record | {field: value}) + "\n"] + lines[number:])
            assert (status, report["breach"]["sequence"], report["breach"]["id"]) == (1, number, record["id"])
    assert check([lines[1], lines[0], *lines[2:]])[0] == 1
    assert check(lines[:-1])[1]["breach"]["kind"] == "not_covered"

    # What is no trail, and no keys, could not be checked.
    for changed in (["{}\n"], [lines[0][:40]], [lines[0].replace("{", '{"more": 1, ', 1), *lines[1:]]):
        status, error = check(changed)
        assert (status, error["code"]) == (2, "invalid_file")
    assert offline(tmp_path, "--file", "nowhere.ndjson")[0] == 2
    (tmp_path / "other.json").write_text('{"keys": []}', encoding="utf-8")
    assert offline(tmp_path, "--file", "audit.ndjson", "--jwks", "other.json")[0] == 2


def test_another_installations_keys_prove_nothing(make_site, tmp_path):
    here, there = make_site("sqlite"), make_site("sqlite")
    live_a_little(here, here.serve())
    there.serve()
    all_sealed(here)
    here.run("audit", "export", str(tmp_path / "audit.ndjson"))
    (tmp_path / "keys.json").write_text(there.run("audit", "key"), encoding="utf-8")
    status, report = offline(tmp_path, "--file", "audit.ndjson", "--jwks", "keys.json")
    assert (status, report["breach"]["kind"]) == (1, "checkpoint")


def test_erasing_an_account_leaves_the_chain_provable(make_site, engine):
    site = make_site(engine)
    client = site.serve().client()
    leaves, stays = site.new_account(), site.new_account()
    for account in (leaves, stays):
        body = {"email": account.email, "password": account.password}
        assert client.post_token(body, headers=agent()).status == 200
    all_sealed(site)
    identity = site.run_json("account", "show", leaves.email)["id"]
    site.run("account", "delete", leaves.email)
    report = all_sealed(site)
    assert report["whole"] and report["erased"] >= 2
    rows = query(site, "SELECT address, user_agent, detail, event FROM audit_records ORDER BY sequence")
    assert sum(AGENT in row for row in rows) == 1, "of the one who stays"
    assert not any(leaves.email in text for row in rows for text in row)
    about = [r for r in site.run_json("audit", "tail", "-n", "100") if r["account_id"] == identity]
    assert [r["event"] for r in about] == ["account.created", "login", "account.deleted"]
    assert all(r["address"] == r["user_agent"] == r["detail"] == "" for r in about)


def test_tail_follows(make_site, engine):
    site = make_site(engine)
    client = site.serve().client()
    account = site.new_account()
    tail = subprocess.Popen(
        [BINARY, "audit", "tail", "-n", "1", "--follow", "--json", "--event", "login", *site.arguments],
        stdout=subprocess.PIPE, text=True, env=site.environment)
    lines = queue.Queue()
    reader = threading.Thread(target=lambda: [lines.put((time.monotonic(), line)) for line in tail.stdout])
    reader.start()
    try:
        client.sign_in(account)
        first = json.loads(lines.get(timeout=10)[1])
        client.sign_in(account)
        answered = time.monotonic()
        seen, line = lines.get(timeout=10)
        assert seen - answered < 1, "an event is shown within a second"
        second = json.loads(line)
        assert second["event"] == "login" and second["id"] > first["id"]
        tail.send_signal(signal.SIGINT)
        assert tail.wait(10) == 0
        assert lines.empty()
    finally:
        tail.kill()
        tail.wait(10)
        reader.join(10)


def work(client, tokens, done):
    """Records without end: one for each revoked access token."""
    with contextlib.suppress(OSError, ConnectionEnded, AssertionError):
        while not done.is_set():
            tokens = client.refreshed(tokens.refresh)
            client.revoke_access(tokens.access)


def test_one_chain_from_two_nodes_one_of_which_is_killed(make_site, engine):
    site = make_site(engine)
    servers = [site.serve() for _ in range(2 if engine == "postgresql" else 1)]
    account = site.new_account()
    done = threading.Event()
    sessions = [(server.client(timeout=5), server.client().sign_in(account)) for server in servers for _ in range(3)]
    threads = [threading.Thread(target=work, args=(*session, done)) for session in sessions]
    for thread in threads:
        thread.start()
    until(lambda: verify(site)["records"] > 100, seconds=30, what="a trail has begun", pause=0.2)
    servers[0].kill()
    if engine == "sqlite":
        servers[0].start()
    before = verify(site)["last"]
    time.sleep(1)
    done.set()
    for thread in threads:
        thread.join(15)
    report = all_sealed(site)
    assert report["whole"] and report["last"] >= before
    assert report["records"] == int(query(site, "SELECT COUNT(*) FROM audit_records")[0][0])


class Receiver:
    """A webhook's server: keeps what it is sent, and refuses the first request."""

    def __init__(self):
        receiver = self
        self.requests = queue.Queue()
        self.refused = False

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests.put((dict(self.headers), body))
                first, receiver.refused = not receiver.refused, True
                self.send_response(500 if first else 204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/events"

    def close(self):
        self.server.shutdown()
        self.thread.join(10)
        self.server.server_close()


def test_events_arrive_signed_at_a_webhook(make_site, engine, tmp_path):
    secret = "a secret of thirty-two characters"
    (tmp_path / "secret").write_text(secret, encoding="utf-8")
    (tmp_path / "secret").chmod(0o600)
    receiver = Receiver()
    try:
        site = make_site(engine, settings={
            "webhooks.urls": [receiver.url],
            "webhooks.secret_file": str(tmp_path / "secret"),
            "webhooks.events": ["account.created"],
            "webhooks.private_addresses": True,
        })
        site.serve()
        site.new_account()
        refused = receiver.requests.get(timeout=20)
        headers, body = receiver.requests.get(timeout=30)
        assert refused[1] == body, "what was refused is sent again as it was"
        fields = dict(part.split("=", 1) for part in headers["Postern-Signature"].split(","))
        expected = hmac.new(secret.encode(), f"{fields['t']}.".encode() + body, hashlib.sha256).hexdigest()
        assert hmac.compare_digest(fields["v1"], expected)
        event = json.loads(body)
        assert event["event"] == "account.created" and event["outcome"] == "success" and event["count"] == 1
        assert set(event) == {"id", "event", "at", "actor", "account_id", "session_id", "outcome", "count"}
        assert event["id"] == site.run_json("audit", "tail", "--event", "account.created")[0]["id"]
        all_sealed(site)
        assert receiver.requests.empty(), "each event is sent once"
    finally:
        receiver.close()


def test_every_event_has_its_line_in_the_documentation():
    source = {"mail.failed", "webhook.failed"}  # put together from two words
    for path in (ROOT / "src").glob("*/*.cpp"):
        if not path.name.endswith("_test.cpp"):
            text = path.read_text(encoding="utf-8")
            source |= set(re.findall(r'\brecord\(\s*transaction,\s*"([a-z_.]+)"', text))
            if path.parent.name == "core":  # where most are handed on by a function of their own
                source |= set(re.findall(r'"([a-z_]+\.[a-z_]+)"', text))
    table = set(re.findall(r"^\| `([a-z_.]+)` \|", (ROOT / "docs" / "audit.md").read_text(encoding="utf-8"), re.M))
    assert source == table


COMMAND = re.compile(r"^(?:sudo -u postern )?(postern audit .*)$", re.M)


def test_the_commands_of_the_documentation_work(make_site, tmp_path):
    """Each `postern audit …` of docs/audit.md, in order, in one shell."""
    site = make_site("sqlite")
    live_a_little(site, site.serve())
    site.new_account(email="ada@example.com")
    all_sealed(site)
    text = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    commands = [line for fence in re.findall(r"^```\n(.*?)^```", text, re.M | re.S) for line in COMMAND.findall(fence)]
    assert len(commands) >= 6
    for command in commands:
        command = command.split("#")[0].strip()
        if "--follow" in command:
            command = f"timeout --signal=INT 2 {command}"
        done = site.shell(command, tmp_path, timeout=30)
        expected = {0, 124} if "--follow" in command else {0}
        assert done.returncode in expected, (command, done.returncode, done.stdout, done.stderr)
