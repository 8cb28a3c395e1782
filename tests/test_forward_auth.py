"""Forward auth: nginx, Caddy, Traefik and Envoy, each the real one with its file of deploy/, keep an API with Postern."""

import posixpath
import re
import statistics
import time
from urllib.parse import unquote, urlsplit

import pytest

from harness.client import BASE, bearer
from harness.oauth import ServiceClient
from harness.proxies import API_HOST, AUTH_HOST, PROXIES, Api
from harness.site import AUDIENCE, Site
from harness.tokens import claims_of
from harness.waiting import until

IDENTITY = ("subject", "client", "session", "roles", "scope", "token-id", "expires")
ODD_IN_NAMES = "!#$%&'*+.^_`|~"  # what a header's name may hold (RFC 9110) and some frameworks turn into an underscore
# Each of them is /reports/1, or something beside it, for one framework or another; many are something else for another.
KEPT_PATHS = """
    /reports /reports/ /reports? /reports/1 /Reports/1 /REPORTS /rEPORTS/1 /reports.json /reports./1 /reports%20/1
    //reports/1 ///reports/1 /reports//1 //x/reports/1 /./reports/1 /x/../reports/1 /x/%2e%2e/reports/1 /x/.%2E/reports/1
    /reports/../orders /reports/1/../../orders /reports/%2e%2e/orders /reports/..
    /%72eports/1 /r%65ports/1 /%52EPORTS/1 /%2572eports/1 /%72eports%2f1
    /reports%2f1 /reports%2F1 /orders/..%2freports/1 /orders%2f..%2freports/1 /x%2f%2e%2e%2freports%2f1 /reports%2f..%2forders
    /%2freports/1 /%252freports/1 /reports%252f1
    /reports;x/1 /reports;/1 /;/reports/1 /;x/reports/1 /orders/..;/reports/1 /orders/..;x/reports/1 /reports%3bx/1 /%3b/reports/1
    /reports\\1 \\reports/1 /\\reports/1 /orders/..\\reports/1 /reports%5c1 /%5creports/1 /orders/..%5Creports/1 /reports/..\\orders
    /reports%00/1 /reports%3f/1 /reports%09/1 http://api.example.com/reports/1 http://api.example.com//reports/1
""".split()
ROUNDS = 50
SHORT_LIFE = {"POSTERN_TOKENS_ACCESS_LIFE": "1s", "POSTERN_SESSIONS_REFRESH_GRACE": "0s"}


class Guarded:
    """A site, an API, and a proxy between the API and the world."""

    def __init__(self, proxy, site, server, api, accounts, expired):
        self.proxy, self.site, self.server, self.api = proxy, site, server, api
        self.account, self.auditor = accounts
        self.expired = expired

    def ask(self, token=None, target="/orders", *, method="GET", headers=(), body=None):
        with self.proxy.connect() as connection:
            return self.ask_on(connection, token, target, method=method, headers=headers, body=body)

    @staticmethod
    def ask_on(connection, token=None, target="/orders", *, method="GET", headers=(), body=None):
        pairs = [("Host", API_HOST)]
        if token is not None:
            pairs.append(("Authorization", f"Bearer {token}"))
        return connection.request(method, target, headers=[*pairs, *headers], body=body)

    def sign_in(self, account=None):
        return self.server.client().sign_in(account or self.account)


@pytest.fixture(scope="module", params=PROXIES)
def guarded(request, tmp_path_factory):
    with Site("sqlite", environ=SHORT_LIFE) as site:
        server = site.serve()
        account, auditor = site.new_account(), site.new_account()
        site.run("account", "roles", auditor.email, "auditor", "staff")
        site.run("account", "scopes", auditor.email, "reports:read", "reports:write")
        expired = server.client().sign_in(account).access
        until(lambda: time.time() > claims_of(expired)["exp"], seconds=5, what="it has expired")
        for name in SHORT_LIFE:
            del site.environment[name]
        server.restart()
        api = Api()
        try:
            proxy = PROXIES[request.param](tmp_path_factory.mktemp(request.param), server.port, api.port)
            with proxy.running():
                yield Guarded(proxy, site, server, api, (account, auditor), expired)
        finally:
            api.close()


