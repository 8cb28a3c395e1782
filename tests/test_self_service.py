"""Signing up, mailed links, passwords, addresses, sessions and leaving, with mail that really arrives."""

import concurrent.futures
import itertools
import random
import re
import subprocess
import time

import pytest

from harness.client import BASE, Account, Tokens, bearer
from harness.expect import assert_clear_refusal
from harness.self_service import Person
from harness.site import PASSWORD, ROOT, Site
from harness.smtp import SmtpServer
from harness.wire import request_bytes

ANOTHER = "the lighthouse keeper's second lamp"
THIRD = "a third sentence about boats and weather"
FRONT_END = "https://app.example.com/account"
NUMBERS = itertools.count(1)
# The tests are many strangers behind one address; the throttle has tests of its own.
SETTINGS = {"throttle.network_requests": 100_000, "links.front_end": FRONT_END}


@pytest.fixture(scope="module")
def mail_server():
    with SmtpServer() as made:
        yield made


@pytest.fixture(scope="module")
def place(engine, request, mail_server):
    cluster = request.getfixturevalue("cluster") if engine == "postgresql" else None
    with Site(engine, cluster, settings=mail_server.settings() | SETTINGS) as made:
        made.serve()
        yield made


@pytest.fixture(scope="module")
def person(place, mail_server):
    return Person(place.servers[0], mail_server)


@pytest.fixture
def address():
    return f"person{next(NUMBERS)}@example.org"


@pytest.fixture
def member(person, address):
    """Somebody who signed up and verified."""
    person.signed_up(address, PASSWORD)
    return Account(address, PASSWORD)


# --- signing up -------------------------------------------------------------------------------------------------------


def test_sign_up_verify_log_in(person, address):
    answer = person.sign_up(address, PASSWORD, display_name="Ada", locale="en")
    assert answer.status == 202 and set(answer.json()) == {"msg"}
    assert answer.header("Cache-Control") == "no-store"
    assert person.login(address, PASSWORD).status == 403
    token = person.newest_token(address)
    assert person.verify(token).status == 200
    tokens = person.sign_in(Account(address, PASSWORD))
    me = person.me(tokens.access).json()
    assert me["email"] == address and me["display_name"] == "Ada" and me["kind"] == "demo" and me["email_verified"]
    assert_clear_refusal(person.verify(token), [400])


def test_a_repeated_sign_up_replaces_the_password_and_voids_the_link(person, address):
    person.sign_up(address, ANOTHER)
    first = person.newest_token(address)
    person.sign_up(address, PASSWORD)
    second = person.newest_token(address, count=2)
    assert_clear_refusal(person.verify(first), [400])
    assert person.verify(second).status == 200
    assert person.login(address, ANOTHER).status == 401
    assert person.login(address, PASSWORD).status == 200


def test_sign_up_over_an_account_changes_nothing_and_tells_its_holder(person, member):
    assert person.sign_up(member.email.upper(), ANOTHER).status == 202
    mail = person.mail_server.wait_for(member.email, count=2)
    assert "token=" not in mail.text
    assert person.login(member.email, ANOTHER).status == 401
    assert person.login(member.email, PASSWORD).status == 200


