"""The life of the signing keys: rotation that nobody notices, and the revocation of one that has leaked."""

import base64
import json
import random
import re
import secrets
import sqlite3
import threading
import time
import zlib

import jwt
import pytest

from harness.client import bearer
from harness.site import AUDIENCE, ISSUER, ROOT
from harness.tokens import claims_of, header_of, with_parts
from harness.waiting import until

ROTATIONS = 10
JWKS_MAX_AGE_S = 1
QUICK = {
    "keys.jwks_max_age": f"{JWKS_MAX_AGE_S}s",
    "keys.publish_ahead": "2s",
    "keys.rotate_after": "4s",
    "tokens.live_per_session": 5000,  # the customers refresh as fast as they can
}
REFRESHES_PER_SESSION = 4000  # a quick machine would reach the limit of one session within the test
LEEWAY_S = 5
ROTATING = ("access", "refresh", "status_list")


def keys_of(site, purpose=None, state=None):
    return [
        key
        for key in site.run_json("key", "list")
        if purpose in (None, key["purpose"]) and state in (None, key["state"])
    ]


def active(site, purpose="access"):
    (key,) = keys_of(site, purpose, "active")
    return key["kid"]


def serve_nodes(site):
    """The clients of as many nodes as the engine takes."""
    return [site.serve().client() for _ in range(2 if site.engine == "postgresql" else 1)]


def published(client):
    return {key["kid"]: key for key in client.call("GET", "/.well-known/jwks.json").json()["keys"]}


class Verifier:
    """What an API does with PyJWT: keeps the published keys for as long as it may, and asks nobody in between, not even
    for a kid that it does not know."""

    def __init__(self, clients):
        self.clients = clients
        self.keys = {}
        self.fetched_at = float("-inf")

    def check(self, token):
        if time.monotonic() - self.fetched_at > JWKS_MAX_AGE_S:
            self.keys = published(random.choice(self.clients))
            self.fetched_at = time.monotonic()
        jwk = self.keys.get(header_of(token)["kid"])
        assert jwk, "a token of a key that was not published for as long as caches may keep the keys"
        assert jwk["postern_purpose"] == "access"
        jwt.decode(token, jwt.PyJWK(jwk), algorithms=[jwk["alg"]], audience=AUDIENCE, issuer=ISSUER, leeway=LEEWAY_S)


class Customer(threading.Thread):
    """Logs in and keeps its session for as long as it may; every token must be good everywhere, for everyone."""

    def __init__(self, site, clients, stop):
        super().__init__(daemon=True)
        self.clients, self.stop_asked = clients, stop
        self.account = site.new_account()
        self.visitor = site.new_account()  # logs in now and then: more than a limit of sessions, on a quick machine
        self.verifier = Verifier(clients)
        self.kids = set()
        self.refreshes = 0
        self.trouble = None

    def run(self):
        try:
            tokens = random.choice(self.clients).sign_in(self.account)
            session = tokens.session_id
            while not self.stop_asked.is_set():
                for client in self.clients:
                    answer = client.me(tokens.access)
                    assert answer.status == 200, (answer.status, answer.body)
                self.verifier.check(tokens.access)
                self.kids.add(header_of(tokens.access)["kid"])
                tokens = random.choice(self.clients).refreshed(tokens.refresh)
                self.refreshes += 1
                assert tokens.session_id == session
                if self.refreshes % 20 == 0:
                    random.choice(self.clients).sign_in(self.visitor)
                if self.refreshes % REFRESHES_PER_SESSION == 0:
                    tokens = random.choice(self.clients).sign_in(self.account)
                    session = tokens.session_id
        except BaseException as trouble:  # noqa: BLE001: told to the test
            self.trouble = trouble


# --- Rotation ---------------------------------------------------------------------------------------------------------


@pytest.mark.timeout(240)
def test_ten_rotations_under_load_refuse_no_token(make_site, engine, capsys):
    site = make_site(engine, settings=QUICK)
    clients = serve_nodes(site)
    stop = threading.Event()
    customers = [Customer(site, clients, stop) for _ in range(4)]
    before = {key["kid"] for key in keys_of(site)}
    for customer in customers:
        customer.start()

    def rotated():
        for customer in customers:
            assert customer.trouble is None, customer.trouble
        return len(set().union(*(customer.kids for customer in customers))) > ROTATIONS

    until(rotated, seconds=180, what=f"{ROTATIONS} rotations", pause=0.5)
    stop.set()
    for customer in customers:
        customer.join(20)
        assert customer.trouble is None, customer.trouble
    kids = set().union(*(customer.kids for customer in customers))
    refreshes = sum(customer.refreshes for customer in customers)
    with capsys.disabled():
        print(f"\n{engine}: {refreshes} refreshes over {len(kids)} access keys, none refused")
    for purpose in ROTATING:
        assert len(keys_of(site, purpose, "active")) == 1
        assert len(keys_of(site, purpose, "next")) <= 1
    assert {key["kid"] for key in keys_of(site, "audit")} <= before, "what must stay good does not rotate"