def identity_of(answer):
    """What the API was told about the caller: lists by name, each spelling that a framework would take for it."""
    assert answer.status == 200, (answer.status, answer.headers, answer.body)
    told = {}
    for name, value in answer.json()["headers"]:
        plain = re.sub("[^0-9a-z]", "-", name.lower())
        if plain.startswith("x-auth-"):
            told.setdefault(plain.removeprefix("x-auth-"), []).append(value)
    return told


def refused(guarded, answer, status, challenge=None):
    assert answer.status == status, (answer.status, answer.headers, answer.body)
    shown = [value for name, value in answer.headers if name.lower() == "www-authenticate"]
    assert shown == ([challenge] if isinstance(challenge, str) else shown)
    return shown


def test_who_shows_a_good_token_gets_through_and_is_named(guarded):
    tokens = guarded.sign_in(guarded.auditor)
    claims = claims_of(tokens.access)
    identity = identity_of(guarded.ask(tokens.access))
    assert identity["subject"] == [claims["sub"]]
    assert identity["client"] == ["first-party"]
    assert identity["session"] == [claims["sid"]]
    assert identity["roles"] == ["auditor staff"]
    assert identity["scope"] == ["reports:read reports:write"]
    assert identity["token-id"] == [claims["jti"]]
    assert identity["expires"] == [str(claims["exp"])]
    assert set(identity) <= set(IDENTITY)


def test_others_do_not_get_through_and_are_told_why(guarded):
    before = guarded.api.requests
    refused(guarded, guarded.ask(), 401, "Bearer")
    tokens = guarded.sign_in()
    for token in ("a.b.c", tokens.refresh, guarded.expired, tokens.access[:-4] + "AAAA"):
        (challenge,) = refused(guarded, guarded.ask(token), 401)
        assert challenge.startswith('Bearer error="invalid_token"')
    assert guarded.api.requests == before, "the API saw none of them"


def test_a_revoked_token_is_refused_at_the_next_request(guarded):
    """No wait and no second try: what Postern has acknowledged holds."""
    times = []
    for _ in range(ROUNDS):
        tokens = guarded.sign_in() if not times or len(times) % 10 == 0 else guarded.server.client().refreshed(tokens.refresh)
        with guarded.proxy.connect() as connection:
            assert guarded.ask_on(connection, tokens.access).status == 200
            assert guarded.server.client().revoke_access(tokens.access).status == 200
            start = time.perf_counter()
            answer = guarded.ask_on(connection, tokens.access)
            times.append((time.perf_counter() - start) * 1000)
            refused(guarded, answer, 401)
    print(
        f"\n{guarded.proxy.name}: acknowledged to refused, {ROUNDS} rounds: median {statistics.median(times):.1f} ms, "
        f"p99 {sorted(times)[int(0.99 * len(times))]:.1f} ms"
    )


def test_a_disabled_account_is_refused_at_the_next_request(guarded):
    account = guarded.site.new_account()
    access = guarded.sign_in(account).access
    assert guarded.ask(access).status == 200
    guarded.site.run("account", "disable", account.email)
    time.sleep(0.15)  # another process did it; the server sees that within 100 ms
    refused(guarded, guarded.ask(access), 401)


def test_roles_and_scopes_are_required_where_the_configuration_says(guarded):
    auditor, other = guarded.sign_in(guarded.auditor).access, guarded.sign_in().access
    assert guarded.ask(auditor, "/reports/2026").status == 200
    before = guarded.api.requests
    (challenge,) = refused(guarded, guarded.ask(other, "/reports/2026"), 403)
    assert challenge.startswith('Bearer error="insufficient_scope"') and 'scope="reports:read"' in challenge
    refused(guarded, guarded.ask(None, "/reports/2026"), 401, "Bearer")
    assert guarded.api.requests == before
    assert guarded.ask(other, "/orders").status == 200