def test_a_resent_link_voids_the_earlier_one(person, address):
    person.sign_up(address, PASSWORD)
    first = person.newest_token(address)
    assert person.post("/email/verify/resend", {"email": address}).status == 202
    second = person.newest_token(address, count=2)
    assert person.verify(first).status == 400
    assert person.verify(second).status == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"email": "x@example.org", "password": "short"}, "password_too_short"),
        ({"email": "x@example.org", "password": "x" * 2000}, "password_too_long"),
        ({"email": "harbour@example.org", "password": "harbour@example.org1"}, "password_guessable"),
        ({"email": ["x@example.org"], "password": PASSWORD}, "invalid_field"),
        (
            {"email": "x@example.org", "password": PASSWORD, "admin": True},
            "unknown_field",
        ),
        (
            {
                "email": "x@example.org",
                "password": PASSWORD,
                "display_name": "a\nBcc: all@example.org",
            },
            "invalid_display_name",
        ),
        (
            {"email": "x@example.org", "password": PASSWORD, "locale": "../../etc"},
            "invalid_locale",
        ),
        (
            {"email": "аdа@example.org", "password": PASSWORD},
            "invalid_email",
        ),  # Cyrillic look-alikes
        (
            {"email": "x@example.org, y@example.org", "password": PASSWORD},
            "invalid_email",
        ),
        (
            {"email": "x@example.org\r\nBcc: y@example.org", "password": PASSWORD},
            "invalid_email",
        ),
    ],
)
def test_bad_sign_ups_are_told_what_is_wrong(person, body, code):
    answer = person.post("/signup", body)
    assert_clear_refusal(answer, [400])
    assert answer.json()["code"] == code
    assert PASSWORD not in answer.body.decode()


def test_two_uses_at_once_of_one_link(person, address):
    person.sign_up(address, PASSWORD)
    token = person.newest_token(address)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(lambda _: person.verify(token).status, range(8)))
    assert statuses == [200] + [400] * 7


def test_sign_ups_at_once_for_one_address_make_one_account(place, person, address):
    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        statuses = set(pool.map(lambda n: person.sign_up(address, f"{PASSWORD} {n}").status, range(5)))
    assert statuses <= {202, 503}
    assert place.run_json("account", "show", address)["email"] == address


def test_links_come_from_the_configuration_never_from_the_request(person, address):
    lies = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "http",
        "Forwarded": "host=evil.example",
        "X-Host": "evil.example",
        "Origin": "https://evil.example",
        "Referer": "https://evil.example/",
    }
    assert person.sign_up(address, PASSWORD, headers=lies).status == 202
    assert person.forgot(address, headers=lies | {"Host": "evil.example"}).status == 202
    until_two = person.mail_server.wait_for(address, count=2)
    for mail in person.mail_server.mails_to(address):
        assert mail.link().startswith(FRONT_END + "/"), mail.link()
        assert b"evil" not in mail.raw
    assert until_two


# --- passwords --------------------------------------------------------------------------------------------------------


def test_a_reset_kills_what_was_set_up_before(person, member):
    before = person.sign_in(member)
    assert person.forgot(member.email).status == 202
    token = person.newest_token(member.email, count=2)
    assert person.accepts(before.access), "asking changes nothing"
    assert_clear_refusal(person.reset(token, "short"), [400])
    assert_clear_refusal(person.verify(token), [400])
    assert person.reset(token, ANOTHER).status == 200, "a refused password leaves the link good"
    assert not person.accepts(before.access)
    assert person.refresh(before.refresh).status == 401
    assert person.login(member.email, PASSWORD).status == 401
    assert person.login(member.email, ANOTHER).status == 200
    assert_clear_refusal(person.reset(token, THIRD), [400])
    assert "token=" not in person.mail_server.wait_for(member.email, count=3).text


def test_forgot_says_the_same_for_every_address(place, person, member):
    banned = place.new_account("--activated", email="banned@example.org").email
    place.run("account", "disable", banned)
    answers = [person.forgot(email) for email in (member.email, banned, "nobody@example.org")]
    assert len({answer.comparable_bytes() for answer in answers}) == 1 and answers[0].status == 202
    person.mail_server.wait_for(member.email, count=2)
    assert not person.mail_server.mails_to(banned) and not person.mail_server.mails_to("nobody@example.org")


def test_changing_the_password_keeps_the_session_that_does_it(person, member):
    other = person.sign_in(member)
    current = person.sign_in(member)
    assert_clear_refusal(person.change_password(current.access, "wrong", ANOTHER), [403])
    assert_clear_refusal(person.change_password(current.access, PASSWORD, "short"), [400])
    assert person.accepts(other.access)
    assert person.change_password(current.access, PASSWORD, ANOTHER).status == 200
    assert person.accepts(current.access) and not person.accepts(other.access)
    assert person.refresh(other.refresh).status == 401
    assert person.refresh(current.refresh).status == 200
    assert person.login(member.email, PASSWORD).status == 401
    assert person.login(member.email, ANOTHER).status == 200


