"""Accounts that come from other systems: each logs in with the password that it had there, before and after `rehash`."""

import csv
import io
import json
import os
import re
import shlex
import shutil
import signal
import sqlite3
import subprocess
import time

import pytest
from harness.client import Account
from harness.process import thread_niceness
from harness.site import BINARY, PASSWORD, ROOT
from harness.waiting import until

SAMPLES = ROOT / "tests/import_samples"
ENGINES = ("sqlite", "postgresql")

# file: who logs in; who has no password that works; which lines are refused, and why
ORIGINS = {
    "flask_users.csv": (["fay", "finn", "flo", "fritz", "fia", "frank"], [], []),
    "django_dumpdata.json": (["dana", "dora", "dirk", "dawn", "dean", "duke"], ["dumb", "dorm"], ["missing_email"]),
    "django_auth_user.csv": (["dana2", "dora2", "dirk2", "dawn2", "dean2", "duke2"], ["dumb2", "dorm2"], ["missing_email"]),
    "gotrue_users.csv": (["gina", "gus"], ["gary", "greta", "gil"], ["account_deleted", "missing_email"]),
    "gotrue_users.ndjson": (["gina2", "gus2"], ["gary2", "greta2", "gil2"], ["account_deleted", "missing_email"]),
    "keycloak_realm.json": (["kara", "kim", "kurt", "kai"], ["kate", "kyle"], ["unknown_hash_scheme", "missing_email"]),
    "keycloak_users.json": ([], ["list"], []),
    "plain.csv": (
        ["pia", "paul", "pam", "pete", "peg", "phil", "pola", "prue"],
        [],
        ["unknown_hash_scheme", "hash_too_costly"],
    ),
}  # fmt: skip
DOMAINS = {
    "f": "flask",
    "d": "django",
    "g": "gotrue",
    "k": "keycloak",
    "l": "keycloak",
    "p": "plain",
}


def address(name):
    return f"{name}@{DOMAINS[name[0]]}.example"


def password(name):
    # the second file of an origin holds the same people under other addresses, but for Flask's, who are others
    return f"{name.rstrip('2') if name[0] in 'dg' else name}s quiet harbour at dusk"


def import_file(site, file, *arguments, status=None):
    done = site.command(
        "account", "import", str(file), "--json", *arguments, timeout=120
    )
    assert done.returncode == (status if status is not None else done.returncode), (
        done.stdout,
        done.stderr,
    )
    assert done.stdout, done.stderr
    return json.loads(done.stdout), [
        json.loads(line) for line in done.stderr.splitlines()
    ]


def stored_hashes(site):
    """By address, from an export: what the store holds."""
    exported = site.run("account", "export", "-")
    return {
        row["email"]: row["password_hash"]
        for row in map(json.loads, exported.splitlines())
    }


@pytest.fixture
def fresh(engine, make_site):
    site = make_site(engine)
    site.serve()
    return site


@pytest.mark.parametrize("file", ORIGINS)
def test_each_origin_is_imported_and_each_user_logs_in(site, client, file):
    good, barred, codes = ORIGINS[file]
    summary, refused = import_file(site, SAMPLES / file, status=1 if codes else 0)
    assert [line["code"] for line in refused] == codes
    assert (
        summary["imported"] == len(good) + len(barred)
        and summary["refused"] == len(codes)
        and summary["finished"]
    )
    for name in good:
        assert client.login(address(name), password(name)).status == 200, name
        assert client.login(address(name), password(name) + "!").status == 401, name
    for name in barred:
        assert client.login(address(name), password(name)).status == 401, name


def test_a_table_with_columns_of_its_own(fresh):
    file = SAMPLES / "flask_users.ndjson"
    summary, refused = import_file(fresh, file, status=1)
    assert (
        summary["imported"] == 0
        and [line["code"] for line in refused] == ["missing_email"] * 6
    )
    summary, refused = import_file(fresh, file, "--map", "email=contact", status=0)
    assert summary["without_password"] == 6
    fresh.run("account", "delete", "fay2@flask.example")
    summary, refused = import_file(
        fresh, file, "--map", "email=contact,password_hash=secret", status=1
    )
    assert (
        summary["imported"] == 1
        and [line["code"] for line in refused] == ["email_taken"] * 5
    )
    assert (
        fresh.servers[0].client().login("fay2@flask.example", password("fay2")).status
        == 200
    )


