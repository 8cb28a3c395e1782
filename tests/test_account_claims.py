"""Scopes and claims of an account's own: in its tokens, at the command line, over HTTP, and through an export."""

import json

import pytest

from harness.client import bearer
from harness.tokens import claims_of
from harness.waiting import until

ADMIN = "/admin/v1"


@pytest.fixture(scope="module")
def admin(sqlite_site):
    account = sqlite_site.new_account("--activated", "--admin", email="root@example.com")
    return bearer(sqlite_site.servers[0].client().sign_in(account).access)


def put(site, admin, account, what, value):
    found = site.run_json("account", "show", account.email)["id"]
    body = value if isinstance(value, bytes) else {what: value}
    headers = dict(admin) | {"Content-Type": "application/json"}
    return site.servers[0].client().call("PUT", f"{ADMIN}/accounts/{found}/{what}", headers=headers, body=body)


def test_tokens_carry_roles_scope_and_claims(site, client):
    account = site.new_account()
    site.run("account", "roles", account.email, "billing")
    site.run("account", "scopes", account.email, "orders:write", "orders:read")
    wanted = {"tenant": "acmé", "seats": 5, "https://acme.example/plan": {"name": "gold", "flags": [True, None]}}
    site.run("account", "claims", account.email, "--set", json.dumps(wanted))
    tokens = client.sign_in(account)
    for access in (tokens.access, client.refreshed(tokens.refresh).access):
        claims = claims_of(access)
        assert claims["roles"] == ["billing"]
        assert claims["scope"] == "orders:read orders:write"
        assert {name: claims[name] for name in wanted} == wanted
        me = client.me(access)
        assert me.status == 200 and me.json()["scopes"] == ["orders:read", "orders:write"]
    shown = site.run_json("account", "show", account.email)
    assert shown["scopes"] == ["orders:read", "orders:write"] and shown["claims"] == wanted


def test_who_has_none_says_none(client, account):
    claims = claims_of(client.sign_in(account).access)
    assert not {"roles", "scope"} & set(claims)


def test_a_change_ends_sessions_and_tokens(site, client):
    account = site.new_account()
    for change in (
        ("scopes", account.email, "a"),
        ("claims", account.email, "--set", '{"a":1}'),
        ("claims", account.email, "--none"),
        ("scopes", account.email, "--none"),
    ):
        tokens = client.sign_in(account)
        site.run("account", *change)
        assert client.refresh(tokens.refresh).status == 401
        # Another process did it; a running server follows within the bound.
        until(lambda access=tokens.access: not client.accepts(access), seconds=2, what="the token is refused")
    tokens = client.sign_in(account)
    site.run("account", "claims", account.email)
    site.run("account", "scopes", account.email, "--none")
    assert client.accepts(tokens.access), "looking, and what changes nothing, ends nothing"


def test_administrators_set_them_over_http(sqlite_site, admin):
    account = sqlite_site.new_account()
    scopes = put(sqlite_site, admin, account, "scopes", ["b", "a", "b"])
    assert scopes.status == 200 and scopes.json()["scopes"] == ["a", "b"]
    claims = put(sqlite_site, admin, account, "claims", {"tenant": "acme"})
    assert claims.status == 200 and claims.json()["claims"] == {"tenant": "acme"}
    assert claims_of(sqlite_site.servers[0].client().sign_in(account).access)["tenant"] == "acme"


