"""Refreshing: one live child whoever races, a retry that never logs out, and a theft that does not go unseen."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.client import Tokens
from harness.site import Site
from harness.tokens import claims_of
from harness.waiting import until

SHORT_GRACE = {"sessions.refresh_grace": "300ms"}
CALLERS = 64


def error_code(answer):
    assert answer.status == 401, (answer.status, answer.body)
    assert answer.header("WWW-Authenticate").startswith('Bearer error="invalid_token", ')
    return answer.json()["code"]


def jti(tokens):
    return claims_of(tokens.access)["jti"]


def counter(tokens):
    return claims_of(tokens.refresh)["ctr"]


@pytest.fixture(scope="module")
def quick(engine, request):
    """A node whose grace is short enough to be waited for, and an account on it."""
    cluster = request.getfixturevalue("cluster") if engine == "postgresql" else None
    with Site(engine, cluster, SHORT_GRACE) as made:
        made.serve()
        yield made, made.servers[0].client(), made.new_account()


def outlive_grace(client, account):
    """Returns once a token that was rotated just now is past its grace, told by one made for the purpose."""
    probe = client.sign_in(account)
    child = client.refreshed(probe.refresh)
    client.refreshed(child.refresh)
    until(
        lambda: client.refresh(probe.refresh).json().get("code") in ("refresh_reused", "session_ended"),
        seconds=5,
        what="the grace is over",
        pause=0.05,
    )


def test_rotation_gives_a_new_pair_of_the_same_session(client, tokens):
    child = client.refreshed(tokens.refresh)
    assert child.session_id == tokens.session_id
    assert counter(child) == counter(tokens) + 1
    assert jti(child) != jti(tokens)
    assert client.accepts(child.access)
    grandchild = client.refreshed(child.refresh)
    assert counter(grandchild) == counter(child) + 1


def test_rotation_leaves_the_access_token_before_it_alone(client, tokens):
    client.refreshed(tokens.refresh)
    assert client.accepts(tokens.access)


def test_retry_within_the_grace_gets_the_same_child(client, tokens):
    first = client.refreshed(tokens.refresh)
    second = client.refreshed(tokens.refresh)
    assert jti(second) == jti(first)
    assert claims_of(second.access)["status"] == claims_of(first.access)["status"]
    assert claims_of(second.access)["exp"] == claims_of(first.access)["exp"]
    assert claims_of(second.refresh) == claims_of(first.refresh)
    assert 0 < second.expires_in <= first.expires_in
    assert client.accepts(second.access)


def test_retry_does_not_bring_a_revoked_child_back(client, tokens):
    child = client.refreshed(tokens.refresh)
    assert client.revoke_access(child.access).status == 200
    assert error_code(client.refresh(tokens.refresh)) == "refresh_superseded"
    assert not client.accepts(child.access)
    assert client.refresh(child.refresh).status == 200


def test_superseded_token_within_its_grace_is_refused_and_the_session_lives(client, tokens):
    child = client.refreshed(tokens.refresh)
    grandchild = client.refreshed(child.refresh)
    assert error_code(client.refresh(tokens.refresh)) == "refresh_superseded"
    assert client.accepts(grandchild.access)
    assert client.refresh(grandchild.refresh).status == 200


def test_reuse_after_the_grace_ends_the_session_and_its_tokens(quick):
    _, client, account = quick
    stolen = client.sign_in(account)
    bystander = client.sign_in(account)
    child = client.refreshed(stolen.refresh)
    outlive_grace(client, account)
    assert error_code(client.refresh(stolen.refresh)) == "refresh_reused"
    for access in (stolen.access, child.access):
        assert not client.accepts(access)
    assert error_code(client.refresh(child.refresh)) == "session_ended"
    assert client.accepts(bystander.access), "another session of the account must not suffer"
    assert client.refresh(bystander.refresh).status == 200


def test_restart_does_not_forget_that_a_token_was_used(quick):
    site, client, account = quick
    used = client.sign_in(account)
    client.refreshed(used.refresh)
    outlive_grace(client, account)
    site.servers[0].restart()
    assert error_code(client.refresh(used.refresh)) == "refresh_reused"


def test_current_token_stays_good_long_after_the_grace(quick):
    _, client, account = quick
    child = client.refreshed(client.sign_in(account).refresh)
    outlive_grace(client, account)
    assert client.refresh(child.refresh).status == 200


def test_counter_above_the_row_is_refused_and_ends_nothing(make_site, tmp_path):
    """As after restoring an older copy of the database."""
    site = make_site("sqlite")
    server = site.serve()
    client = server.client()
    first = client.sign_in(site.new_account())
    server.stop()
    site.copy_database(tmp_path / "copy")
    server.start()
    ahead = client.refreshed(client.refreshed(first.refresh).refresh)
    server.stop()
    site.put_back_database(tmp_path / "copy")
    server.start()
    assert error_code(client.refresh(ahead.refresh)) == "refresh_unknown"
    assert client.refresh(first.refresh).status == 200


@pytest.mark.parametrize("permanent, idle_days, life_days", [(False, 1, 7), (True, 90, 365)])
def test_deadlines_of_a_session_follow_permanent_login(site, client, account, permanent, idle_days, life_days):
    tokens = client.sign_in(account, permanent_login=permanent)
    refresh = claims_of(tokens.refresh)
    assert refresh["exp"] - refresh["iat"] == idle_days * 86400
    shown = next(
        session for session in site.run_json("session", "list", account.email) if session["id"] == tokens.session_id
    )
    assert shown["permanent"] is permanent
    assert life_days > idle_days


def test_access_token_never_outlives_its_session(make_site):
    site = make_site("sqlite", settings={"sessions.life": "10m", "sessions.idle": "10m"})
    client = site.serve().client()
    tokens = client.sign_in(site.new_account())
    assert 590 <= tokens.expires_in <= 600
    assert claims_of(tokens.access)["exp"] <= claims_of(tokens.refresh)["exp"]


def test_session_lives_on_while_it_is_refreshed_and_ends_when_it_is_not(make_site):
    site = make_site("sqlite", settings={"sessions.idle": "2s"})
    client = site.serve().client()
    account = site.new_account()
    idle, busy = client.sign_in(account), client.sign_in(account)
    end = time.monotonic() + 3.2
    while time.monotonic() < end:
        busy = client.refreshed(busy.refresh)
        time.sleep(0.25)
    assert error_code(client.refresh(idle.refresh)) in ("session_ended", "token_expired")
    assert not client.accepts(idle.access)
    assert client.accepts(busy.access)


def race(clients, token):
    """Every caller presents the same token at the same moment."""
    start = threading.Barrier(CALLERS)

    def call(number):
        start.wait(20)
        return clients[number % len(clients)].refresh(token)

    with ThreadPoolExecutor(CALLERS) as pool:
        return list(pool.map(call, range(CALLERS)))


def assert_one_live_child(clients, answers):
    pairs = [Tokens.of(answer) for answer in answers]
    assert len({jti(pair) for pair in pairs}) == 1, "more than one child"
    assert {counter(pair) for pair in pairs} == {2}
    for number, pair in enumerate(pairs):
        assert clients[number % len(clients)].accepts(pair.access)
    # The child is one: whoever refreshes with it next, from either node, goes on in the same session.
    following = race(clients, pairs[0].refresh)
    assert len({jti(Tokens.of(answer)) for answer in following}) == 1
    return Tokens.of(following[0])


def test_64_concurrent_refreshes_on_one_node_have_one_child(make_site):
    site = make_site("sqlite")
    client = site.serve().client(timeout=30)
    tokens = client.sign_in(site.new_account())
    assert_one_live_child([client], race([client], tokens.refresh))


def test_64_concurrent_refreshes_over_two_nodes_have_one_child(make_site, cluster):
    site = make_site("postgresql")
    clients = [site.serve().client(timeout=30), site.serve().client(timeout=30)]
    tokens = clients[0].sign_in(site.new_account())
    last = assert_one_live_child(clients, race(clients, tokens.refresh))
    issued = cluster.query(
        site.database, f"SELECT count(*) FROM token_slots WHERE session_id = '{session_bytes(last)}'"
    )
    assert issued.strip() == "3", "one issuance for each counter: login, child, grandchild"


def session_bytes(tokens):
    return "\\x" + tokens.session_id.replace("-", "")


def test_tabs_that_share_their_tokens_are_never_logged_out(make_site):
    """Eight tabs over two nodes refresh whatever they last saw, and re-read after `refresh_superseded`."""
    site = make_site("postgresql")
    clients = [site.serve().client(timeout=30), site.serve().client(timeout=30)]
    shelf = [clients[0].sign_in(site.new_account())]
    refusals = []

    def tab(number):
        for turn in range(12):
            answer = clients[(number + turn) % 2].refresh(shelf[-1].refresh)
            if answer.status == 200:
                pair = Tokens.of(answer)
                if counter(pair) > counter(shelf[-1]):
                    shelf.append(pair)
            elif answer.json()["code"] != "refresh_superseded":
                refusals.append(answer.json())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(tab, range(8)))
    assert refusals == []
    newest = max(shelf, key=counter)
    assert counter(newest) > 8
    assert clients[0].refresh(newest.refresh).status == 200