def test_ids_names_and_states_come_along(fresh):
    import_file(fresh, SAMPLES / "gotrue_users.csv")
    import_file(fresh, SAMPLES / "keycloak_realm.json")
    import_file(fresh, SAMPLES / "django_dumpdata.json")
    rows = {
        row["email"]: row
        for row in map(json.loads, fresh.run("account", "export", "-").splitlines())
    }
    gina = rows["gina@gotrue.example"]
    assert gina["id"] == "0c5f3a52-7d1e-4f7b-9a51-000000000001"
    assert gina["created_at"] == gina["email_verified_at"] == "2023-04-05T06:07:08.912Z"
    kara = rows["kara@keycloak.example"]
    assert (kara["display_name"], kara["locale"]) == ("Kara Keycloak", "de")
    assert kara["created_at"] == "2023-04-05T06:07:08.912Z"
    assert (
        rows["kate@keycloak.example"]["disabled_at"]
        and rows["gary@gotrue.example"]["disabled_at"]
    )
    assert rows["greta@gotrue.example"]["activated_at"] is None
    assert not any(
        row["admin"] for row in rows.values()
    )  # Django's superuser is nobody here


def test_dormant_accounts_gain_by_rehash_and_still_log_in(fresh):
    everybody = {}
    for file, (good, _, _) in ORIGINS.items():
        import_file(fresh, SAMPLES / file)
        everybody |= {address(name): password(name) for name in good}
    client = fresh.servers[0].client()
    before = stored_hashes(fresh)
    done = fresh.run_json("account", "rehash")
    assert done["finished"] and done["rehashed"] > 20
    after = stored_hashes(fresh)
    inner = {stored.rpartition("$")[2][-20:] for stored in before.values() if stored}
    weak = {email for email in before if before[email] != after[email]}
    assert len(weak) == done["rehashed"]
    for email in weak:
        assert after[email].startswith("$wrapped$"), (email, after[email])
        assert not any(digest in after[email] for digest in inner)
    assert fresh.run_json("account", "rehash")["rehashed"] == 0
    for email, word in everybody.items():
        assert client.login(email, word + "!").status == 401, email
        assert client.login(email, word).status == 200, email
    upgraded = stored_hashes(fresh)
    for email in everybody:
        assert upgraded[email].startswith("$argon2id$v=19$"), (
            email,
            upgraded[email],
        )  # Django's are stronger, and stay
        assert client.login(email, everybody[email]).status == 200, email
    events = [
        record for record in audit_of(fresh) if record["event"] == "accounts.rehashed"
    ]
    assert sum(record["count"] for record in events) == done["rehashed"]


def audit_of(site):
    if site.engine == "sqlite":
        with sqlite3.connect(site.database_file) as database:
            rows = database.execute("SELECT event, count FROM audit_records").fetchall()
    else:
        lines = site.cluster.query(
            site.database, "SELECT event, count FROM audit_records"
        ).splitlines()
        rows = [line.split("|") for line in lines]
    return [{"event": event, "count": int(count)} for event, count in rows]


def test_the_inner_digest_is_gone_from_the_file(make_site):
    site = make_site("sqlite")
    server = site.serve()
    import_file(site, SAMPLES / "flask_users.csv")
    old = [
        stored.rpartition("$")[2].encode() for stored in stored_hashes(site).values()
    ]
    site.run("account", "rehash")
    server.stop()
    with sqlite3.connect(site.database_file) as database:
        rows = database.execute("SELECT password_hash FROM accounts").fetchall()
    assert len(rows) == len(old) and all(
        stored.startswith("$wrapped$") for (stored,) in rows
    )
    assert not any(digest in stored.encode() for digest in old for (stored,) in rows)


