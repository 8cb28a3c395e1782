"""How many access tokens may be alive at a time, and that whoever has all of them is shut out all the same."""

import contextlib
import sqlite3
import time

import pytest

from harness.client import BASE, bearer
from harness.oauth import ServiceClient, assert_oauth_error
from harness.site import AUDIENCE
from harness.tokens import claims_of
from harness.waiting import until

SESSIONS = 200  # limits::sessions_per_account
TOKENS_OF_A_SESSION = 500  # limits::live_tokens_per_session
MOST_TOKENS_OF_A_CLIENT = 50_000  # limits::live_tokens_per_client_most
FEW = {
    "tokens.live_per_session": 10,
    "tokens.live_per_client": 10,
    "tokens.access_life": "4s",
    "sessions.refresh_grace": "1s",
}
FIRST_SLOT = 300_000  # of those that are written beside the server, which gives out its own from the front
SHUT_OUT_S = 60  # far more than it takes, unless the machine has much else to do


def write_beside(site, sql):
    """Runs a statement that both engines understand, but for the word for sixteen random bytes."""
    if site.engine == "postgresql":
        site.cluster.query(site.database, sql.replace("{random}", "uuid_send(gen_random_uuid())"))
        return
    with contextlib.closing(sqlite3.connect(site.database_file, timeout=30)) as database, database:
        database.execute(sql.replace("{random}", "randomblob(16)"))


def binary(site, uuid):
    digits = uuid.replace("-", "")
    return f"decode('{digits}', 'hex')" if site.engine == "postgresql" else f"x'{digits}'"


def give_sessions(site, tokens, count):
    """The account of `tokens` has `count` sessions more."""
    write_beside(
        site,
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
        "INSERT INTO sessions SELECT {random}, account_id, client_id, counter, permanent, created_at, last_used_at, "
        "idle_time, idle_deadline, ends_at, ended_at, end_reason, address, user_agent FROM sessions, n "
        f"WHERE id = {binary(site, tokens.session_id)}",
    )


def give_tokens(site, access, owners, count):
    """Each of `owners`, a query for ids, has `count` live tokens more, in the list of `access`."""
    uri = claims_of(access)["status"]["status_list"]["uri"]
    now = int(time.time() * 1000)
    write_beside(
        site,
        f"WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i <= {count}), owners(owner) AS ({owners}) "
        "INSERT INTO token_slots (list_id, idx, session_id, counter, jti, issued_at, expires_at) "
        f"SELECT {binary(site, uri[-36:])}, {FIRST_SLOT} + row_number() OVER (), owner, i, {{random}}, {now}, "
        f"{now + 900_000} FROM owners, n",
    )


def assert_refused_for_a_while(answer, most_seconds):
    assert answer.status == 429, (answer.status, answer.body)
    assert 1 <= int(answer.header("Retry-After")) <= most_seconds


def test_a_session_has_so_many_live_tokens(make_site, engine):
    site = make_site(engine, settings=FEW)
    client = site.serve().client()
    tokens = client.sign_in(site.new_account())
    for _ in range(9):
        tokens = client.refreshed(tokens.refresh)
    for _ in range(2):
        refused = client.refresh(tokens.refresh)
        assert_refused_for_a_while(refused, 4)
        assert refused.json()["code"] == "too_many_tokens"
    assert client.accepts(tokens.access)
    time.sleep(int(refused.header("Retry-After")))
    client.refreshed(tokens.refresh)


def test_a_client_has_so_many_live_tokens(make_site, engine):
    site = make_site(engine, settings=FEW)
    http = site.serve().client()
    service, other = ServiceClient(site, "loop", AUDIENCE), ServiceClient(site, "other", AUDIENCE)
    until(lambda: other.post(http, "introspect", token="x").status == 200, seconds=5, what="the clients are known")
    for _ in range(10):
        service.token(http)
    refused = service.post(http, "token", grant_type="client_credentials")
    assert_refused_for_a_while(refused, 4)
    assert_oauth_error(refused, 429, "temporarily_unavailable")
    assert other.token(http)
    time.sleep(int(refused.header("Retry-After")))
    service.token(http)


@pytest.mark.timeout(180)
def test_who_has_all_the_tokens_there_may_be_is_shut_out(make_site, engine, capsys):
    site = make_site(engine)
    server = site.serve()
    client, account = server.client(timeout=SHUT_OUT_S), site.new_account()
    admin = client.sign_in(site.new_account("--admin", "--activated"))
    tokens = client.sign_in(account)
    subject = claims_of(tokens.access)["sub"]
    give_sessions(site, tokens, SESSIONS - 1)
    owned = f"SELECT id FROM sessions WHERE account_id = {binary(site, subject)}"
    give_tokens(site, tokens.access, owned, TOKENS_OF_A_SESSION)
    began, resident = time.monotonic(), server.resident_kib()
    done = client.call("POST", f"/admin/v1/accounts/{subject}/disable", headers=bearer(admin.access))
    assert done.status == 200, (done.status, done.body)
    took, grew = time.monotonic() - began, server.resident_kib() - resident
    assert not client.accepts(tokens.access)
    assert client.refresh(tokens.refresh).status == 401
    with capsys.disabled():
        print(f"\n{engine}: {SESSIONS * TOKENS_OF_A_SESSION} tokens of an account in {took:.1f} s, {grew} KiB")
    assert took < SHUT_OUT_S


def test_a_client_with_all_the_tokens_there_may_be_is_shut_out(make_site, engine, capsys):
    site = make_site(engine)
    client = site.serve().client(timeout=SHUT_OUT_S)
    admin = client.sign_in(site.new_account("--admin", "--activated"))
    service = ServiceClient(site, "loop", AUDIENCE)
    until(lambda: service.post(client, "introspect", token="x").status == 200, seconds=5, what="the client is known")
    access = service.token(client)
    give_tokens(site, access, f"SELECT {binary(site, service.id)}", MOST_TOKENS_OF_A_CLIENT)
    assert_refused_for_a_while(service.post(client, "token", grant_type="client_credentials"), 900)
    began = time.monotonic()
    done = client.call("POST", f"/admin/v1/clients/{service.id}/disable", headers=bearer(admin.access))
    took = time.monotonic() - began
    assert done.status == 200, (done.status, done.body)
    assert client.call("GET", f"{BASE}/verify", headers=bearer(access)).status == 401
    with capsys.disabled():
        print(f"\n{engine}: {MOST_TOKENS_OF_A_CLIENT} tokens of a client in {took:.1f} s")
    assert took < SHUT_OUT_S