# --- addresses --------------------------------------------------------------------------------------------------------


def test_a_new_address_is_confirmed_by_mail_to_it(person, member):
    tokens = person.sign_in(member)
    new = "new." + member.email
    assert_clear_refusal(person.change_email(tokens.access, new, "wrong"), [403])
    assert person.change_email(tokens.access, new, PASSWORD).status == 202
    token = person.newest_token(new)
    assert new in person.mail_server.wait_for(member.email, count=2).text
    assert_clear_refusal(person.reset(token, ANOTHER), [400])
    assert person.me(tokens.access).json()["email"] == member.email
    assert person.confirm_email(token).status == 200
    assert not person.accepts(tokens.access)
    assert person.login(member.email, PASSWORD).status == 401
    assert person.login(new, PASSWORD).status == 200
    person.mail_server.wait_for(member.email, count=3)
    assert_clear_refusal(person.confirm_email(token), [400])


def test_changing_to_a_taken_address_tells_only_its_holder(person, member):
    holder = "holder." + member.email
    person.signed_up(holder, ANOTHER)
    tokens = person.sign_in(member)
    free = person.change_email(tokens.access, "free." + member.email, PASSWORD)
    taken = person.change_email(tokens.access, holder, PASSWORD)
    assert taken.comparable_bytes() == free.comparable_bytes() and taken.status == 202
    assert "token=" not in person.mail_server.wait_for(holder, count=2).text
    assert person.mail_server.wait_for(member.email, count=3), "the old address hears of both"
    assert person.login(holder, ANOTHER).status == 200


# --- profile, leaving, sessions ---------------------------------------------------------------------------------------


def test_the_profile_changes_what_is_there(person, member):
    access = person.sign_in(member).access
    assert person.change_me(access, display_name="Ada 🎉").json()["display_name"] == "Ada 🎉"
    assert person.change_me(access, locale="de").json()["display_name"] == "Ada 🎉"
    assert person.me(access).json()["locale"] == "de"
    assert_clear_refusal(person.change_me(access, admin=True), [400])
    assert_clear_refusal(person.change_me(access, display_name="x" * 101), [400])
    assert_clear_refusal(person.change_me("no.such.token", locale="de"), [401])


def test_leaving_takes_the_password_and_everything_with_it(person, member):
    tokens = person.sign_in(member)
    assert_clear_refusal(person.delete_me(tokens.access, "wrong"), [403])
    assert person.delete_me(tokens.access, PASSWORD).status == 200
    assert not person.accepts(tokens.access) and person.refresh(tokens.refresh).status == 401
    assert person.login(member.email, PASSWORD).status == 401
    person.mail_server.wait_for(member.email, count=2)
    person.signed_up(member.email + ".example", PASSWORD)


def test_the_last_administrator_cannot_leave(make_site, engine, mail_server):
    site = make_site(engine, settings=mail_server.settings())
    person = Person(site.serve(), mail_server)
    boss = site.new_account("--activated", "--admin", email="boss@example.org")
    answer = person.delete_me(person.sign_in(boss).access, PASSWORD)
    assert_clear_refusal(answer, [409])
    assert answer.json()["code"] == "last_admin"
    assert person.login(boss.email, PASSWORD).status == 200


