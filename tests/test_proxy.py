"""deploy/nginx.conf, with a real nginx: Postern sees the client behind it, and nobody can pretend to be another."""

import pytest

from harness.client import BASE
from harness.process import free_port
from harness.proxies import Nginx

LIMIT = 10  # throttle.account_network_failures
WRONG = "this is not the password"


@pytest.fixture
def behind_nginx(make_site, tmp_path):
    """(site, connect): connect(source) is a TLS connection to nginx from that address of this machine."""
    site = make_site("sqlite", settings={"http.trusted_proxies": ["127.0.0.1"]}, throttled=True)
    proxy = Nginx(tmp_path, site.serve().port, api=free_port())
    with proxy.running():
        yield site, lambda source="127.0.0.20": proxy.connect(source=source)


def login(connection, account, password, **headers):
    body = {"email": account.email, "password": password}
    return connection.request("POST", f"{BASE}/token", headers=headers, body=body)


def test_the_client_behind_nginx_is_known_by_its_own_address(behind_nginx):
    site, connect = behind_nginx
    account = site.new_account()
    with connect("127.0.0.20") as connection:
        assert login(connection, account, account.password).status == 200
    assert [session["address"] for session in site.run_json("session", "list", account.email)] == ["127.0.0.20"]


def test_a_forged_forwarded_address_does_not_get_past_nginx(behind_nginx):
    site, connect = behind_nginx
    account = site.new_account()
    with connect("127.0.0.21") as connection:
        answers = [
            login(connection, account, WRONG, **{"X-Forwarded-For": f"198.51.100.{number}"})
            for number in range(LIMIT + 5)
        ]
    assert [answer.status for answer in answers] == [401] * LIMIT + [429] * 5
    with connect("127.0.0.22") as connection:
        assert login(connection, account, account.password).status == 200, "another client is not the attacker"


def test_what_is_not_for_the_public_is_not_there(behind_nginx):
    _, connect = behind_nginx
    with connect() as connection:
        assert connection.request("GET", "/metrics").status == 404
        assert connection.request("GET", "/.well-known/jwks.json").status == 200


def test_answers_come_through_as_they_are(behind_nginx):
    site, connect = behind_nginx
    with connect() as connection:
        large = connection.request("POST", f"{BASE}/token", body=b"x" * (70 * 1024))
        assert large.status == 413 and large.json()["code"]
    with connect() as connection:
        refused = connection.request("GET", f"{BASE}/me")
        assert refused.status == 401 and refused.header("WWW-Authenticate") == "Bearer"
    assert site.servers[0].process.poll() is None
