"""The pages behind mailed links: in a real browser without scripts, and against those who abuse them."""

import json
import pathlib
import subprocess
from urllib.parse import quote, urlencode, urlsplit

import pytest

from harness.client import Account
from harness.site import ISSUER, PASSWORD, Site
from harness.smtp import SmtpServer

HERE = pathlib.Path(__file__).parent
SHOTS = HERE.parent / "build" / "pages"
NEW_PASSWORD = "eleven quiet lanterns"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def smtp():
    with SmtpServer() as server:
        yield server


@pytest.fixture(scope="module")
def pages(smtp):
    settings = smtp.settings() | {"service_name": "Harbour & Sons", "links.color": "#0b6e4f"}
    with Site("sqlite", settings=settings) as site:
        site.serve()
        yield site


@pytest.fixture(scope="module")
def client(pages):
    return pages.servers[0].client()


@pytest.fixture
def link_of(pages, smtp, client):
    """Asks for a mail by a call and returns the path and query of its link."""

    def ask(address, call):
        already = len(smtp.mails_to(address))
        answer = call()
        assert answer.status in (200, 202), (answer.status, answer.body)
        url = urlsplit(smtp.wait_for(address, count=already + 1).link())
        assert f"{url.scheme}://{url.netloc}" == ISSUER, "links come from the configuration"
        return f"{url.path}?{url.query}"

    return ask


def sign_up(client, address):
    return client.call("POST", "/auth/v1/signup", body={"email": address, "password": PASSWORD})


def forgot(client, address):
    return client.call("POST", "/auth/v1/password/forgot", body={"email": address})


def in_chromium(pages, link, **steps):
    SHOTS.mkdir(parents=True, exist_ok=True)
    steps["url"] = f"http://127.0.0.1:{pages.servers[0].port}{link}"
    done = subprocess.run(
        ["node", str(HERE / "pages_in_chromium.mjs"), json.dumps(steps)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=HERE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert not seen["violations"], "axe finds the page inaccessible"
    assert not seen["outside"], "the page loads something from elsewhere"
    for said in filter(None, (seen["before"], seen["after"])):
        assert said["scripts"] == 0
        assert said["color"] == "rgb(11, 110, 79)", "the operator's colour"
        assert "Harbour & Sons" in said["title"]
    return seen["before"], seen["after"]


def post_form(client, path, headers=None, **fields):
    return client.call("POST", path, headers=FORM | (headers or {}), body=urlencode(fields).encode())


def token_in(link):
    return link.split("token=")[1]


def test_a_sign_up_is_confirmed(pages, client, link_of):
    account = Account("page-signup@example.com", PASSWORD)
    link = link_of(account.email, lambda: sign_up(client, account.email))
    before, after = in_chromium(pages, link, submit=True, screenshot=str(SHOTS / "verify.png"))
    assert before["status"] == 200 and account.email in before["text"]
    assert after["status"] == 200 and after["heading"] == "Address confirmed"
    client.sign_in(account)


def test_looking_at_a_link_uses_nothing_up(client, link_of):
    """Mail scanners fetch every link, several times, also with HEAD."""
    account = Account("page-scanner@example.com", PASSWORD)
    link = link_of(account.email, lambda: sign_up(client, account.email))
    for method in ("GET", "HEAD", "GET"):
        assert client.call(method, link).status == 200
    assert client.login(account.email, account.password).status == 403
    assert post_form(client, "/account/verify", token=token_in(link)).status == 200
    client.sign_in(account)


def test_a_password_is_reset(pages, client, link_of):
    account = pages.new_account(email="page-reset@example.com")
    link = link_of(account.email, lambda: forgot(client, account.email))
    before, after = in_chromium(pages, link, password="too short", submit=True)
    assert account.email in before["text"]
    assert after["status"] == 400 and "it needs 15 or more" in after["alert"]
    _, after = in_chromium(pages, link, password=NEW_PASSWORD, repeated=NEW_PASSWORD + "?", submit=True)
    assert after["alert"] == "The two passwords differ."
    _, after = in_chromium(pages, link, password=NEW_PASSWORD, submit=True, screenshot=str(SHOTS / "reset.png"))
    assert after["heading"] == "Password set", "a refused password leaves the link alive"
    client.sign_in(Account(account.email, NEW_PASSWORD))
    assert client.login(account.email, account.password).status == 401
    before, _ = in_chromium(pages, link)
    assert before["status"] == 400 and before["heading"] == "This link does not work"


def test_an_invitation_is_accepted(pages, client, link_of, smtp):
    address = "page-invited@example.com"
    pages.run("account", "create", address, "--invite")
    link = urlsplit(smtp.wait_for(address).link())
    _, after = in_chromium(pages, f"{link.path}?{link.query}", password=NEW_PASSWORD, submit=True, dark=True)
    assert after["heading"] == "Your account is open"
    client.sign_in(Account(address, NEW_PASSWORD))


def test_an_address_is_changed(pages, client, smtp):
    account = pages.new_account(email="page-before@example.com")
    tokens = client.sign_in(account)
    answer = client.call(
        "POST",
        "/auth/v1/email/change",
        headers={"Authorization": f"Bearer {tokens.access}"},
        body={"new_email": "page-after@example.com", "password": account.password},
    )
    assert answer.status == 202, answer.body
    link = urlsplit(smtp.wait_for("page-after@example.com").link())
    _, after = in_chromium(pages, f"{link.path}?{link.query}", submit=True)
    assert after["heading"] == "Address changed"
    client.sign_in(Account("page-after@example.com", account.password))


def test_speaks_the_language_of_the_browser(pages, client, link_of):
    address = "page-german@example.com"
    link = link_of(address, lambda: sign_up(client, address))
    before, after = in_chromium(pages, link, submit=True, locale="de-AT")
    assert before["language"] == "de" and before["heading"] == "Adresse bestätigen"
    assert after["heading"] == "Adresse bestätigt"


def test_of_two_uses_at_once_one_wins(client, link_of):
    from concurrent.futures import ThreadPoolExecutor

    address = "page-twice@example.com"
    token = token_in(link_of(address, lambda: sign_up(client, address)))
    with ThreadPoolExecutor(8) as pool:
        uses = [pool.submit(post_form, client, "/account/verify", token=token) for _ in range(8)]
        statuses = sorted(use.result().status for use in uses)
    assert statuses == [200] + [400] * 7


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site", "Origin": "https://other.example.com"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
        {"Origin": "https://evil.example"},
    ],
)
def test_a_form_of_another_site_is_refused(client, link_of, headers):
    address = f"page-foreign{abs(hash(str(headers))) % 10**9}@example.com"
    token = token_in(link_of(address, lambda: sign_up(client, address)))
    assert post_form(client, "/account/verify", headers, token=token).status == 403
    assert post_form(client, "/account/verify", {"Origin": ISSUER}, token=token).status == 200


