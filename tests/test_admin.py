"""The administration: who may use it, what each endpoint does, and what races about it lead to."""

import concurrent.futures
import itertools
import json
import re
import uuid

import pytest

from harness.client import Tokens, bearer
from harness.expect import assert_clear_refusal
from harness.site import PASSWORD, ROOT, Site
from harness.waiting import until

ADMIN = "/admin/v1"
METHODS = ("get", "post", "put", "patch", "delete")


class Administrator:
    """Calls endpoints with an access token of its own."""

    def __init__(self, client, access):
        self.client = client
        self.access = access

    def call(self, method, path, body=None):
        return self.client.call(method, ADMIN + path, headers=bearer(self.access), body=body)

    def expect(self, method, path, body=None, status=200):
        answer = self.call(method, path, body)
        assert answer.status == status, (method, path, answer.status, answer.body)
        return answer.json()

    def make(self, email, **more):
        return self.expect("POST", "/accounts", {"email": email, **more}, status=201)


def new_administrator(site, email=None):
    """An administrator who is signed in, as (Administrator, account, tokens)."""
    account = site.new_account("--activated", "--admin", email=email)
    client = site.servers[0].client()
    tokens = client.sign_in(account)
    return Administrator(client, tokens.access), account, tokens


@pytest.fixture(scope="module")
def admin_site(engine, request):
    cluster = request.getfixturevalue("cluster") if engine == "postgresql" else None
    with Site(engine, cluster, settings={"mail.mode": "file"}) as made:
        made.serve()
        yield made


@pytest.fixture(scope="module")
def admin(admin_site):
    return new_administrator(admin_site, "root@example.com")[0]