def test_a_kill_in_the_middle_of_a_rotation_leaves_the_keys_whole(make_site, engine):
    site = make_site(engine, settings=QUICK)
    server = site.serve()
    client = server.client()
    tokens = client.sign_in(site.new_account())
    for _ in range(6):
        time.sleep(random.uniform(0, 2.5))
        server.kill()
        for purpose in ROTATING:
            assert len(keys_of(site, purpose, "active")) == 1
            assert len(keys_of(site, purpose, "next")) <= 1
        server.start()
        assert client.accepts(tokens.access)
        tokens = client.refreshed(tokens.refresh)
    assert len(keys_of(site, "access", "retired")) >= 1


def test_a_token_of_a_key_made_a_moment_ago_is_good_on_every_node(make_site):
    """The other node has not heard of the key yet: it looks before it refuses."""
    site = make_site("postgresql")
    here, there = site.serve().client(), site.serve().client()
    administrator = here.sign_in(site.new_account("--activated", "--admin"))
    tokens = here.sign_in(site.new_account())
    kids = set()
    for _ in range(20):
        answer = here.call("POST", "/admin/v1/keys/rotate", headers=bearer(administrator.access), body={"now": True})
        assert answer.status == 200, answer.body
        tokens = here.refreshed(tokens.refresh)
        answer = there.me(tokens.access)
        assert answer.status == 200, answer.body
        tokens = there.refreshed(tokens.refresh)
        kids.add(header_of(tokens.access)["kid"])
        here, there = there, here
    assert len(kids) >= 10


def test_unknown_keys_cost_strangers_their_time_and_the_server_little(hostile):
    _, client, account = hostile
    tokens = client.sign_in(account)
    for number in range(40):
        for ask, token in ((client.me, tokens.access), (client.refresh, tokens.refresh)):
            answer = ask(with_parts(token, header=header_of(token) | {"kid": f"no-such-{number}"}))
            assert (answer.status, answer.json()["code"]) == (401, "invalid_token"), answer.body
    assert client.accepts(tokens.access)


def test_rotation_by_hand_waits_until_everyone_knows_the_key(make_site):
    site = make_site("sqlite")
    client = site.serve().client()
    first = active(site)
    assert "signs from" in site.run("key", "rotate", "--purpose", "access")
    (waiting,) = keys_of(site, "access", "next")
    until(lambda: waiting["kid"] in published(client), seconds=2, what="the next key is published")
    assert active(site) == first
    again = site.command("key", "rotate", "--purpose", "access", "--json")
    assert again.returncode == 1 and json.loads(again.stderr)["code"] == "rotation_waits"
    assert keys_of(site, "refresh", "next") == []

    text = site.run("key", "rotate", "--purpose", "access", "--now")
    assert "keys.jwks_max_age" in text, "what that costs"
    assert active(site) == waiting["kid"]
    (retired,) = keys_of(site, "access", "retired")
    assert retired["kid"] == first and retired["expires_at"]
    assert set(published(client)) >= {first, waiting["kid"]}, "its tokens live on"
    for purpose in ("audit", "derivation", "nonsense"):
        assert site.command("key", "rotate", "--purpose", purpose).returncode != 0


def test_tokens_outlive_their_keys_rotation(make_site, engine):
    site = make_site(engine)
    client = site.serve().client()
    account = site.new_account()
    tokens = client.sign_in(account)
    for _ in range(3):
        site.run("key", "rotate", "--now")
    kid = active(site)
    until(lambda: kid in published(client), seconds=2, what="the server knows the new keys")
    assert client.accepts(tokens.access)
    newer = client.refreshed(tokens.refresh)
    assert header_of(newer.access)["kid"] == kid
    assert header_of(newer.refresh)["kid"] == active(site, "refresh")


def test_caches_keep_the_published_keys_for_as_long_as_configured(make_site):
    site = make_site("sqlite", settings=QUICK)
    answer = site.serve().client().call("GET", "/.well-known/jwks.json")
    assert answer.header("cache-control") == f"public, max-age={JWKS_MAX_AGE_S}"
    assert {key["postern_purpose"] for key in answer.json()["keys"]} == {"access", "status_list"}