def test_rehash_takes_only_what_nobody_else_wants(make_site):
    site = make_site("sqlite")
    server = site.serve()
    import_file(site, SAMPLES / "flask_users.csv")
    process = subprocess.Popen(
        [BINARY, "account", "rehash", "--batch", "1", "--pause", "200", *site.arguments],
        env=site.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    until(
        lambda: process.poll() is not None
        or os.sched_getscheduler(process.pid) == os.SCHED_IDLE,
        seconds=20,
        what="it gives way to everybody",
    )
    assert process.poll() is None, process.communicate()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    nice = thread_niceness(server.process.pid)
    assert nice["hash-0"] == 19 and nice["io-0"] == os.getpriority(os.PRIO_PROCESS, 0)


def test_a_session_outlives_the_rehash_of_its_account(fresh):
    client = fresh.servers[0].client()
    fresh.new_account(email="ada@example.com")
    import_file(fresh, SAMPLES / "plain.csv")
    tokens = client.sign_in(Account("pia@plain.example", password("pia")))
    fresh.run("account", "rehash")
    assert client.accepts(tokens.access)
    assert client.refresh(tokens.refresh).status == 200
    assert client.login("ada@example.com", PASSWORD).status == 200


# --- the same file again, and interrupted ------------------------------------------------------------------------------


def many_users(path, count, *, start=0):
    """A table of `count` users who share one hash, of flo's password."""
    with open(SAMPLES / "flask_users.csv", encoding="utf-8") as file:
        stored = next(
            row["password_hash"]
            for row in csv.DictReader(file)
            if row["username"] == "flo"
        )
    with open(path, "w", encoding="utf-8") as file:
        file.write("email,password_hash,created_at\n")
        file.writelines(
            f"u{number}@many{number % 97}.example,{stored},2023-04-05 06:07:08\n"
            for number in range(start, start + count)
        )
    return path


def test_a_finished_import_says_so_and_imports_nothing_twice(fresh, tmp_path):
    file = many_users(tmp_path / "users.csv", 1234)
    summary, _ = import_file(fresh, file, status=0)
    assert summary["imported"] == 1234
    copy = shutil.copy(file, tmp_path / "under another name.csv")
    done = fresh.command("account", "import", copy)
    assert done.returncode == 0 and "imported before: 1,234 accounts" in done.stdout
    with open(file, "a", encoding="utf-8") as more:
        more.write("new@example.com,,2024-01-01\n")
    summary, refused = import_file(fresh, file, status=1)  # another file now
    assert summary["imported"] == 1 and summary["refused"] == 1234
    assert {line["code"] for line in refused} == {"email_taken"} and refused[0][
        "line"
    ] == 2


def test_killed_in_the_middle_and_run_again_everybody_is_in_once(fresh, tmp_path):
    file = many_users(tmp_path / "users.csv", 20_000)
    with open(file, "a", encoding="utf-8") as more:
        more.write("u0@many0.example,,\nnobody,,\n")
    report = tmp_path / "refused.ndjson"
    arguments = ["account", "import", str(file), "--report", str(report), "--json"]
    process = subprocess.Popen(
        [BINARY, *arguments, *fresh.arguments],
        env=fresh.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    until(
        lambda: process.poll() is not None or count_imported(fresh) >= 2000,
        seconds=60,
        what="some are in",
    )
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=20)
    halfway = count_imported(fresh)
    assert 2000 <= halfway < 20_000 and halfway % 500 == 0
    done = fresh.command(*arguments, timeout=120)
    assert done.returncode == 1 and json.loads(done.stdout)["imported"] == 20_000
    assert sum(1 for _ in fresh.run("account", "list").splitlines()) == 20_000
    assert count_imported(fresh) == 20_000
    refused = [json.loads(line) for line in report.read_text().splitlines()]
    assert [(line["line"], line["code"]) for line in refused] == [
        (20_002, "email_taken"),
        (20_003, "invalid_email"),
    ]
    assert report.stat().st_mode & 0o777 == 0o600
    client = fresh.servers[0].client()
    assert client.login("u19999@many17.example", password("flo")).status == 200


def count_imported(site):
    return sum(
        record["count"]
        for record in audit_of(site)
        if record["event"] == "accounts.imported"
    )


def test_an_interrupted_import_stops_between_batches(make_site, tmp_path):
    site = make_site("sqlite")
    site.serve()
    file = many_users(tmp_path / "users.csv", 20_000)
    process = subprocess.Popen(
        [BINARY, "account", "import", str(file), *site.arguments],
        env=site.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until(
        lambda: process.poll() is not None or count_imported(site) >= 1000,
        seconds=60,
        what="some are in",
    )
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 3 and "run the same again to go on" in out
    summary, _ = import_file(site, file, status=0)
    assert summary["imported"] == 20_000


# --- export ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["ndjson", "csv"])
def test_what_is_exported_is_read_back_the_same(engine, make_site, tmp_path, format):
    first, second = make_site(engine), make_site(engine)
    for site in (first, second):
        site.serve()
    for file in ORIGINS:
        import_file(first, SAMPLES / file)
    first.run(
        "account",
        "create",
        "root@example.com",
        "--admin",
        "--password-stdin",
        "--activated",
        stdin=PASSWORD + "\n",
    )
    target = tmp_path / "accounts"
    done = first.command("account", "export", str(target), "--format", format)
    assert done.returncode == 0 and "password hashes" in done.stderr
    assert target.stat().st_mode & 0o777 == 0o600
    again = first.command("account", "export", str(target))
    assert again.returncode == 1 and "there already" in again.stderr
    import_file(second, target, status=0)
    assert second.run("account", "export", "-") == first.run("account", "export", "-")
    assert second.servers[0].client().login("root@example.com", PASSWORD).status == 200
    assert "accounts.exported" in {record["event"] for record in audit_of(first)}


def test_hashes_stay_behind_when_told(make_site, tmp_path):
    site = make_site("sqlite")
    site.serve()
    import_file(site, SAMPLES / "plain.csv")
    for format in ("csv", "ndjson"):
        out = site.run("account", "export", "-", "--format", format, "--without-hashes")
        assert "$" not in out
        (tmp_path / format).write_text(out)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "csv").read_text())))
    assert len(rows) == 8 and all(row["password_hash"] == "" for row in rows)