def operations(client):
    """Every endpoint of the served document: [(method, path, operation)]."""
    document = client.call("GET", f"{ADMIN}/openapi.json").json()
    return [
        (method.upper(), path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]


def a_body(operation):
    """Something that a schema could let through, where one is asked for."""
    if "requestBody" not in operation:
        return None
    name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    return {
        "CreateAccountRequest": {"email": "matrix@example.com"},
        "RolesRequest": {"roles": []},
        "ScopesRequest": {"scopes": ["matrix"]},
        "ClaimsRequest": {"claims": {"matrix": 1}},
        "RevokeKeyRequest": {"reason": "matrix"},
        "CreateClientRequest": {"name": "matrix", "audiences": ["https://matrix.example.com"]},
    }.get(name, {})


# --- Who may ----------------------------------------------------------------------------------------------------------


def test_every_endpoint_is_refused_to_whoever_is_no_administrator(admin_site, admin):
    client = admin_site.servers[0].client()
    customer = client.sign_in(admin_site.new_account())
    _, disabled, disabled_tokens = new_administrator(admin_site)
    admin_site.run("account", "disable", disabled.email)
    _, demoted, demoted_tokens = new_administrator(admin_site)
    admin_site.run("account", "take-admin", demoted.email)
    again = client.sign_in(demoted)
    until(lambda: not client.accepts(demoted_tokens.access), seconds=5, what="the demotion is known", pause=0.02)

    victim = admin.make("victim@example.com")["id"]
    everything = operations(client)
    assert len(everything) >= 23
    for (method, path, operation), target in itertools.product(everything, (victim, "no-uuid")):
        where = f"{method} {path}"
        target = ADMIN + path.replace("{id}", target).replace("{kid}", target)
        for name, headers, status, code in (
            ("nobody", {}, 401, "missing_authorization"),
            ("forger", bearer("a.b.c"), 401, "invalid_token"),
            ("refresh token", bearer(customer.refresh), 401, "invalid_token"),
            ("customer", bearer(customer.access), 403, "admin_required"),
            ("disabled", bearer(disabled_tokens.access), 401, "token_revoked"),
            ("demoted", bearer(demoted_tokens.access), 401, "token_revoked"),
            ("demoted, again", bearer(again.access), 403, "admin_required"),
        ):
            for body in (a_body(operation), {"unknown": 1} if method != "GET" else None):
                answer = client.call(method, target, headers=headers, body=body)
                assert (answer.status, answer.json()["code"]) == (status, code), (where, name, answer.body)
    shown = admin.expect("GET", f"/accounts/{victim}")
    assert shown["state"] == "inactive" and shown["roles"] == [], "and nothing happened to it"


def test_every_endpoint_answers_an_administrator_as_documented(admin_site, admin):
    for method, path, operation in operations(admin.client):
        for target in (str(uuid.uuid4()), "no-uuid", "%00"):
            answer = admin.call(method, path.replace("{id}", target).replace("{kid}", target), a_body(operation))
            documented = set(operation["responses"])
            assert str(answer.status) in documented, (method, path, answer.status, answer.body)
            if "{id}" in path or "{kid}" in path:
                assert_clear_refusal(answer, {404})
            else:
                assert answer.status in (200, 201, 409), (method, path, answer.body)


def test_demoted_administrators_requests_in_flight_are_refused(admin_site, admin):
    """Its token is good when the request comes in; the write asks again."""
    other, account, _ = new_administrator(admin_site)
    target = admin_site.new_account()
    with concurrent.futures.ThreadPoolExecutor(9) as pool:
        wanted = admin.expect("GET", f"/accounts?query={target.email}")["accounts"][0]["id"]
        calls = [pool.submit(other.call, "PUT", f"/accounts/{wanted}/roles", {"roles": [f"r{i}"]}) for i in range(8)]
        own = admin.expect("GET", f"/accounts?query={account.email}")["accounts"][0]["id"]
        admin.expect("PUT", f"/accounts/{own}/roles", {"roles": [], "admin": False})
        statuses = {call.result().status for call in calls}
    assert statuses <= {200, 401, 403, 503}
    roles = admin.expect("GET", f"/accounts/{wanted}")["roles"]
    assert other.call("PUT", f"/accounts/{wanted}/roles", {"roles": ["late"]}).status == 401
    assert admin.expect("GET", f"/accounts/{wanted}")["roles"] == roles


def test_nobody_sets_anothers_password(admin_site, admin):
    for word in ("password", "password_hash", "password_scheme"):
        answer = admin.call("POST", "/accounts", {"email": "set@example.com", word: PASSWORD})
        assert_clear_refusal(answer, {400})
        assert word in answer.json()["error"]
    made = admin.make("set@example.com")
    for method in ("PUT", "PATCH", "POST"):
        for path in ("", "/password"):
            answer = admin.call(method, f"/accounts/{made['id']}{path}", {"password": PASSWORD})
            assert answer.status in (404, 405), (method, path)
    assert "password" not in json.dumps(admin.expect("GET", f"/accounts/{made['id']}"))


# --- What it does -----------------------------------------------------------------------------------------------------


def test_life_of_an_account(admin_site, admin):
    client = admin.client
    account = admin_site.new_account("--kind", "demo", email="life@example.com")
    found = admin.expect("GET", "/accounts?query=LIFE%40example.com")["accounts"]
    assert [one["email"] for one in found] == ["life@example.com"]
    path = f"/accounts/{found[0]['id']}"
    assert found[0]["state"] == "inactive"
    assert client.login(account.email, account.password).status == 403
    assert admin.expect("POST", f"{path}/verify")["state"] == "active"
    first = client.sign_in(account)
    converted = admin.expect("POST", f"{path}/convert")
    assert converted["kind"] == "standard" and converted["state"] == "active"
    assert client.accepts(first.access), "a conversion takes no trust away"

    assert admin.expect("PUT", f"{path}/roles", {"roles": ["b", "a", "b"]})["roles"] == ["a", "b"]
    assert not client.accepts(first.access), "another role does"
    second = client.sign_in(account)
    sessions = admin.expect("GET", f"{path}/sessions?ended=true")["sessions"]
    assert [one["id"] for one in sessions] == [second.session_id, first.session_id]
    assert sessions[1]["end_reason"] == "role_changed" and sessions[0]["live"]
    assert admin.expect("GET", f"/sessions/{second.session_id}")["account_id"] == found[0]["id"]
    assert admin.expect("DELETE", f"/sessions/{second.session_id}")["ended"] == 1
    assert admin.expect("DELETE", f"/sessions/{second.session_id}")["ended"] == 0
    assert client.refresh(second.refresh).status == 401

    tokens = [client.sign_in(account) for _ in range(2)]
    assert admin.expect("DELETE", f"{path}/sessions")["ended"] == 2
    assert not any(client.accepts(one.access) for one in tokens)

    third = client.sign_in(account)
    assert admin.expect("POST", f"{path}/disable")["state"] == "disabled"
    assert not client.accepts(third.access)
    assert client.login(account.email, account.password).status == 401
    for step in ("invite", "password-reset"):
        assert admin.call("POST", f"{path}/{step}").json()["code"] == "account_disabled"
    assert admin.expect("POST", f"{path}/enable")["state"] == "active"
    fourth = client.sign_in(account)

    admin.expect("DELETE", path)
    assert not client.accepts(fourth.access)
    assert admin.call("GET", path).status == 404
    events = [one["event"] for one in admin.expect("GET", f"/audit?account={found[0]['id']}&limit=200")["records"]]
    for event in ("account.verified", "account.converted", "account.roles_changed", "account.sessions_ended",
                  "account.disabled", "account.enabled", "account.deleted"):
        assert event in events


def test_invitation_and_reset_are_mailed_and_stand_in_the_outbox(admin_site, admin):
    made = admin.make("Guest@example.com", invite=True, roles=["support"], display_name="Guest", locale="de")
    assert made["roles"] == ["support"] and made["locale"] == "de" and made["state"] == "inactive"
    admin.expect("POST", f"/accounts/{made['id']}/invite", status=202)
    admin.expect("POST", f"/accounts/{made['id']}/password-reset", status=202)
    until(
        lambda: not admin.expect("GET", "/outbox?state=pending")["entries"], seconds=10, what="all is sent", pause=0.05
    )
    mine = [one for one in admin.expect("GET", "/outbox")["entries"] if one["recipient"] == "Guest@example.com"]
    # The first invitation was void as soon as there was a second, and may have left the outbox unsent.
    assert sorted(one["topic"] for one in mine)[-2:] == ["invitation", "reset_password"]
    for entry in (one for one in mine if one["state"] == "sent"):
        assert admin.call("POST", f"/outbox/{entry['id']}/retry").json()["code"] == "already_sent"
    admin.expect("DELETE", f"/outbox/{mine[0]['id']}")
    assert admin.call("DELETE", f"/outbox/{mine[0]['id']}").status == 404


def test_what_is_refused_says_why(admin):
    admin.make("taken@example.com")
    for body, code in (
        ({"email": "TAKEN@example.com"}, "account_exists"),
        ({"email": ["taken@example.com"]}, "invalid_field"),
        ({"email": "no address"}, "invalid_email"),
        ({"email": "x@example.com", "kind": "wizard"}, "invalid_field"),
        ({"email": "x@example.com", "roles": "admin"}, "invalid_field"),
        ({"email": "x@example.com", "roles": ["two words"]}, "invalid_role"),
        ({"email": "x@example.com", "roles": [f"r{i}" for i in range(33)]}, "too_many_roles"),
        ({"email": "x@example.com", "locale": "../../etc"}, "invalid_locale"),
    ):
        answer = admin.call("POST", "/accounts", body)
        assert_clear_refusal(answer, {400, 409})
        assert answer.json()["code"] == code, answer.body
    for query, code in (
        ("page=2", "unknown_parameter"), ("limit=0", "invalid_parameter"), ("limit=1&limit=2", "repeated_parameter"),
        ("cursor=x", "invalid_parameter"), ("query=%zz", "invalid_query"), ("state=gone", "invalid_parameter"),
    ):
        answer = admin.call("GET", f"/accounts?{query}")
        assert_clear_refusal(answer, {400})
        assert answer.json()["code"] == code, (query, answer.body)
    assert admin.expect("GET", "/accounts?query=%00%ff'%25_")["accounts"] == []
    assert not any(one["email"] == "x@example.com" for one in admin.expect("GET", "/accounts?query=x@")["accounts"])


def test_keys_tell_only_what_is_public(admin):
    keys = admin.expect("GET", "/keys")["keys"]
    assert {one["purpose"] for one in keys} >= {"access", "refresh", "status_list"}
    for key in keys:
        assert set(key) <= {"kid", "purpose", "algorithm", "state", "created_at", "expires_at", "revoked_at", "public_jwk"}
        assert not {"d", "k", "p", "q"} & set(key.get("public_jwk", {}))
    assert any(one["purpose"] == "refresh" and "public_jwk" not in one for one in keys)


def test_pages_hold_every_account_exactly_once_while_accounts_are_added(admin):
    emails = {f"page{number}@pages.example.com" for number in range(1000)}
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        made = {one["id"] for one in pool.map(admin.make, sorted(emails))}
        seen, cursor, added = [], "", 0
        adding = []
        while cursor is not None:
            adding.append(pool.submit(admin.make, f"late{added}@pages.example.com"))
            added += 1
            page = admin.expect("GET", f"/accounts?query=pages.example&limit=37{cursor}")
            seen += [one["id"] for one in page["accounts"]]
            cursor = f"&cursor={page['next_cursor']}" if "next_cursor" in page else None
        late = {one.result()["id"] for one in adding}
    assert len(seen) == len(set(seen))
    assert made <= set(seen) <= made | late
    assert added >= 28


def test_filters_narrow_a_search(admin):
    demo = admin.make("demo@filters.example.com", kind="demo")
    on = admin.make("on@filters.example.com", activated=True)
    off = admin.make("off@filters.example.com", activated=True)
    admin.expect("POST", f"/accounts/{off['id']}/disable")

    def found(query):
        return {one["id"] for one in admin.expect("GET", f"/accounts?query=filters.example&{query}")["accounts"]}

    assert found("") == {demo["id"], on["id"], off["id"]}
    assert found("kind=demo") == {demo["id"]}
    assert found("state=active") == {on["id"]}
    assert found("state=inactive") == {demo["id"]}
    assert found("state=disabled") == {off["id"]}
    assert found("admin=true") == set()
    assert found("admin=false&kind=standard") == {on["id"], off["id"]}


# --- The last administrator -------------------------------------------------------------------------------------------


def test_last_administrator_stays(make_site, engine):
    site = make_site(engine)
    site.serve()
    admin, account, _ = new_administrator(site)
    own = admin.expect("GET", "/accounts?admin=true")["accounts"][0]["id"]
    for method, path, body in (
        ("DELETE", f"/accounts/{own}", None),
        ("POST", f"/accounts/{own}/disable", None),
        ("PUT", f"/accounts/{own}/roles", {"roles": [], "admin": False}),
    ):
        answer = admin.call(method, path, body)
        assert (answer.status, answer.json()["code"]) == (409, "last_admin"), (method, path, answer.body)
    assert site.command("account", "take-admin", account.email).returncode == 1
    assert site.command("account", "delete", account.email).returncode == 1


@pytest.mark.parametrize("step", ["demote", "delete", "disable"])
def test_administrators_who_remove_each_other_at_once_leave_one(make_site, engine, step):
    site = make_site(engine)
    site.serve()
    for _ in range(5):
        first, second = new_administrator(site), new_administrator(site)
        ids = [one[0].expect("GET", f"/accounts?query={one[1].email}")["accounts"][0]["id"] for one in (first, second)]
        for other in first[0].expect("GET", "/accounts?admin=true&state=active&limit=200")["accounts"]:
            if other["id"] not in ids:
                first[0].expect("POST", f"/accounts/{other['id']}/disable")

        def remove(admin, target):
            if step == "demote":
                return admin.call("PUT", f"/accounts/{target}/roles", {"roles": [], "admin": False})
            return admin.call(*(("DELETE", f"/accounts/{target}") if step == "delete"
                                else ("POST", f"/accounts/{target}/disable")))

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(remove, (first[0], second[0]), reversed(ids)))
        assert sorted(one.status for one in answers)[0] == 200, [one.body for one in answers]
        assert sorted(one.status for one in answers)[1] in (401, 403, 409, 503), [one.body for one in answers]
        left = [one for one in site.run_json("account", "list", "--admins", "--state", "active")]
        assert len(left) == 1