def test_sessions_are_seen_and_ended_by_their_owner_alone(person, member):
    stranger = person.sign_in(member)
    other = "other." + member.email
    person.signed_up(other, PASSWORD)
    foreign = person.sign_in(Account(other, PASSWORD))
    first = stranger
    second = person.sign_in(member, permanent_login=True)
    listed = {session["id"]: session for session in person.sessions(second.access)}
    assert set(listed) == {first.session_id, second.session_id}
    assert listed[second.session_id]["current"] and not listed[first.session_id]["current"]
    assert listed[second.session_id]["permanent"] and listed[second.session_id]["address"] == "127.0.0.1"

    unknown = "00000000-0000-7000-8000-000000000000"
    refusals = [person.end_session(second.access, session) for session in (foreign.session_id, unknown, "nonsense")]
    assert len({answer.comparable_bytes() for answer in refusals}) == 1
    assert_clear_refusal(refusals[0], [404])
    assert person.accepts(foreign.access)
    assert person.end_session(second.access, first.session_id).status == 200
    assert not person.accepts(first.access) and person.accepts(second.access)

    third = person.sign_in(member)
    assert person.end_other_sessions(third.access).status == 200
    assert not person.accepts(second.access) and person.accepts(third.access)
    assert person.log_out(third.access).status == 200
    assert not person.accepts(third.access) and person.refresh(third.refresh).status == 401


def test_what_needs_a_caller_refuses_strangers_and_refresh_tokens(person, member):
    refresh = person.sign_in(member).refresh
    for headers in ({}, bearer("x.y.z"), bearer(refresh)):
        for method, path in [
            ("POST", "/password/change"),
            ("POST", "/email/change"),
            ("PATCH", "/me"),
            ("DELETE", "/me"),
            ("GET", "/sessions"),
            ("DELETE", "/sessions"),
            ("DELETE", "/sessions/00000000-0000-7000-8000-000000000000"),
            ("POST", "/logout"),
        ]:
            assert_clear_refusal(person.call(method, BASE + path, headers=headers), [401])


# --- closed doors -----------------------------------------------------------------------------------------------------


def test_without_mail_everything_that_needs_it_says_so_for_every_address(make_site):
    site = make_site("sqlite", settings={"mail.mode": "off"})
    client = site.serve().client()
    known = site.new_account().email
    for email in (known, "nobody@example.org"):
        for path, body in [
            ("/signup", {"email": email, "password": PASSWORD}),
            ("/password/forgot", {"email": email}),
            ("/email/verify/resend", {"email": email}),
        ]:
            answer = client.call("POST", BASE + path, body=body)
            assert_clear_refusal(answer, [503])
            assert answer.json()["code"] == "mail_unavailable" and "mail.mode" in answer.json()["error"]
            assert answer.header("Retry-After")


def test_sign_up_can_be_closed(make_site, mail_server):
    site = make_site("sqlite", settings=mail_server.settings() | {"accounts.sign_up": False})
    client = site.serve().client()
    answer = client.call("POST", f"{BASE}/signup", body={"email": "x@example.org", "password": PASSWORD})
    assert_clear_refusal(answer, [403])
    assert answer.json()["code"] == "sign_up_closed"
    assert client.call("POST", f"{BASE}/password/forgot", body={"email": "x@example.org"}).status == 202


# --- nothing to learn -------------------------------------------------------------------------------------------------

TRIES = 25
ALLOWED_MS = {
    "/signup": 4,
    "/password/forgot": 1,
    "/email/verify/resend": 1,
}  # a hash is some 20 ms, and never the same
ROUNDS = 6
WARM_UP = 3


def measured(person, path, addresses):
    """{kind: times in ms}, all kinds by turns, shuffled, on one connection. Every answer is the same 202."""
    times = {kind: [] for kind in addresses}
    answers = set()
    more = {"password": ANOTHER} if path == "/signup" else {}
    with person.connect() as connection:
        for number in range(TRIES + WARM_UP):
            for kind in random.sample(list(addresses), len(addresses)):
                request = request_bytes("POST", BASE + path, body={"email": addresses[kind][number]} | more)
                begin = time.perf_counter()
                connection.send(request)
                answer = connection.read_answer()
                elapsed = (time.perf_counter() - begin) * 1000
                answers.add(answer.comparable_bytes())
                if number >= WARM_UP:
                    times[kind].append(elapsed)
    assert len(answers) == 1, answers
    assert next(iter(answers)).startswith(b"HTTP/1.1 202"), answers
    return times