# --- Revocation -------------------------------------------------------------------------------------------------------


def test_a_leaked_access_key_is_refused_everywhere_and_sessions_survive(make_site, engine):
    site = make_site(engine)
    clients = serve_nodes(site)
    everyone = [random.choice(clients).sign_in(site.new_account()) for _ in range(4)]
    leaked = active(site)
    text = site.run("key", "revoke", leaked, "--reason", "found in a log")
    assert leaked in text and "sessions live on" in text
    for client in clients:
        until(lambda: not client.accepts(everyone[0].access), seconds=2, what="the key is refused")
        until(lambda: leaked not in published(client), seconds=2, what="the key is published no longer")
        for tokens in everyone:
            answer = client.me(tokens.access)
            assert answer.status == 401 and answer.json()["code"] in ("token_revoked", "invalid_token"), answer.body
    for tokens in everyone:
        newer = random.choice(clients).refreshed(tokens.refresh)
        assert header_of(newer.access)["kid"] == active(site) != leaked
        assert newer.session_id == tokens.session_id
        assert all(client.accepts(newer.access) for client in clients)
    (revoked,) = keys_of(site, "access", "revoked")
    assert revoked["kid"] == leaked and revoked["revoked_at"]
    assert f"access {leaked}: found in a log" in site.run("audit", "tail", "-n", "50", "--json")


def test_the_node_that_is_asked_refuses_before_it_answers(make_site, engine):
    site = make_site(engine)
    client = serve_nodes(site)[0]
    administrator = client.sign_in(site.new_account("--activated", "--admin"))
    tokens = client.sign_in(site.new_account())
    for round_ in range(5):
        kid = header_of(tokens.access)["kid"]
        answer = client.call(
            "POST", f"/admin/v1/keys/{kid}/revoke", headers=bearer(administrator.access), body={"reason": f"no {round_}"}
        )
        assert answer.status == 200, answer.body
        changed = answer.json()["keys"]
        assert (changed[0]["kid"], changed[0]["state"]) == (kid, "revoked")
        assert changed[1]["state"] == "active"
        assert not client.accepts(tokens.access)
        assert kid not in published(client)
        tokens = client.refreshed(tokens.refresh)
        assert client.accepts(tokens.access)
        administrator = client.refreshed(administrator.refresh)


def test_the_lists_of_a_revoked_key_say_so(make_site, engine):
    site = make_site(engine)
    clients = serve_nodes(site)
    tokens = clients[0].sign_in(site.new_account())
    status = claims_of(tokens.access)["status"]["status_list"]
    site.run("key", "revoke", active(site), "--reason", "leaked")
    for client in clients:
        until(lambda: not client.accepts(tokens.access), seconds=2, what="the key is refused")
        answer = client.call("GET", status["uri"].removeprefix(ISSUER))
        assert answer.status == 200, answer.body
        text = answer.body.decode()
        assert published(client)[header_of(text)["kid"]]["postern_purpose"] == "status_list"
        lst = claims_of(text)["status_list"]["lst"]
        bits = zlib.decompress(base64.urlsafe_b64decode(lst + "=" * (-len(lst) % 4)))
        assert set(bits) == {0xFF}, "every bit of it"


def test_a_leaked_refresh_key_ends_what_it_signed_and_no_more(make_site):
    site = make_site("sqlite")
    client = site.serve().client()
    account = site.new_account()
    tokens = client.sign_in(account)
    help_text = site.command("key", "revoke", "--help").stdout
    assert "ends the sessions whose tokens it signed" in " ".join(help_text.split())
    site.run("key", "revoke", active(site, "refresh"), "--reason", "leaked")
    until(lambda: client.refresh(tokens.refresh).status == 401, seconds=2, what="the refresh token is refused")
    assert client.accepts(tokens.access)
    fresh = client.sign_in(account)
    assert client.refresh(fresh.refresh).status == 200


def test_a_node_that_cannot_open_the_keys_drops_the_leaked_one_all_the_same(make_site):
    """Its operator has changed the master key and not told this node."""
    site = make_site("sqlite")
    server = site.serve()
    client = server.client()
    account = site.new_account()
    tokens = client.sign_in(account)
    leaked = active(site)
    new_master_key = site.folder / "new.key"
    new_master_key.write_text(secrets.token_hex(32), encoding="ascii")
    new_master_key.chmod(0o600)
    site.settings |= {"master_key_file": str(new_master_key), "previous_master_key_file": str(site.data / "master.key")}
    site.write_configuration()
    site.run("key", "rewrap")
    site.run("key", "revoke", leaked, "--reason", "found in a log")
    until(lambda: leaked not in published(client), seconds=3, what="the key is published no longer")
    assert client.me(tokens.access).status in (401, 503)
    assert client.login(account.email, account.password).status == 503, "there is no key that it could open"
    answer = client.call("GET", "/readyz")
    assert answer.status == 503 and "keys" in answer.json()["error"]
    server.restart()
    assert client.accepts(client.refreshed(tokens.refresh).access)