# --- bad files ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"email,email\na@example.com,b\n", '"email" twice'),
        ("email\nä@example.com\n".encode("utf-16"), "UTF-16"),
        (b"email;hash\n", "commas"),
        (b'email,hash\nfine@example.com,x\na@example.com,"never closed\n', "Line 3"),
        (b'[{"email": "fine@example.com"}, {"email"', "in the middle"),
        (b"name,hash\nada,x\n", "--map email="),
        (b'{\n"realm": "acme"\n}', "--users realm_file"),
    ],
)
def test_a_broken_file_is_refused_before_anything_is_imported(
    sqlite_site, tmp_path, content, says
):
    (tmp_path / "file").write_bytes(content)
    format = ["--format", "keycloak"] if b"realm" in content else []
    before = sqlite_site.run("account", "list")
    done = sqlite_site.command("account", "import", str(tmp_path / "file"), *format)
    assert done.returncode == 1 and says in done.stderr, done.stderr
    assert sqlite_site.run("account", "list") == before


def test_each_bad_line_is_named_and_the_others_come_in(sqlite_site, tmp_path):
    lines = [
        b"email,hash",
        b"fine1@example.com,",
        b"million@example.com," + b"x" * 1_000_000,
        b"nul@example.com,\0",
        b"latin@example.com,M\xfcller",
        b"ragged@example.com",
        b"odd@example.com,md5$whatever",
        b"not an address,",
        b",",
        b"fine2@example.com,",
    ]
    (tmp_path / "file").write_bytes(b"\n".join(lines) + b"\n")
    summary, refused = import_file(sqlite_site, tmp_path / "file", status=1)
    assert [(line["line"], line["code"]) for line in refused] == [
        (3, "line_too_long"), (4, "nul_byte"), (5, "invalid_encoding"), (6, "wrong_columns"),
        (7, "unknown_hash_scheme"), (8, "invalid_email"), (9, "missing_email"),
    ]  # fmt: skip
    assert summary["imported"] == 2
    assert "md5$whatever" not in json.dumps(refused)