def readings(target):
    """What frameworks may take a path for: decoded or not, case or none, with matrix parameters, with `..` followed or not."""
    found = {target.split("?")[0]}
    for read in (
        lambda path: urlsplit(path).path,
        unquote,
        unquote,
        lambda path: path.replace("\\", "/"),
        lambda path: re.sub(";[^/]*", "", path),
        lambda path: re.sub("/+", "/", path),
        posixpath.normpath,
        str.lower,
    ):
        found |= {read(path) for path in found}
    return found


def test_no_spelling_of_a_path_gets_around_what_it_requires(guarded):
    other = guarded.sign_in().access
    passed = []
    for target in KEPT_PATHS:
        answer = guarded.ask(other, target)
        assert answer.status in (200, 400, 403, 404), (target, answer.status)
        if answer.status == 200:
            sent = answer.json()["target"]
            passed += [(target, sent, path) for path in readings(sent) if path.startswith("/reports")]
    assert not passed


def test_a_path_is_kept_with_and_without_a_slash_and_in_any_case(guarded):
    auditor, other = guarded.sign_in(guarded.auditor).access, guarded.sign_in().access
    for target in ("/reports", "/reports?a=b", "/reports/", "/reports/1", "/Reports/1", "/REPORTS", "/reports.json", "/%72eports/1"):
        refused(guarded, guarded.ask(other, target), 403)
        assert guarded.ask(auditor, target).status == 200, target


def test_ordinary_paths_and_any_query_reach_the_api_as_they_are(guarded):
    other = guarded.sign_in().access
    for target in ("/orders/a%20b/c.d~e", "/.well-known/x", "/%C3%A9t%C3%A9", "/orders/", "/", "/my/reports/1", "/a:b@c,d=e+f"):
        for query in ("", "?next=https://x.example.com//a/../b%3bc%2f%5c%00%25"):
            answer = guarded.ask(other, target + query)
            assert answer.status == 200 and answer.json()["target"] == target + query, (target, query, answer.status)


def test_the_query_of_a_request_changes_nothing_about_the_question(guarded):
    other = guarded.sign_in().access
    for query in ("role=user&scope=", "audience=anything"):
        refused(guarded, guarded.ask(other, f"/reports/x?{query}"), 403)
    assert guarded.ask(other, "/orders?role=nobody&scope=none&audience=x&role=again").status == 200
    assert guarded.ask(None, "/orders?access_token=" + other).status == 401


def test_nobody_can_say_who_they_are(guarded):
    access = guarded.sign_in().access
    honest = identity_of(guarded.ask(access))
    forged = []
    for name in IDENTITY:
        for spelling in (
            f"X-Auth-{name.title()}",
            f"x-auth-{name}",
            f"X-AUTH-{name.upper()}",
            f"x_auth_{name.replace('-', '_')}",
            f"X-Auth_{name.title()}",
            f"X_Auth-{name.title()}",
        ):
            forged.append([(spelling, "forged")])
            forged.append([(spelling, "")])
            forged.append([(spelling, "forged"), (spelling, "again")])
    with guarded.proxy.connect() as connection:
        for headers in forged:
            answer = guarded.ask_on(connection, access, headers=headers)
            assert answer.status == 200, headers
            told = identity_of(answer)
            assert "forged" not in str(told), (headers, told)
            known = {name: value for name, value in told.items() if name in IDENTITY and value != [""]}
            assert known == {name: value for name, value in honest.items() if value != [""]}, headers