def test_a_stolen_key_cannot_stand_in_for_its_successor(make_site):
    """Whoever has the revoked key names a live key's list and kid: neither helps."""
    site = make_site("sqlite")
    client = site.serve().client()
    account = site.new_account()
    old = client.sign_in(account)
    site.run("key", "revoke", active(site), "--reason", "leaked")
    until(lambda: not client.accepts(old.access), seconds=2, what="the key is refused")
    new = client.sign_in(account)
    header, claims, _ = new.access.split(".")
    assert not client.accepts(".".join([header, claims, old.access.split(".")[2]]))
    assert not client.accepts(".".join([old.access.split(".")[0], claims, old.access.split(".")[2]]))


@pytest.mark.parametrize("purpose", ["audit", "derivation"])
def test_what_must_stay_good_is_not_revoked(sqlite_site, purpose):
    kid = active(sqlite_site, purpose)
    done = sqlite_site.command("key", "revoke", kid, "--reason", "leaked", "--json")
    assert done.returncode != 0
    assert json.loads(done.stderr)["code"] == "key_not_revocable"
    assert active(sqlite_site, purpose) == kid


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("no-such-key", "--reason", "x"), "key_unknown"), (("no-such-key", "--reason", "x" * 201), "reason_too_long")],
)
def test_revoking_says_what_is_wrong(sqlite_site, arguments, code):
    done = sqlite_site.command("key", "revoke", *arguments, "--json")
    assert done.returncode != 0 and json.loads(done.stderr)["code"] == code


# --- Watching ---------------------------------------------------------------------------------------------------------


def test_metrics_tell_ages_and_ends(make_site):
    site = make_site("sqlite")
    client = site.serve().client()
    site.run("key", "rotate", "--purpose", "access", "--now")

    def told():
        text = client.call("GET", "/metrics").body.decode()
        figures = dict(line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("postern_key"))
        return figures if 'postern_key_expires_in_seconds{purpose="access"}' in figures else None

    figures = until(told, seconds=3, what="the metrics know the keys")
    assert 0 <= float(figures['postern_key_age_seconds{purpose="access",state="active"}']) < 60
    assert 15 * 60 - 60 < float(figures['postern_key_expires_in_seconds{purpose="access"}']) <= 16 * 60
    assert 89 * 86400 < float(figures['postern_key_rotates_in_seconds{purpose="refresh"}']) <= 90 * 86400


def test_doctor_warns_of_a_rotation_that_was_missed(make_site):
    site = make_site("sqlite")
    server = site.serve()
    server.stop()

    def findings():
        done = site.command("doctor", "--json")
        told = json.loads(done.stdout)
        told = told["findings"] if isinstance(told, dict) else told
        return [one for one in told if one["subject"] == "keys" and one["severity"] != "ok"]

    assert findings() == []
    day_ms = 86_400_000
    with sqlite3.connect(site.database_file) as database:
        database.execute("UPDATE signing_keys SET created_at = created_at - ? WHERE purpose = 'access'", (92 * day_ms,))
    (finding,) = findings()
    assert finding["severity"] == "warning" and "should have been replaced" in finding["message"]
    with sqlite3.connect(site.database_file) as database:
        database.execute("UPDATE signing_keys SET state = 'revoked', revoked_at = created_at WHERE purpose = 'refresh'")
    assert {one["severity"] for one in findings()} == {"warning", "problem"}
    server.start()
    until(lambda: keys_of(site, "access", "next") != [], seconds=5, what="the server begins what was missed")
    until(lambda: keys_of(site, "refresh", "active") != [], seconds=5, what="and fills what is missing")
    assert findings() == []


def test_the_commands_of_the_documentation_work(make_site, tmp_path):
    """The runbook of docs/keys.md, in one shell."""
    site = make_site("sqlite")
    site.serve()
    text = (ROOT / "docs" / "keys.md").read_text(encoding="utf-8")
    fences = re.findall(r"^```bash\n(.*?)^```", text, re.M | re.S)
    assert len(fences) >= 3
    done = site.shell("\n".join(fences), tmp_path)
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert len(keys_of(site, "access", "revoked")) == 1