def import_strangers(place, folder, name, count):
    """{kind: addresses}: so many of each kind that no mail is left out because of earlier ones."""
    when, pbkdf2 = (
        "2026-01-01T00:00:00.000Z",
        "pbkdf2:sha256:1000$c2FsdHNhbHQ$" + "ab" * 32,
    )
    kinds = {
        "unverified": f"demo,,,,{pbkdf2}",
        "verified": f"demo,{when},,,{pbkdf2}",
        "imported": f"standard,{when},{when},,{pbkdf2}",
        "invited": "standard,,,,",
        "disabled": f"standard,{when},{when},{when},{pbkdf2}",
    }
    addresses = {kind: [f"{name}-{kind}-{n}@example.org" for n in range(count)] for kind in kinds}
    lines = ["email,kind,email_verified_at,activated_at,disabled_at,password_hash"]
    lines += [f"{email},{kinds[kind]}" for kind in kinds for email in addresses[kind]]
    file = folder / f"{name}.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    place.run("account", "import", str(file), "--format", "postern")
    return addresses | {"unknown": [f"{name}-nobody-{n}@example.org" for n in range(count)]}


@pytest.mark.parametrize("path", ALLOWED_MS)
def test_addresses_cannot_be_told_apart(place, person, path, capsys, tmp_path):
    """By the quickest answer of each kind: what the server does more for one shows there too, a busy machine does not."""
    quickest = {}
    for number in range(ROUNDS):
        addresses = import_strangers(place, tmp_path, f"{path.rpartition('/')[2]}{number}", TRIES + WARM_UP)
        for kind, times in measured(person, path, addresses).items():
            quickest[kind] = min(times + [quickest.get(kind, times[0])])
        with capsys.disabled():
            print(f"\n{path}, quickest answers in ms:", {kind: round(value, 2) for kind, value in quickest.items()})
        if max(quickest.values()) - min(quickest.values()) <= ALLOWED_MS[path]:
            return
    raise AssertionError(quickest)


def test_tokens_and_passwords_are_in_no_log(place, person, member):
    assert person.forgot(member.email).status == 202
    token = person.newest_token(member.email, count=2)
    assert person.reset(token, THIRD).status == 200
    assert Tokens.of(person.login(member.email, THIRD)).access
    log = place.servers[0].log()
    for secret in (token, THIRD, PASSWORD):
        assert secret not in log


# --- the documentation ------------------------------------------------------------------------------------------------


def test_commands_of_the_documentation_work_as_they_stand(make_site):
    """docs/sign-up.md, block by block; `$token` is what the newest link in the log holds."""
    site = make_site("sqlite", settings={"mail.mode": "file"})
    server = site.serve()
    blocks = re.findall(r"^```bash\n(.*?)^```", (ROOT / "docs/sign-up.md").read_text(encoding="utf-8"), re.M | re.S)
    newest_link = f"""
        for try in $(seq 100); do
            token=$(grep -o 'token=[A-Za-z0-9_-]*' {server.log_path} | tail -n 1 | cut -d = -f 2)
            [ -n "$token" ] && [ "$token" != "$last" ] && break
            sleep 0.1
        done
        last=$token
    """
    script = "".join((newest_link if "$token" in block else "") + block for block in blocks)
    script = script.replace("127.0.0.1:8080", f"127.0.0.1:{server.port}")
    done = subprocess.run(
        ["bash", "-eu", "-c", "last=\n" + script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0 and "error" not in done.stdout, (done.stdout, done.stderr)
    assert len(blocks) == 10 and done.stdout.count('"msg"') == 8, done.stdout
    assert "Ada Lovelace" in done.stdout and '"current":true' in done.stdout
    assert "The account is deleted" in done.stdout
