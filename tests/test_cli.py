"""Every command of the command line, beside a running server: what it prints, what it does, how it ends."""

import json
import os
import pwd
import re
import shutil
import subprocess

import pytest

from harness.site import BINARY, PASSWORD, environment
from harness.tokens import header_of

DONE, REFUSED, WRONGLY_ASKED, NOT_NOW = 0, 1, 2, 3

COMMANDS = [
    "serve",
    "account create", "account activate", "account disable", "account enable", "account verify", "account delete",
    "account show", "account list",
    "session list", "session end",
    "key init", "key list", "key rotate", "key revoke", "key rewrap",
    "token inspect",
    "doctor",
]  # fmt: skip


def bare(*arguments, binary=BINARY, **options):
    return subprocess.run(
        [binary, *arguments],
        capture_output=True,
        text=True,
        timeout=20,
        env=environment(),
        check=False,
        stdin=subprocess.DEVNULL,
        **options,
    )


def assert_refused(done, status, *parts):
    """Nothing on standard output, one line on standard error that says what is wrong."""
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    for part in parts:
        assert part.lower() in done.stderr.lower(), (part, done.stderr)


# --- how every command behaves ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_an_example(command):
    done = bare(*command.split(), "--help")
    assert done.returncode == DONE and done.stderr == ""
    assert f"postern {command}" in done.stdout
    assert "--json" in done.stdout
    if command != "token inspect":
        assert "--config" in done.stdout and "--data" in done.stdout


def test_help_of_the_whole_names_every_command():
    done = bare("--help")
    assert done.returncode == DONE
    for command in COMMANDS:
        assert command.split()[0] in done.stdout


def test_version():
    done = bare("--version")
    assert done.returncode == DONE and re.search(r"\d+\.\d+\.\d+", done.stdout)


@pytest.mark.parametrize(
    "arguments",
    [(), ("acount", "list"), ("account",), ("account", "creat", "a@example.com"), ("account", "list", "--jsno"),
     ("account", "show"), ("account", "show", "a@example.com", "extra"), ("session", "end", "not-an-id"),
     ("session", "end"), ("account", "create", "a@example.com", "--kind", "wizard", "--password-stdin")],
)  # fmt: skip
def test_what_is_wrongly_asked_exits_2(sqlite_site, arguments):
    store = sqlite_site.arguments if len(arguments) > 1 else []
    assert_refused(bare(*arguments, *store), WRONGLY_ASKED)


def test_errors_are_json_when_json_was_asked_for(sqlite_site):
    done = sqlite_site.command("account", "show", "nobody@example.com", "--json")
    assert done.returncode == REFUSED and done.stdout == ""
    error = json.loads(done.stderr)
    assert set(error) == {"error", "code"} and error["code"] == "account_unknown"


# --- account ----------------------------------------------------------------------------------------------------------


def test_life_of_a_standard_account(site, client):
    email = "life@example.com"
    made = json.loads(site.run("account", "create", email, "--password-stdin", "--json", stdin=PASSWORD))
    assert made["email"] == email and made["kind"] == "standard" and made["activated_at"] is None
    steps = {
        "activate": ("active", 200),
        "disable": ("disabled", 401),
        "enable": ("active", 200),
        "verify": ("active", 200),
    }
    for step, (state, status) in steps.items():
        for _ in range(2):  # doing again what is done is success
            assert site.run_json("account", step, email)["state"] == state
        shown = site.run_json("account", "show", email)
        assert shown["state"] == state and shown["id"] == made["id"]
        assert client.login(email, PASSWORD).status == status
    assert site.run_json("account", "show", email)["last_login_at"]
    site.run("account", "delete", email)
    assert_refused(site.command("account", "show", email), REFUSED, email)
    assert_refused(site.command("account", "delete", email), REFUSED, email)
    assert client.login(email, PASSWORD).json()["error"] == "Invalid email or password"


def test_flags_of_create(site):
    site.run("account", "create", "flags@example.com", "--kind", "demo", "--verified", "--activated", "--admin",
             "--password-stdin", stdin=PASSWORD)  # fmt: skip
    shown = site.run_json("account", "show", "FLAGS@example.com")
    assert shown["kind"] == "demo" and shown["admin"] is True
    assert shown["activated_at"] and shown["email_verified_at"]


def test_last_administrator_cannot_be_taken_away(make_site, engine):
    site = make_site(engine)
    if engine == "sqlite":
        site.run("key", "init")
    for email in ("first@example.com", "second@example.com"):
        site.run("account", "create", email, "--activated", "--admin", "--password-stdin", stdin=PASSWORD)
    site.run("account", "disable", "first@example.com")
    assert_refused(site.command("account", "disable", "second@example.com"), REFUSED, "administrator")
    assert_refused(site.command("account", "delete", "second@example.com"), REFUSED, "administrator")
    site.run("account", "enable", "first@example.com")
    site.run("account", "delete", "second@example.com")