def test_a_link_of_one_purpose_is_nothing_to_another_page(client, link_of):
    address = "page-purpose@example.com"
    token = token_in(link_of(address, lambda: sign_up(client, address)))
    for page in ("reset", "invitation", "email"):
        fields = {"token": token, "password": NEW_PASSWORD, "repeated": NEW_PASSWORD}
        assert post_form(client, f"/account/{page}", **fields).status == 400
        assert client.call("GET", f"/account/{page}?token={token}").status == 400
    assert post_form(client, "/account/verify", token=token).status == 200


@pytest.mark.parametrize(
    "query",
    ["", "token=", "token=%", "token=%00", "token=" + "A" * 64, "token=<script>", "token=a&token=b", "x=1"],
)
def test_a_link_that_is_none(client, query):
    for answer in (
        client.call("GET", "/account/reset?" + query),
        client.call("POST", "/account/reset", headers=FORM, body=query.encode()),
    ):
        assert answer.status == 400
        assert answer.header("Content-Type") == "text/html; charset=utf-8"
        assert b"<script" not in answer.body


def test_nothing_of_a_stranger_reaches_the_page(client, link_of):
    address = "page-host@example.com"
    link = link_of(
        address,
        lambda: client.call(
            "POST",
            "/auth/v1/signup",
            headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Origin": "https://evil.example"},
            body={"email": address, "password": PASSWORD, "display_name": "<img src=x onerror=alert(1)>"},
        ),
    )
    answer = client.call("GET", link + "&" + quote('"><script>alert(1)</script>'))
    body = answer.body.decode()
    assert "<script" not in body and "<img" not in body and "evil.example" not in body
    policy = answer.header("Content-Security-Policy")
    assert policy.startswith("default-src 'none'") and "frame-ancestors 'none'" in policy
    assert answer.header("Referrer-Policy") == "no-referrer"
    assert answer.header("Cache-Control") == "no-store"
    assert answer.header("Set-Cookie") is None


def test_the_token_is_in_no_log(pages, client, link_of):
    address = "page-log@example.com"
    token = token_in(link_of(address, lambda: sign_up(client, address)))
    client.call("GET", f"/account/verify?token={token}")
    post_form(client, "/account/verify", token=token)
    assert token not in pages.servers[0].log()


def test_a_front_end_takes_their_place(smtp, make_site):
    site = make_site("sqlite", settings=smtp.settings() | {"links.front_end": "https://app.example.com/welcome"})
    client = site.serve().client()
    address = "page-front-end@example.com"
    assert sign_up(client, address).status == 202
    assert smtp.wait_for(address).link().startswith("https://app.example.com/welcome/verify?token=")
    assert client.call("GET", "/account/verify").status == 404