def test_no_odd_character_makes_a_name_of_the_callers(guarded):
    """CGI and its like read X.Auth.Roles as X_AUTH_ROLES too."""
    access = guarded.sign_in().access
    honest = identity_of(guarded.ask(access))
    for odd in ODD_IN_NAMES:
        shapes = [f"X-Auth{odd}"]
        if guarded.proxy.name != "caddy" or odd in "._":  # Caddy knows names by their beginning alone (docs/proxy.md)
            shapes += [f"X{odd}Auth{odd}", f"x{odd}AUTH-"]
        for shape in shapes:
            answer = guarded.ask(access, headers=[(shape + name.replace("-", odd), "forged") for name in IDENTITY])
            assert identity_of(answer) == honest, shape


def test_the_caller_cannot_take_away_who_they_are(guarded):
    """By naming it in Connection (RFC 9110, 7.6.1): without X-Auth-Session, an API would take an account for a client."""
    access = guarded.sign_in(guarded.auditor).access
    honest = identity_of(guarded.ask(access))
    names = [f"X-Auth-{name.title()}" for name in IDENTITY]
    for values in (
        *([name] for name in names),
        [", ".join(names)],
        ["keep-alive,x-auth-session ,close"],
        ["close", "X-Auth-Session"],
        ["TE, X-AUTH-ROLES", "close"],
    ):
        answer = guarded.ask(access, headers=[("Connection", value) for value in values])
        if guarded.proxy.name == "caddy":
            assert answer.status == 400, values
        else:
            assert identity_of(answer) == honest, values
    answer = guarded.ask(access, headers=[("Connection", "Upgrade, X-Auth-Session"), ("Upgrade", "websocket")])
    assert answer.status == 400 or answer.header("Seen-Connection").lower() == "upgrade"  # or the next hop would do it


def test_a_clients_own_token_gets_through_and_has_no_session(guarded):
    http = guarded.server.client()
    service = ServiceClient(guarded.site, "nightly", AUDIENCE, scopes=("orders:read",))
    access = until(lambda: token_of(service, http), seconds=5, what="the server knows the client")
    forged = [("X-Auth-Session", "forged"), ("x-auth-roles", "admin"), ("X_Auth_Session", "forged")]
    told = identity_of(guarded.ask(access, headers=forged))
    assert told["subject"] == [service.id] and told["client"] == [service.id] and told["scope"] == ["orders:read"]
    assert told.get("session", [""]) == [""] and told.get("roles", [""]) == [""]
    guarded.site.run("client", "delete", service.id)
    until(lambda: guarded.ask(access).status == 401, seconds=2, what="its token is refused")


def test_the_caller_cannot_choose_the_audience(guarded):
    http = guarded.server.client()
    service = ServiceClient(guarded.site, "elsewhere", "https://elsewhere.example.com")
    access = until(lambda: token_of(service, http), seconds=5, what="the server knows the client")
    for query in ("", "?audience=https://elsewhere.example.com", "?audience=https%3A%2F%2Felsewhere.example.com"):
        assert guarded.ask(access, f"/orders{query}").status == 401
    assert http.call("GET", f"{BASE}/verify?audience=https://elsewhere.example.com", headers=bearer(access)).status == 200
    guarded.site.run("client", "delete", service.id)


def token_of(service, http):
    answer = service.post(http, "token", grant_type="client_credentials")
    return answer.json()["access_token"] if answer.status == 200 else None


def test_nobody_is_let_in_by_the_headers_that_say_who_they_are(guarded):
    for headers in ([("X-Auth-Subject", "forged")], [("X-Forwarded-Uri", "/healthz")], [("X-Original-URI", "/healthz")]):
        assert guarded.ask(None, headers=headers).status == 401
    assert guarded.ask(None, headers=[("X-Forwarded-Method", "OPTIONS")]).status == 401
    assert guarded.ask(None, method="OPTIONS").status == 401


