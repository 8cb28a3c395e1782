"""Clients and the OAuth endpoints: as the libraries use them, as attackers do, and on several nodes."""

import contextlib
import json
import pathlib
import re
import signal
import sqlite3
import statistics
import subprocess
import time

import pytest
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from harness.client import BASE, bearer
from harness.expect import assert_clear_refusal
from harness.forge import forgeries
from harness.oauth import FORM, ServiceClient, assert_oauth_error, basic, post, post_bytes
from harness.postgres import PostgresCluster
from harness.site import AUDIENCE, PASSWORD, ROOT, Site, environment
from harness.tokens import claims_of, header_of
from harness.waiting import until

OTHER_AUDIENCE = "https://other.example.com"
INACTIVE = {"active": False}
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture(scope="module")
def api(site, client):
    made = ServiceClient(site, "api", AUDIENCE, scopes=("read", "write"))
    wait_for(client, made)
    return made


@pytest.fixture(scope="module")
def other(site, client):
    made = ServiceClient(site, "other", OTHER_AUDIENCE)
    wait_for(client, made)
    return made


def wait_for(http, made):
    until(lambda: made.post(http, "introspect", token="x").status == 200, seconds=5, what="the node knows the client")


# --- Libraries --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def found_by_discovery():
    with Site("sqlite") as site:
        server = site.serve_at_public_url()
        made = ServiceClient(site, "library", AUDIENCE, scopes=("read", "write"))
        wait_for(server.client(), made)
        yield site, server, made


def test_authlib_asks_gets_refreshes_and_revokes(found_by_discovery, monkeypatch):
    site, server, made = found_by_discovery
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    tokens = server.client().sign_in(site.new_account())
    metadata = server.client().call("GET", "/.well-known/oauth-authorization-server").json()
    for method in ("client_secret_basic", "client_secret_post"):
        assert method in metadata["token_endpoint_auth_methods_supported"]
        session = OAuth2Session(
            made.id, made.secret, token_endpoint_auth_method=method, revocation_endpoint_auth_method=method
        )
        own = session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials", scope="read")
        assert own["token_type"] == "Bearer" and own["scope"] == "read" and own["expires_in"] == 900
        told = session.introspect_token(metadata["introspection_endpoint"], own["access_token"]).json()
        assert told["active"] and told["client_id"] == told["sub"] == made.id and "sid" not in told
        asked = session.introspect_token(metadata["introspection_endpoint"], tokens.access, "access_token").json()
        assert asked["active"] and asked["sid"] == tokens.session_id
        assert session.revoke_token(metadata["revocation_endpoint"], own["access_token"]).status_code == 200
        assert session.introspect_token(metadata["introspection_endpoint"], own["access_token"]).json() == INACTIVE

    app = OAuth2Session("first-party", token_endpoint_auth_method="none", revocation_endpoint_auth_method="none")
    pair = app.refresh_token(metadata["token_endpoint"], tokens.refresh)
    assert server.client().accepts(pair["access_token"])
    assert app.revoke_token(metadata["revocation_endpoint"], pair["refresh_token"], "refresh_token").status_code == 200
    assert not server.client().accepts(pair["access_token"])
    with pytest.raises(OAuthError, match="invalid_grant"):
        app.refresh_token(metadata["token_endpoint"], pair["refresh_token"])
    with pytest.raises(OAuthError, match="invalid_client"):
        OAuth2Session(made.id, "pcs_wrong").fetch_token(metadata["token_endpoint"], grant_type="client_credentials")