def test_a_dry_run_writes_nothing(sqlite_site, tmp_path):
    (tmp_path / "file").write_text("email\ndry1@example.com\nfine\n")
    before = sqlite_site.run("account", "list")
    summary, refused = import_file(
        sqlite_site, tmp_path / "file", "--dry-run", status=1
    )
    assert summary["imported"] == 1 and [line["code"] for line in refused] == [
        "invalid_email"
    ]
    assert sqlite_site.run("account", "list") == before
    assert import_file(sqlite_site, tmp_path / "file")[0]["imported"] == 1


def test_wrong_words(sqlite_site, tmp_path):
    (tmp_path / "file").write_text("email\n")
    for arguments in (
        ["--format", "ldap"],
        ["--map", "email"],
        ["--kind", "wizard"],
        ["--activate", "--no-activate"],
    ):
        done = sqlite_site.command(
            "account", "import", str(tmp_path / "file"), *arguments
        )
        assert done.returncode == 2, done.stderr
    assert (
        sqlite_site.command("account", "import", str(tmp_path / "nothing")).returncode
        == 1
    )
    assert (
        sqlite_site.command("account", "export", "-", "--format", "xml").returncode == 2
    )


# --- the document -------------------------------------------------------------------------------------------------------

DOCUMENT_FILES = {
    "From a Flask application": {
        "users.csv": "flask_users.csv",
        "users.ndjson": "flask_users.ndjson",
    },
    "From plain bcrypt or Argon2": {"plain.csv": "plain.csv"},
    "From Django": {"users.json": "django_dumpdata.json"},
    "From GoTrue (Supabase Auth)": {"users.csv": "gotrue_users.csv"},
    "From Keycloak": {"realm.json": "keycloak_realm.json"},
}


def test_the_commands_of_the_document_work_as_they_stand(make_site, tmp_path):
    site = make_site("sqlite")
    site.serve()
    text = (ROOT / "docs/import.md").read_text(encoding="utf-8")
    ran = 0
    for section in re.split(r"^#+ ", text, flags=re.MULTILINE):
        title = section.partition("\n")[0]
        for name, sample in DOCUMENT_FILES.get(title, {}).items():
            shutil.copy(SAMPLES / sample, tmp_path / name)
        for line in re.findall(r"^postern (account .*)", section, re.MULTILINE):
            words = shlex.split(line, comments=True)
            if words[1] == "import" and not (tmp_path / words[2]).exists():
                shutil.copy(SAMPLES / "flask_users.csv", tmp_path / words[2])
            done = subprocess.run(
                ["bash", "-c", f'"$0" {" ".join(words)} "$@"', BINARY, *site.arguments],
                cwd=tmp_path, env=site.environment, capture_output=True, text=True, timeout=60, check=False,
            )  # fmt: skip
            # the samples hold lines to be refused, and the last section imports what is there
            refuses = words[1] == "import" and not title.startswith(
                ("Bringing", "From a Flask")
            )
            assert done.returncode == (1 if refuses else 0), (
                line,
                done.stdout,
                done.stderr,
            )
            assert "postern:" not in done.stderr, (line, done.stderr)
            ran += 1
    assert ran >= 10


# --- at size -----------------------------------------------------------------------------------------------------------


def test_twenty_thousand_while_the_server_answers(fresh, tmp_path):
    account = fresh.new_account()
    client = fresh.servers[0].client()
    file = many_users(tmp_path / "users.csv", 20_000)
    process = subprocess.Popen(
        [BINARY, "account", "import", str(file), *fresh.arguments],
        env=fresh.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    slowest = 0
    while process.poll() is None:
        started = time.monotonic()
        assert client.login(account.email, account.password).status == 200
        slowest = max(slowest, time.monotonic() - started)
    assert process.returncode == 0
    assert slowest < 3, slowest