@pytest.mark.parametrize(
    ("what", "value", "code"),
    [
        ("scopes", ["two words"], "invalid_scope"),
        ("scopes", ['quo"te'], "invalid_scope"),
        ("scopes", "a b", "invalid_field"),
        ("scopes", [f"s{n}" for n in range(33)], "invalid_scope"),
        ("claims", {"sub": "somebody else"}, "reserved_claim"),
        ("claims", {"scope": "everything"}, "reserved_claim"),
        ("claims", {"ROLES": ["admin"]}, "reserved_claim"),
        ("claims", {"exp": 9999999999}, "reserved_claim"),
        ("claims", {"status": {}}, "reserved_claim"),
        ("claims", {"a": "x" * 2048}, "claims_too_large"),
        ("claims", {"na me": 1}, "invalid_claims"),
        ("claims", {"n\u0430me": 1}, "invalid_claims"),
        ("claims", ["a"], "invalid_field"),
        ("claims", None, "invalid_field"),
        ("claims", b'{"claims":{"a":1,"a":2}}', "duplicate_field"),
        ("claims", b'{"claims":{"a":{"b":1,"b":2}}}', "duplicate_field"),
        ("claims", b'{"claims":{"a":' + b"[" * 99 + b"]" * 99 + b"}}", "missing_json_body"),
        ("claims", b'{"claims":{"a":1e999}}', "missing_json_body"),
    ],
)
def test_what_may_not_stand_in_a_token_is_refused(sqlite_site, admin, what, value, code):
    account = sqlite_site.new_account()
    tokens = sqlite_site.servers[0].client().sign_in(account)
    answer = put(sqlite_site, admin, account, what, value)
    assert answer.status == 400 and answer.json()["code"] == code, answer.body
    assert sqlite_site.servers[0].client().accepts(tokens.access), "and nothing has changed"


def test_the_command_line_names_what_it_refuses(sqlite_site):
    account = sqlite_site.new_account()
    done = sqlite_site.command("account", "claims", account.email, "--set", '{"sub":"x"}')
    assert done.returncode != 0 and '"sub"' in done.stderr
    done = sqlite_site.command("account", "claims", account.email, "--set", "not JSON")
    assert done.returncode != 0 and "JSON" in done.stderr
    assert sqlite_site.command("account", "scopes", account.email).returncode != 0, "nothing is no request for nothing"


def test_the_largest_that_may_be_set_makes_a_token_that_is_accepted(sqlite_site):
    account = sqlite_site.new_account()
    client = sqlite_site.servers[0].client()
    words = [f"{n:02}" + "w" * 61 for n in range(31)]
    sqlite_site.run("account", "scopes", account.email, *words)
    sqlite_site.run("account", "claims", account.email, "--set", json.dumps({"a": "ä" * 990}, ensure_ascii=False))
    access = client.sign_in(account).access
    assert 5000 < len(access) < 8192
    assert client.accepts(access)


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_an_export_and_an_import_keep_them(make_site, tmp_path, form):
    site = make_site("sqlite")
    server = site.serve()
    account = site.new_account()
    site.run("account", "roles", account.email, "billing")
    site.run("account", "scopes", account.email, "a", "b:c")
    site.run("account", "claims", account.email, "--set", '{"tenant":"a, \\"b\\"","n":[1,{"ä":null}]}')
    before = site.run_json("account", "show", account.email)
    file = tmp_path / f"accounts.{form}"
    site.run("account", "export", str(file), "--format", form)
    site.run("account", "delete", account.email)
    site.run("account", "import", str(file))
    after = site.run_json("account", "show", account.email)
    assert {name: after[name] for name in ("roles", "scopes", "claims")} == {
        name: before[name] for name in ("roles", "scopes", "claims")
    }
    claims = claims_of(server.client().sign_in(account).access)
    assert claims["scope"] == "a b:c" and claims["tenant"] == 'a, "b"'


def test_an_import_refuses_claims_that_may_not_be(make_site, tmp_path):
    site = make_site("sqlite")
    site.serve()
    file = tmp_path / "users.csv"
    file.write_text('email,extra\na@example.com,"{""sub"":""x""}"\nb@example.com,"{""t"":1}"\n', encoding="utf-8")
    done = site.command("account", "import", str(file), "--map", "claims=extra")
    assert done.returncode == 1 and 'The claim "sub"' in done.stderr
    assert site.run_json("account", "show", "b@example.com")["claims"] == {"t": 1}