def test_oauth4webapi_discovers_and_walks_everything(found_by_discovery):
    site, server, made = found_by_discovery
    tokens = server.client().sign_in(site.new_account())
    question = {
        "issuer": site.settings["public_url"],
        "client_id": made.id,
        "client_secret": made.secret,
        "refresh_token": tokens.refresh,
    }
    done = subprocess.run(
        ["node", "oauth_with_oauth4webapi.mjs"],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        timeout=60,
        cwd=pathlib.Path(__file__).parent,
        env=environment(),
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    for method in ("basic", "post"):
        assert told[method]["scope"] == "read"
        assert told[method]["before"]["active"] is True and told[method]["before"]["sub"] == made.id
        assert told[method]["after"] == INACTIVE
    assert server.client().accepts(told["refreshed"]["access_token"])
    assert told["refreshed"]["refresh_token"] != tokens.refresh
    assert told["wrong_secret"]["status"] == 401


def test_metadata_says_what_there_is(found_by_discovery):
    site, server, made = found_by_discovery
    http = server.client()
    answer = http.call("GET", "/.well-known/oauth-authorization-server")
    assert answer.status == 200 and answer.header("Content-Type") == "application/json"
    assert answer.header("Cache-Control").startswith("public")
    again = {"If-None-Match": answer.header("ETag")}
    assert http.call("GET", "/.well-known/oauth-authorization-server", headers=again).status == 304
    metadata = answer.json()
    issuer = site.settings["public_url"]
    assert metadata["issuer"] == issuer == claims_of(made.token(http))["iss"]
    for name, url in metadata.items():
        if name.endswith("_endpoint"):
            assert url.startswith(f"{issuer}/oauth2/"), name
            answer = http.call("POST", url.removeprefix(issuer), headers={"Content-Type": FORM}, body=b"")
            assert answer.status in (400, 401), (name, answer.status)
    assert metadata["jwks_uri"] == f"{issuer}/.well-known/jwks.json"
    assert metadata["grant_types_supported"] == ["refresh_token", "client_credentials"]
    assert "authorization_endpoint" not in metadata and metadata["response_types_supported"] == []


def test_metadata_of_an_issuer_with_a_path(make_site):
    site = make_site("sqlite", settings={"public_url": "https://example.com/auth"})
    http = site.serve().client()
    for path in ("/.well-known/oauth-authorization-server/auth", "/.well-known/oauth-authorization-server"):
        assert http.call("GET", path).json()["issuer"] == "https://example.com/auth"


# --- What a caller may learn ------------------------------------------------------------------------------------------


def test_introspection_tells_what_the_token_says(client, api, tokens):
    told = api.introspect(client, tokens.access)
    claims = claims_of(tokens.access)
    assert told["active"] is True and told["token_type"] == "Bearer"
    for name in ("iss", "sub", "aud", "exp", "iat", "jti", "sid", "client_id"):
        assert told[name] == claims[name], name
    assert set(told) == {"active", "token_type", "iss", "sub", "aud", "exp", "iat", "jti", "sid", "client_id"}


def test_introspection_tells_roles_scopes_and_claims(site, client, api):
    account = site.new_account()
    site.run("account", "roles", account.email, "support", "billing")
    site.run("account", "scopes", account.email, "orders:read")
    site.run("account", "claims", account.email, "--set", '{"tenant": "acme", "limits": {"seats": 5}}')
    told = api.introspect(client, client.sign_in(account).access)
    assert told["roles"] == ["billing", "support"] and told["scope"] == "orders:read"
    assert told["tenant"] == "acme" and told["limits"] == {"seats": 5}


def test_introspection_says_nothing_of_what_is_not_for_the_client(client, api, other, tokens):
    assert api.is_active(client, tokens.access)
    assert other.introspect(client, tokens.access) == INACTIVE
    assert api.introspect(client, other.token(client)) == INACTIVE
    assert other.is_active(client, other.token(client))


def test_introspection_says_nothing_of_forgeries_and_other_kinds(client, api, tokens):
    jwks = client.call("GET", "/.well-known/jwks.json").json()["keys"]
    key = next(key for key in jwks if key["postern_purpose"] == "access" and key["kty"] == "EC")
    for name, forged in forgeries(tokens.access, tokens.refresh, key):
        assert api.introspect(client, forged) == INACTIVE, name
    for name, text in {"words": "not a token", "long": "a" * 20_000, "nul": "\0", "bytes": "é" * 100}.items():
        assert api.introspect(client, text) == INACTIVE, name
    assert api.is_active(client, tokens.access)


def test_status_lists_and_clients_secrets_are_no_tokens(client, api, tokens):
    uri = claims_of(tokens.access)["status"]["status_list"]["uri"]
    listed = client.call("GET", "/status-lists/" + uri.rpartition("/")[2])
    assert listed.status == 200
    for text in (listed.body.decode(), api.secret, api.id):
        assert api.introspect(client, text) == INACTIVE
        assert post(client, "revoke", token=text).status == 200
        assert_oauth_error(post(client, "token", grant_type="refresh_token", refresh_token=text), 400, "invalid_grant")


def test_what_ends_a_token_ends_it_here(site, client, api):
    account = site.new_account()
    tokens = client.sign_in(account)
    assert client.revoke_access(tokens.access).status == 200
    assert api.introspect(client, tokens.access) == INACTIVE
    tokens = client.sign_in(account)
    assert client.revoke_refresh(tokens.refresh).status == 200
    assert api.introspect(client, tokens.access) == INACTIVE
    tokens = client.sign_in(account)
    site.run("account", "disable", account.email)
    until(lambda: not api.is_active(client, tokens.access), seconds=5, what="the disable is honoured")


# --- Who may ask ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("door", ["introspect", "revoke", "token"])
def test_bad_credentials_are_refused_at_every_door(client, api, other, tokens, door):
    fields = {"token": tokens.access, "grant_type": "client_credentials"}
    id_, secret = api.id, api.secret
    for name, headers in {
        "a wrong secret": basic(id_, secret[:-1] + ("A" if secret[-1] != "A" else "B")),
        "another's secret": basic(id_, other.secret),
        "no secret": basic(id_, ""),
        "an unknown id": basic("00000000-0000-7000-8000-000000000000", secret),
        "a name": basic(api.name, secret),
        "an access token": bearer(tokens.access),
        "no base64": {"Authorization": f"Basic {id_}:{secret}"},
        "no colon": {"Authorization": "Basic YQ=="},
        "nothing": {"Authorization": ""},
        "a broken percent": basic(id_, secret + "%"),
    }.items():
        answer = post(client, door, headers, **fields)
        assert answer.status == 401, (name, answer.body)
        assert_oauth_error(answer, 401, "invalid_client")
    for name, more in {
        "posted, wrong": {"client_id": id_, "client_secret": secret + "x"},
        "posted, no id": {"client_secret": secret},
        "an assertion": {"client_assertion": "a.b.c", "client_assertion_type": ASSERTION},
    }.items():
        answer = post(client, door, **fields | more)
        assert answer.status == 401, (name, answer.body)
        assert_oauth_error(answer, 401, "invalid_client")
    both = post(client, door, api.headers, **fields, client_id=id_, client_secret=secret)
    assert_oauth_error(both, 400, "invalid_request")
    twice = client.call(
        "POST",
        f"/oauth2/{door}",
        headers=[*api.headers.items(), *api.headers.items(), ("Content-Type", FORM)],
        body=b"token=x&grant_type=client_credentials",
    )
    assert_clear_refusal(twice, [400])  # by the server itself, whatever the endpoint
    assert api.is_active(client, tokens.access)


@pytest.mark.parametrize("door", ["introspect", "revoke", "token"])
def test_bad_forms_are_refused_at_every_door(client, api, door):
    good = b"token=x&grant_type=client_credentials"
    for name, body in {
        "token twice": b"token=x&token=x&grant_type=client_credentials&grant_type=client_credentials",
        "an unknown one twice": good + b"&a=1&a=2",
        "twice by its encoding": good + b"&%74oken=y",
        "a lone percent": good + b"&a=%",
        "half an encoding": good + b"&a=%4",
    }.items():
        answer = post_bytes(client, door, body, api.headers)
        assert answer.status == 400, (name, answer.body)
        assert_oauth_error(answer, 400, "invalid_request")
    for content_type in ("application/json", "multipart/form-data; boundary=x", "text/plain", ""):
        assert_oauth_error(post_bytes(client, door, good, api.headers, content_type), 400, "invalid_request")
    assert_oauth_error(post_bytes(client, door, b"", api.headers), 400, "invalid_request")
    huge = post_bytes(client, door, b"token=" + b"a" * 1_000_000, api.headers)
    assert huge.status == 413
    assert client.call("GET", f"/oauth2/{door}").status == 405
    assert post_bytes(client, door, good + b"&unknown=1&%00=%ff", api.headers).status == 200, "unknown ones are ignored"


def test_what_the_token_endpoint_does_not_grant(site, client, api, tokens):
    for grant in ("password", "authorization_code", "urn:ietf:params:oauth:grant-type:token-exchange", "Refresh_Token"):
        answer = api.post(client, "token", grant_type=grant, username="a@example.com", password=PASSWORD, code="x")
        assert_oauth_error(answer, 400, "unsupported_grant_type")
    for more, word in (
        ({"scope": "admin"}, "invalid_scope"),
        ({"scope": "read  write"}, "invalid_scope"),
        ({"scope": 'read"'}, "invalid_scope"),
        ({"resource": OTHER_AUDIENCE}, "invalid_target"),
        ({"resource": "a", "audience": "b"}, "invalid_request"),
    ):
        assert_oauth_error(api.post(client, "token", grant_type="client_credentials", **more), 400, word)
    # An app's refresh token is no other client's.
    answer = api.post(client, "token", grant_type="refresh_token", refresh_token=tokens.refresh)
    assert_oauth_error(answer, 400, "invalid_grant")
    answer = post(client, "token", grant_type="refresh_token", refresh_token=tokens.refresh, client_id=api.id)
    assert_oauth_error(answer, 401, "invalid_client")
    answer = post(client, "token", grant_type="refresh_token", refresh_token=tokens.refresh, scope="admin")
    assert_oauth_error(answer, 400, "invalid_scope")
    assert post(client, "token", grant_type="refresh_token", refresh_token=tokens.refresh).status == 200


def test_a_used_refresh_token_is_an_invalid_grant(client, account):
    tokens = client.sign_in(account)
    child = post(client, "token", grant_type="refresh_token", refresh_token=tokens.refresh).json()
    repeated = post(client, "token", grant_type="refresh_token", refresh_token=tokens.refresh).json()
    assert claims_of(repeated["access_token"]) == claims_of(child["access_token"]), "a retry within the grace"
    assert client.refreshed(child["refresh_token"])
    assert_oauth_error(
        post(client, "token", grant_type="refresh_token", refresh_token=tokens.refresh), 400, "invalid_grant"
    )


def test_a_clients_own_token_opens_nothing_of_an_account(client, api):
    token = api.token(client)
    for method, path in (("GET", "/me"), ("GET", "/sessions"), ("POST", "/logout"), ("DELETE", "/revoke_access")):
        answer = client.call(method, BASE + path, headers=bearer(token))
        assert answer.status == 403 and answer.json()["code"] == "account_required", path
        assert answer.header("WWW-Authenticate").startswith('Bearer error="insufficient_scope"')
    assert client.call("GET", "/admin/v1/accounts", headers=bearer(token)).status == 403
    assert api.is_active(client, token)


def test_a_clients_own_token_is_revoked_by_that_client_only(client, api, other):
    token = api.token(client)
    assert_oauth_error(post(client, "revoke", token=token), 401, "invalid_client")
    assert_oauth_error(other.post(client, "revoke", token=token), 400, "unauthorized_client")
    assert api.is_active(client, token)
    for _ in range(2):
        assert api.post(client, "revoke", token=token, token_type_hint="refresh_token").status == 200
        assert api.introspect(client, token) == INACTIVE


def test_refusals_of_a_token_say_so_as_rfc_6750_has_it(client, account, tokens):
    client.revoke_access(tokens.access)
    for headers, status, challenge in (
        (bearer("forged"), 401, 'Bearer error="invalid_token", error_description="'),
        (bearer(tokens.access), 401, 'Bearer error="invalid_token", error_description="'),
    ):
        answer = client.call("GET", f"{BASE}/me", headers=headers)
        assert answer.status == status and answer.header("WWW-Authenticate").startswith(challenge), answer.head
    customer = client.sign_in(account)
    answer = client.call("GET", "/admin/v1/accounts", headers=bearer(customer.access))
    assert answer.status == 403
    assert answer.header("WWW-Authenticate").startswith('Bearer error="insufficient_scope", error_description="')


# --- The life of a client ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["disable", "renew-secret", "delete", "narrow"])
def test_what_takes_trust_from_a_client_ends_its_tokens(site, client, api, step):
    name = f"victim-{step}"
    victim = ServiceClient(site, name, AUDIENCE, scopes=("read", "write"))
    wait_for(client, victim)
    token = victim.token(client)
    assert api.is_active(client, token)
    words = ("change", name, "--scope", "read") if step == "narrow" else (step, name)
    site.run("client", *words)
    began = time.monotonic()
    until(lambda: not api.is_active(client, token), seconds=5, what="its tokens are refused", pause=0.005)
    if step == "narrow":
        assert claims_of(victim.token(client))["scope"] == "read"
        return
    until(lambda: victim.post(client, "introspect", token="x").status == 401, seconds=5, what="it is refused")
    assert_oauth_error(victim.post(client, "token", grant_type="client_credentials"), 401, "invalid_client")
    print(f"{step}: refused {1000 * (time.monotonic() - began):.0f} ms after the command had ended")
    if step == "disable":
        site.run("client", "enable", name)
        wait_for(client, victim)
        assert api.introspect(client, token) == INACTIVE, "what was revoked stays so"


def test_a_client_at_the_command_line(site, client):
    made = site.run_json("client", "create", "reports", "--audience", "b", "--audience", "a", "--scope", "x")
    assert re.fullmatch(r"pcs_[A-Za-z0-9_-]{43}", made["client_secret"])
    assert made["audiences"] == ["a", "b"] and made["scopes"] == ["x"] and made["disabled_at"] is None
    shown = site.run_json("client", "show", made["id"])
    assert "client_secret" not in shown and shown == site.run_json("client", "show", "reports")
    assert shown in site.run_json("client", "list")
    assert site.run_json("client", "change", "reports", "--name", "figures", "--no-scopes")["scopes"] == []
    renewed = site.run_json("client", "renew-secret", "figures")
    assert renewed["client_secret"] != made["client_secret"] and renewed["id"] == made["id"]
    assert "disabled since" in site.run("client", "disable", "figures")
    for words, status in (
        (("create", "figures", "--audience", "a"), 1),
        (("create", "no-audience"), 2),
        (("create", made["id"], "--audience", "a"), 1),
        (("change", "figures"), 2),
        (("show", "nobody"), 1),
    ):
        assert site.command("client", *words).returncode == status, words
    assert site.run_json("client", "delete", "figures") == {"deleted": "figures"}
    assert site.command("client", "delete", "figures").returncode == 1
    events = [record["event"] for record in site.run_json("audit", "tail", "-n", "40")]
    for event in ("created", "changed", "secret_renewed", "disabled", "deleted"):
        assert f"client.{event}" in events, events
    everything = site.run("audit", "export", "-") + "".join(server.log() for server in site.servers)
    assert made["client_secret"] not in everything and renewed["client_secret"] not in everything


def test_clients_over_http(site, client, api):
    admin = client.sign_in(site.new_account("--activated", "--admin"))

    def call(method, path, body=None):
        return client.call(method, f"/admin/v1/clients{path}", headers=bearer(admin.access), body=body)

    made = call("POST", "", {"name": "over-http", "audiences": [AUDIENCE], "scopes": ["read"]})
    assert made.status == 201 and made.header("Cache-Control") == "no-store"
    id_, secret = made.json()["client"]["id"], made.json()["client_secret"]
    assert call("POST", "", {"name": "over-http", "audiences": [AUDIENCE]}).status == 409
    assert call("POST", "", {"name": "x", "audiences": []}).status == 400
    # Known to the node that made it by the time of the answer.
    knows = lambda known: post(client, "introspect", basic(id_, known), token="x").status == 200
    assert knows(secret)
    token = post(client, "token", basic(id_, secret), grant_type="client_credentials").json()["access_token"]
    assert secret not in call("GET", f"/{id_}").body.decode() and call("GET", f"/{id_}").json()["name"] == "over-http"
    assert call("PATCH", f"/{id_}", {"scopes": []}).json()["scopes"] == []
    assert api.introspect(client, token) == INACTIVE, "narrowed"
    renewed = call("POST", f"/{id_}/secret").json()["client_secret"]
    assert knows(renewed) and not knows(secret)
    assert call("POST", f"/{id_}/disable").json()["disabled_at"]
    assert_oauth_error(
        post(client, "token", basic(id_, renewed), grant_type="client_credentials"), 401, "invalid_client"
    )
    assert "disabled_at" not in call("POST", f"/{id_}/enable").json()
    page = call("GET", "?limit=1").json()
    assert len(page["clients"]) == 1 and page["next_cursor"]
    assert call("DELETE", f"/{id_}").status == 200 and call("DELETE", f"/{id_}").status == 404


def test_what_takes_trust_from_a_client_is_known_by_its_answer(site, client):
    """A hundred times over, since the directory was a few milliseconds behind before."""
    admin = client.sign_in(site.new_account("--activated", "--admin"))
    with client.connect() as asking, client.connect() as changing:

        def change(step):
            answer = changing.request("POST", f"/admin/v1/clients/{id_}/{step}", headers=bearer(admin.access))
            assert answer.status == 200, answer.body
            return answer.json()

        def status(secret):
            headers = basic(id_, secret) | {"Content-Type": FORM}
            return asking.request("POST", "/oauth2/introspect", headers=headers, body=b"token=x").status

        id_ = site.run_json("client", "create", "changing", "--audience", AUDIENCE)["id"]
        for _ in range(50):
            secret = change("secret")["client_secret"]
            assert status(secret) == 200
            change("disable")
            assert status(secret) == 401
            change("enable")
            assert status(secret) == 200
            change("secret")
            assert status(secret) == 401


def test_a_client_never_has_a_token_that_is_too_long_to_believe(make_site):
    site = make_site("sqlite")
    server = site.serve()
    many = [f"https://{number:03}.{'a' * 236}.example" for number in range(32)]
    words = [word for audience in many for word in ("--audience", audience)]
    refused = site.command("client", "create", "wide", *words)
    assert refused.returncode != 0 and "bytes of a token; together they may have 4096" in refused.stderr, refused
    wide = ServiceClient(site, "wide", many[0])
    server.stop()
    with contextlib.closing(sqlite3.connect(site.database_file)) as database, database:  # as it could be made once
        database.execute("UPDATE clients SET audiences = ?", [" ".join(many)])
    http = server.start().client()
    assert_oauth_error(wide.post(http, "token", grant_type="client_credentials"), 400, "invalid_request")
    token = wide.token(http, resource=many[7])
    assert wide.is_active(http, token)
    assert wide.post(http, "revoke", token=token).status == 200
    assert not wide.is_active(http, token)


# --- Several nodes, and none that knows -------------------------------------------------------------------------------


def test_what_one_node_takes_away_the_other_refuses(make_site):
    """Within the bound of two seconds, as a rule within milliseconds."""
    site = make_site("postgresql")
    first, second = site.serve().client(), site.serve().client()
    admin = first.sign_in(site.new_account("--activated", "--admin"))
    for number in range(3):
        victim = ServiceClient(site, f"victim-{number}", AUDIENCE)
        for http in (first, second):
            wait_for(http, victim)
        token = victim.token(first)
        assert victim.is_active(second, token)
        witness = ServiceClient(site, f"witness-{number}", AUDIENCE)
        wait_for(second, witness)
        path = f"/admin/v1/clients/{victim.id}/disable"
        assert first.call("POST", path, headers=bearer(admin.access)).status == 200
        done = time.monotonic()
        assert_oauth_error(victim.post(first, "token", grant_type="client_credentials"), 401, "invalid_client")
        # In the transaction, whatever the node has heard of.
        assert_oauth_error(victim.post(second, "token", grant_type="client_credentials"), 401, "invalid_client")
        until(lambda: not witness.is_active(second, token), seconds=2, what="its token is refused", pause=0.002)
        token_took = time.monotonic() - done
        until(lambda: victim.post(second, "introspect", token=token).status == 401, seconds=2, what="it is refused")
        client_took = time.monotonic() - done
        print(f"token refused after {1000 * token_took:.0f} ms, client after {1000 * client_took:.0f} ms")


def test_a_token_whose_key_cannot_be_looked_for_is_not_called_revoked(make_site):
    """The node has slept through a rotation, and wakes without its database."""
    own = PostgresCluster()
    try:
        site = make_site("postgresql", cluster=own)
        here, asleep = site.serve(), site.serve()
        account = site.new_account()
        asleep.process.send_signal(signal.SIGSTOP)
        site.run("key", "rotate", "--purpose", "refresh", "--now")
        site.run("key", "rotate", "--purpose", "access", "--now")
        http, woken = here.client(), asleep.client()
        tokens = until(lambda: signed_by_the_new_keys(site, http.sign_in(account)), seconds=5, what="the new keys sign")
        own.freeze()
        asleep.process.send_signal(signal.SIGCONT)
        for token in (tokens.access, tokens.refresh):
            assert_oauth_error(post(woken, "revoke", token=token), 503, "temporarily_unavailable")
        own.thaw()
        until(lambda: post(woken, "revoke", token=tokens.refresh).status == 200, seconds=20, what="the database is back")
        assert http.refresh(tokens.refresh).status == 401 and not woken.accepts(tokens.access)
    finally:
        own.close()


def signed_by_the_new_keys(site, tokens):
    active = {key["purpose"]: key["kid"] for key in site.run_json("key", "list") if key["state"] == "active"}
    signed = {"access": header_of(tokens.access)["kid"], "refresh": header_of(tokens.refresh)["kid"]}
    return tokens if signed.items() <= active.items() else None


def test_a_node_that_cannot_know_answers_503_and_never_false(make_site):
    own = PostgresCluster()
    try:
        site = make_site("postgresql", cluster=own)
        http = site.serve().client()
        made = ServiceClient(site, "api", AUDIENCE)
        wait_for(http, made)
        tokens = http.sign_in(site.new_account())
        assert made.is_active(http, tokens.access)
        own.freeze()
        time.sleep(2.5)
        answer = made.post(http, "introspect", token=tokens.access)
        assert_oauth_error(answer, 503, "temporarily_unavailable")
        assert int(answer.header("Retry-After")) >= 1
        assert_oauth_error(post(http, "revoke", token=tokens.access), 503, "temporarily_unavailable")
        own.thaw()
        until(
            lambda: made.post(http, "introspect", token=tokens.access).status == 200,
            seconds=20,
            what="the node has caught up",
            pause=0.1,
        )
        assert made.is_active(http, tokens.access)
    finally:
        own.close()


def test_an_unknown_client_takes_as_long_as_a_known_one(client, api):
    requests = {
        "known": basic(api.id, api.secret[:-1] + "!"),
        "unknown": basic("018f0000-0000-7000-8000-000000000000", api.secret),
    }
    times = {name: [] for name in requests}
    answers = set()
    with client.connect() as connection:
        for _ in range(300):
            for name, headers in requests.items():
                began = time.perf_counter()
                answer = connection.request(
                    "POST", "/oauth2/introspect", headers=headers | {"Content-Type": FORM}, body=b"token=x"
                )
                times[name].append(time.perf_counter() - began)
                answers.add((answer.status, answer.comparable_bytes()))
    assert len(answers) == 1, "the same bytes"
    difference = 1000 * abs(statistics.median(times["known"]) - statistics.median(times["unknown"]))
    assert difference < 0.1, f"{difference:.3f} ms apart"


def test_the_commands_of_the_documentation_work(make_site, tmp_path):
    """Every fence of docs/clients.md that is marked as shell, in order, in one shell."""
    site = make_site("sqlite")
    server = site.serve()
    text = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
    fences = re.findall(r"^```bash\n(.*?)^```", text, re.M | re.S)
    assert len(fences) >= 6
    # A program that makes a client and uses it in the same breath has to wait for the node to hear of it.
    lines = "\n".join([fences[0], "sleep 0.5", *fences[1:]])
    done = site.shell(lines, tmp_path, AUTH=f"http://127.0.0.1:{server.port}")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert '{"active":true' in done.stdout and site.run_json("client", "list") == []