def test_the_api_never_gets_another_token_than_the_one_that_was_checked(guarded):
    access = guarded.sign_in().access
    for pairs in (
        [("Authorization", f"Bearer {access}"), ("Authorization", "Bearer other")],
        [("Authorization", "Bearer other"), ("Authorization", f"Bearer {access}")],
        [("Authorization", f"Bearer {access}, Bearer other")],
    ):
        answer = guarded.ask(None, headers=pairs)
        if answer.status == 200:
            sent = [value for name, value in answer.json()["headers"] if name.lower() == "authorization"]
            assert sent == [f"Bearer {access}"], (pairs, sent)
        else:
            assert answer.status in (400, 401, 503), answer.status


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_every_method_is_checked_and_let_through(guarded, method):
    access = guarded.sign_in().access
    assert guarded.ask(access, method=method).status == 200
    assert guarded.ask(None, method=method).status == 401


def test_a_body_goes_to_the_api_and_not_to_postern(guarded):
    access = guarded.sign_in().access
    for size in (0, 1, 100_000, 900_000):
        answer = guarded.ask(access, method="POST", body=b"x" * size)
        assert answer.status == 200 and answer.json()["received"] == size, (size, answer.status)
    chunked = b"5\r\nhello\r\n0\r\n\r\n"
    answer = guarded.ask(access, method="POST", headers=[("Transfer-Encoding", "chunked")], body=chunked)
    assert answer.status == 200 and answer.json()["received"] == 5
    with guarded.proxy.connect() as connection:
        assert guarded.ask_on(connection, method="POST", body=b"x" * 1000).status == 401


def test_a_connection_that_is_kept_asks_each_time(guarded):
    first, second = guarded.sign_in(guarded.account), guarded.sign_in(guarded.auditor)
    with guarded.proxy.connect() as connection:
        for _ in range(3):
            assert identity_of(guarded.ask_on(connection, first.access))["subject"] == [claims_of(first.access)["sub"]]
            assert guarded.ask_on(connection).status == 401
            assert identity_of(guarded.ask_on(connection, second.access))["subject"] == [claims_of(second.access)["sub"]]


def test_an_upgrade_goes_through(guarded):
    headers = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ]
    access = guarded.sign_in().access
    with guarded.proxy.connect() as connection:
        assert guarded.ask_on(connection, access, headers=headers).status == 101
        connection.send(b"ping")
        while len(connection.unread) < 4:
            connection.unread += connection.socket.recv(16)
        assert connection.unread == b"ping"
    assert guarded.ask(None, headers=headers).status == 401


def test_large_headers_are_the_apis_business(guarded):
    """Cookies and the like do not go to Postern, whose header may have 16 KiB; and what Postern says may be long too."""
    access = guarded.sign_in().access
    cookie = [("Cookie", "a=" + "x" * 7000), *((f"X-Note-{n}", "y" * 1500) for n in range(6))]
    assert guarded.ask(access, headers=cookie).status == 200
    account = guarded.site.new_account()
    roles = [f"role-{n:02}-" + "r" * 40 for n in range(32)]
    guarded.site.run("account", "roles", account.email, *roles)
    identity = identity_of(guarded.ask(guarded.sign_in(account).access))
    assert identity["roles"] == [" ".join(roles)]


def test_the_way_to_log_in_is_open(guarded):
    with guarded.proxy.connect() as connection:
        body = {"email": guarded.account.email, "password": guarded.account.password}
        answer = connection.request("POST", f"{BASE}/token", headers={"Host": AUTH_HOST}, body=body)
        assert answer.status == 200
        access = answer.json()["access_token"]
        assert connection.request("GET", f"{BASE}/me", headers={"Host": AUTH_HOST, **bearer(access)}).status == 200
        assert connection.request("GET", "/metrics", headers={"Host": AUTH_HOST}).status == 404


def test_while_postern_is_away_nobody_gets_through(guarded):
    access = guarded.sign_in().access
    assert guarded.ask(access).status == 200
    before = guarded.api.requests
    guarded.server.stop()
    try:
        for token in (access, None, access):
            assert guarded.ask(token).status in (500, 502, 503)
        assert guarded.api.requests == before
    finally:
        guarded.server.start()
    assert guarded.ask(access).status == 200, "and the token is as good as before"