# --- The command line, and the documentation --------------------------------------------------------------------------


def test_command_line_does_the_same(admin_site, admin):
    run = admin_site.run_json
    made = run("account", "create", "cli@admin.example.com", "--invite", "--role", "b", "--role", "a", "--name", "Cli")
    assert made["roles"] == ["a", "b"] and not made["has_password"] and made["state"] == "not activated"
    assert run("account", "roles", "cli@admin.example.com", "c")["roles"] == ["c"]
    assert run("account", "roles", "cli@admin.example.com", "--none")["roles"] == []
    assert run("account", "grant-admin", "cli@admin.example.com")["admin"] is True
    assert run("account", "take-admin", "cli@admin.example.com")["admin"] is False
    assert run("account", "invite", "cli@admin.example.com")["id"] == made["id"]
    assert run("account", "reset", "cli@admin.example.com")["id"] == made["id"]
    assert run("account", "create", "demo@admin.example.com", "--kind", "demo", "--no-password")["kind"] == "demo"
    assert run("account", "convert", "demo@admin.example.com")["kind"] == "standard"
    listed = run("account", "list", "--query", "ADMIN.example", "--state", "inactive", "--kind", "standard")
    assert [one["email"] for one in listed] == ["cli@admin.example.com", "demo@admin.example.com"]
    entries = [one for one in run("outbox", "list") if one["recipient"] == "cli@admin.example.com"]
    # Two invitations and a reset; the first invitation is dropped unsent where the second was faster than the worker.
    assert {one["topic"] for one in entries} == {"invitation", "reset_password"} and len(entries) in (2, 3)
    assert run("outbox", "delete", entries[0]["id"])["deleted"] == entries[0]["id"]
    assert admin_site.command("outbox", "retry", entries[0]["id"]).returncode == 1
    assert admin_site.command("outbox", "retry", "x").returncode == 2
    assert admin_site.command("account", "roles", "cli@admin.example.com").returncode == 2
    assert admin_site.command("account", "list", "--state", "gone").returncode == 2
    records = admin.expect("GET", f"/audit?account={made['id']}&event=account.roles_changed")["records"]
    assert len(records) == 2 and records[0]["actor"].startswith("cli:")