def test_list_names_every_account_once(site):
    emails = {site.new_account().email for _ in range(3)}
    listed = [one["email"] for one in site.run_json("account", "list")]
    assert emails <= set(listed) and len(listed) == len(set(listed))
    text = site.run("account", "list")
    assert all(email in text for email in emails)
    assert "argon2" not in text + json.dumps(site.run_json("account", "list"))


def test_address_is_taken_in_any_spelling(site):
    site.new_account(email="Taken@example.com")
    for spelling in ("taken@example.com", "TAKEN@EXAMPLE.COM"):
        done = site.command("account", "create", spelling, "--password-stdin", stdin=PASSWORD)
        assert_refused(done, REFUSED, "taken@example.com")


@pytest.mark.parametrize("email", ["", "nobody", "a@b", "a b@example.com", "päivi@example.com", "a@exa_mple.com"])
def test_what_is_no_address_is_refused(site, email):
    done = site.command("account", "create", email, "--password-stdin", stdin=PASSWORD)
    assert done.returncode in (REFUSED, WRONGLY_ASKED) and "address" in done.stderr.lower() + "address" * (email == "")


@pytest.mark.parametrize(
    "password, reason",
    [
        ("fourteen chars", "15"),
        ("", ""),
        ("a" * 40, "repetition"),
        ("policy@example.com", "guess"),
        ("policy-postern-1", "guess"),
        ("p" * 1025 + "q", "1024"),
        ("a tab\tis a control character", "control"),
    ],
)
def test_password_policy_says_why(site, password, reason):
    done = site.command("account", "create", "policy@example.com", "--password-stdin", stdin=password)
    assert_refused(done, REFUSED, reason)
    assert not password or password not in done.stderr
    assert site.command("account", "show", "policy@example.com").returncode == REFUSED, "nothing may have been made"


LONGEST_PASSWORD = " ".join(str(number**3) for number in range(100, 300))[:1024]


@pytest.mark.parametrize(
    "password", ["fifteen letters", "pass phrase with spaces  ", "日本語のとても長い合言葉ですよね", LONGEST_PASSWORD]
)
def test_good_passwords_are_taken_whole(site, client, password):
    account = site.new_account(password=password)
    assert client.login(account.email, password).status == 200
    assert client.login(account.email, password[:-1]).status == 401


def test_password_is_never_taken_from_the_arguments_or_without_being_asked(site):
    done = subprocess.run(
        [BINARY, "account", "create", "asked@example.com", *site.arguments],
        input=PASSWORD, capture_output=True, text=True, timeout=20, env=site.environment, check=False,
    )  # fmt: skip
    assert_refused(done, WRONGLY_ASKED, "--password-stdin")
    assert bare("account", "create", "asked@example.com", "--password", PASSWORD).returncode == WRONGLY_ASKED


def test_new_password_ends_the_sessions_of_the_old_one(site, client):
    account = site.new_account()
    tokens = client.sign_in(account)
    site.run("account", "password", account.email, "--password-stdin", stdin="quite another password")
    assert client.refresh(tokens.refresh).status == 401
    assert client.login(account.email, account.password).status == 401
    assert client.login(account.email, "quite another password").status == 200


# --- session ----------------------------------------------------------------------------------------------------------


def test_sessions_are_listed_and_ended(site, client):
    account = site.new_account()
    first, second = client.sign_in(account), client.sign_in(account, permanent_login=True)
    listed = site.run_json("session", "list", account.email)
    assert [(one["id"], one["permanent"]) for one in listed] == [(second.session_id, True), (first.session_id, False)]
    assert all(one["address"] == "127.0.0.1" and one["live"] for one in listed)
    assert site.run_json("session", "end", first.session_id)["ended"] is True
    assert site.run_json("session", "end", first.session_id)["ended"] is False
    assert [one["id"] for one in site.run_json("session", "list", account.email)] == [second.session_id]
    assert site.run_json("session", "end", "--all", account.email)["ended"] == 1
    assert site.run_json("session", "list", account.email) == []
    ended = site.run_json("session", "list", account.email, "--ended")
    assert {one["end_reason"] for one in ended} == {"ended_by_operator"}


def test_session_that_there_is_none_of(site):
    assert_refused(site.command("session", "end", "01890a5d-ac96-774b-bcce-b302099a8057"), REFUSED, "01890a5d")
    assert_refused(site.command("session", "list", "nobody@example.com"), REFUSED, "nobody@example.com")


# --- key --------------------------------------------------------------------------------------------------------------


def test_keys_are_listed_without_their_private_halves(site, client, tokens):
    keys = site.run_json("key", "list")
    assert {key["purpose"] for key in keys} >= {"access", "refresh"}
    assert header_of(tokens.access)["kid"] in [key["kid"] for key in keys if key["purpose"] == "access"]
    assert header_of(tokens.refresh)["kid"] in [key["kid"] for key in keys if key["purpose"] == "refresh"]
    for key in keys:
        assert not {"sealed", "private", "d", "k"} & set(key)


def test_init_twice_changes_nothing(site):
    before = site.run_json("key", "list")
    assert_refused(site.command("key", "init"), REFUSED, "already")
    assert site.run_json("key", "list") == before


def test_rewrap_moves_to_a_new_master_key_and_tokens_stay_good(make_site, engine):
    site = make_site(engine)
    server = site.serve()
    client = server.client()
    account = site.new_account()
    tokens = client.sign_in(account)
    server.stop()
    new, old = site.data / "master.key", site.data / "old.key"
    old.write_bytes(new.read_bytes())
    old.chmod(0o600)
    other = make_site("sqlite")
    other.run("key", "init")
    new.write_bytes((other.data / "master.key").read_bytes())
    site.settings["previous_master_key_file"] = str(old)
    site.write_configuration()
    server.start()  # current and previous are accepted
    assert client.accepts(tokens.access)
    assert site.run_json("key", "rewrap")["rewrapped"] >= 2
    assert site.run_json("key", "rewrap")["rewrapped"] == 0
    server.stop()
    old.unlink()
    del site.settings["previous_master_key_file"]
    site.write_configuration()
    server.start()
    assert client.accepts(tokens.access)
    assert client.refresh(tokens.refresh).status == 200
    assert client.login(account.email, account.password).status == 200


# --- the rest ---------------------------------------------------------------------------------------------------------


def test_doctor_finds_a_good_installation_good(site):
    done = site.command("doctor", "--json")
    findings = json.loads(done.stdout)
    assert done.returncode == DONE, findings
    assert {"severity", "subject", "message", "advice"} <= set(findings[0])
    assert {"store", "keys"} <= {finding["subject"] for finding in findings}


def test_doctor_says_what_is_wrong_and_what_to_do(make_site):
    site = make_site("sqlite")
    site.serve().stop()
    (site.data / "master.key").unlink()
    done = site.command("doctor", "--json")
    assert done.returncode == REFUSED
    problems = [finding for finding in json.loads(done.stdout) if finding["severity"] == "problem"]
    assert any("master key" in problem["message"].lower() for problem in problems)
    assert all(problem["advice"] for problem in problems)


def test_command_of_another_user_than_the_owner_is_refused(make_site):
    if os.geteuid() != 0:
        pytest.skip("only root can become someone else")
    site = make_site("sqlite")
    site.run("key", "init")
    for path in (site.folder, site.data):
        path.chmod(0o755)
    nobody = pwd.getpwnam("nobody")
    binary = shutil.copy(BINARY, site.folder)  # the checkout may be in a home that only its owner may enter
    done = bare(
        "account", "list", *site.arguments, binary=binary, user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[]
    )
    assert_refused(done, NOT_NOW, str(site.data))
    # Root is another user, too: files that it made could not be read by the server.
    os.chown(site.data, nobody.pw_uid, nobody.pw_gid)
    done = site.command("account", "list")
    assert_refused(done, NOT_NOW, "nobody")


def test_store_that_is_not_there_is_not_made_by_accident(make_site):
    site = make_site("sqlite")
    done = site.command("account", "list")
    assert_refused(done, NOT_NOW, str(site.data))
    assert not site.database_file.exists()


def test_commands_and_logins_at_the_same_time_all_succeed(site, client):
    """Twenty commands write while the server does: none may fail with a locked database."""
    account = site.new_account()
    commands = [
        subprocess.Popen(
            [BINARY, "account", "create", f"parallel{number}@example.com", "--activated", "--password-stdin",
             *site.arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=site.environment,
        )
        for number in range(20)
    ]  # fmt: skip
    tokens = client.sign_in(account)
    for _ in range(30):
        tokens = client.refreshed(tokens.refresh)
    for command in commands:
        _, errors = command.communicate(PASSWORD, timeout=30)
        assert command.returncode == 0, errors
    assert client.login("parallel19@example.com", PASSWORD).status == 200