def test_locked_account_is_shown_and_unlocked(make_site, engine):
    site = make_site(engine, settings={"throttle.account_failures": 5})
    client = site.serve().client()
    admin, _, _ = new_administrator(site)
    victim = site.new_account()
    for _ in range(5):
        assert client.login(victim.email, "this is not the password").status == 401
    assert client.login(victim.email, victim.password).status == 429
    until(lambda: admin.expect("GET", "/throttle")["accounts"], seconds=10, what="the lock is listed", pause=0.1)
    locked = admin.expect("GET", "/throttle")["accounts"][0]
    assert locked["email"] == victim.email and locked["failures"] == 5
    assert site.run_json("throttle", "list")["accounts"][0]["email"] == victim.email
    assert "locked_until" in admin.expect("GET", f"/accounts/{locked['account_id']}")
    admin.expect("DELETE", f"/accounts/{locked['account_id']}/lockout")
    assert client.login(victim.email, victim.password).status == 200
    assert admin.expect("GET", "/throttle")["accounts"] == []
    assert site.run("throttle", "list") == "No account is locked\n"
    assert site.run_json("throttle", "unlock", victim.email)["id"] == locked["account_id"]


def test_commands_of_the_documentation_work(make_site, tmp_path):
    """Every line in a fence of docs/admin.md, in order, in one shell."""
    site = make_site("sqlite", settings={"mail.mode": "file"})
    server = site.serve()
    text = (ROOT / "docs" / "admin.md").read_text(encoding="utf-8")
    lines = "\n".join(re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    assert lines.count("$AUTH/admin/v1/") >= 14
    done = site.shell(lines, tmp_path, AUTH=f"http://127.0.0.1:{server.port}", PASSWORD=PASSWORD)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert '"email":"ada@example.com"' in done.stdout
    assert '"roles":["billing","support"]' in done.stdout
    tokens = Tokens.of(server.client().login("admin@example.com", PASSWORD))
    found = server.client().call("GET", f"{ADMIN}/accounts?query=ada", headers=bearer(tokens.access)).json()
    assert found["accounts"] == [], "the last line deletes it"
