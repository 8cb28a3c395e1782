"""Backups taken while servers work, what is in them, and which are refused; test_restore.py has what one does to trust."""

import contextlib
import hashlib
import json
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import time

import pytest

from harness.backups import BUSY, Busy, empty_place, take
from harness.site import BINARY, ROOT
from harness.waiting import until

FILES = {"sqlite": "postern.db", "postgresql": "postern.dump"}


def refused(site, *arguments, **options):
    """Runs a command that must be refused; its code and sentence."""
    done = site.command(*arguments, "--json", **options)
    assert done.returncode in (1, 3), (done.returncode, done.stdout, done.stderr)
    told = json.loads(done.stderr)
    return told["code"], told["error"]


@pytest.fixture
def backup(make_site, engine, tmp_path):
    """A small backup, and the site that it is of."""
    site = make_site(engine, settings=BUSY)
    server = site.serve()
    server.client().sign_in(site.new_account(email="ada@example.com"))
    return site, take(site, tmp_path / "backup")


def manifest_of(folder):
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def test_what_a_backup_holds(backup, engine):
    site, folder = backup
    assert {path.name for path in folder.iterdir()} == {FILES[engine], "manifest.json", "SHA256SUMS"}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    manifest = manifest_of(folder)
    assert manifest["format"] == 1 and manifest["engine"] == engine
    assert manifest["tables"]["accounts"] == 1 and manifest["tables"]["sessions"] == 1
    assert manifest["sha256"] == hashlib.sha256((folder / FILES[engine]).read_bytes()).hexdigest()
    done = subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout
    key = (site.data / "master.key").read_text(encoding="ascii").strip()
    everything = b"".join(path.read_bytes() for path in folder.iterdir())
    assert key.encode() not in everything and bytes.fromhex(key) not in everything
    if engine == "postgresql":
        listed = subprocess.run(
            [f"{site.cluster.programs}/pg_restore", "--list", str(folder / FILES[engine])],
            capture_output=True, text=True, check=True,
        ).stdout
        there = set(site.cluster.query(site.database, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'").split())
        assert set(re.findall(r" TABLE public (\w+) ", listed)) == there


def flip_a_byte(folder, engine):
    path = folder / FILES[engine]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(folder, engine):
    with open(folder / FILES[engine], "r+b") as file:
        file.truncate(os.path.getsize(file.name) - 100)


def change_the_manifest(folder, sums, **changes):
    """As somebody would who knows how: the checksums fit again when `sums` is set."""
    path = folder / "manifest.json"
    path.write_text(json.dumps(manifest_of(folder) | changes), encoding="utf-8")
    if sums:
        lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
        lines[1] = f"{hashlib.sha256(path.read_bytes()).hexdigest()}  manifest.json"
        (folder / "SHA256SUMS").write_text("\n".join(lines) + "\n", encoding="utf-8")


SPOILED = {
    "an altered byte": (flip_a_byte, "backup_altered", "SHA-256"),
    "a cut file": (cut, "backup_incomplete", "bytes instead of"),
    "no copy": (lambda folder, engine: (folder / FILES[engine]).unlink(), "backup_incomplete", "missing"),
    "no manifest": (lambda folder, _: (folder / "manifest.json").unlink(), "backup_incomplete", "manifest.json"),
    "no sums": (lambda folder, _: (folder / "SHA256SUMS").unlink(), "backup_incomplete", "SHA256SUMS"),
    "an altered manifest": (
        lambda folder, _: change_the_manifest(folder, False, bytes=1), "backup_altered", "SHA256SUMS",
    ),
    "a newer format": (lambda folder, _: change_the_manifest(folder, True, format=2), "newer_backup", "format 2"),
    "a newer schema": (
        lambda folder, _: change_the_manifest(folder, True, schema_steps=[[1, 0, 1], [99, 0, 99]]),
        "newer_backup", "schema 99",
    ),
    "rows that are missing": (
        lambda folder, _: change_the_manifest(folder, True, tables={"accounts": 2}), "backup_incomplete", "accounts",
    ),
}


@pytest.mark.parametrize("flaw", SPOILED)
def test_a_spoiled_backup_is_refused(backup, make_site, engine, flaw):
    site, folder = backup
    spoil, expected, word = SPOILED[flaw]
    spoil(folder, engine)
    place = empty_place(make_site, site)
    code, message = refused(place, "restore", "--from", str(folder))
    assert code == expected and word in message, (code, message)
    if engine == "sqlite":
        assert list(place.data.glob("postern.db*")) in ([], [place.data / "postern.db.lock"])
    elif flaw != "rows that are missing":
        assert place.cluster.query(place.database, "SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'") == "0\n"


def test_the_other_engine_is_refused(backup, make_site, engine, request):
    _, folder = backup
    place = make_site("postgresql" if engine == "sqlite" else "sqlite")
    code, message = refused(place, "restore", "--from", str(folder))
    assert code == "other_engine" and engine in message


def test_another_master_key_is_refused(backup, make_site, engine):
    site, folder = backup
    place = empty_place(make_site, site)
    (place.data / "master.key").write_text("ab" * 32 + "\n", encoding="ascii")
    code, message = refused(place, "restore", "--from", str(folder))
    assert code == "master_key_wrong" and "sealed with" in message
    (place.data / "master.key").unlink()
    code, message = refused(place, "restore", "--from", str(folder))
    assert code == "master_key_missing" and "master.key" in message


def test_a_database_that_is_there_stays_unless_told(backup, engine):
    site, folder = backup
    site.new_account(email="late@example.com")
    code, message = refused(site, "restore", "--from", str(folder), "--replace")
    assert code in ("already_served", "database_in_use") and "stop" in message
    site.servers[0].stop()
    code, message = refused(site, "restore", "--from", str(folder))
    assert code == "database_exists" and "--replace" in message
    assert len(site.run_json("account", "list")) == 2
    report = site.run_json("restore", "--from", str(folder), "--replace")
    assert report["problems"] == []
    assert [row["email"] for row in site.run_json("account", "list")] == ["ada@example.com"]
    if engine == "sqlite":
        with contextlib.closing(sqlite3.connect(report["former_database"])) as former:
            assert former.execute("SELECT COUNT(*) FROM accounts").fetchone() == (2,)
        assert not (site.data / "postern.db-wal").exists()


def test_a_backup_does_not_overwrite(backup):
    site, folder = backup
    code, message = refused(site, "backup", "--to", str(folder))
    assert code == "backup_exists" and str(folder) in message
    assert [path.name for path in folder.parent.iterdir()] == [folder.name], "no draft is left behind"


def test_a_damaged_sqlite_database_is_replaced(make_site, tmp_path):
    site = make_site("sqlite")
    server = site.serve()
    account = site.new_account()
    folder = take(site, tmp_path / "backup")
    server.kill()
    site.database_file.write_bytes(b"nothing that SQLite knows" * 1000)
    report = site.run_json("restore", "--from", str(folder), "--replace")
    assert report["problems"] == []
    server.start().client().sign_in(account)


def test_a_log_that_was_left_behind_does_not_spoil_the_restored_database(make_site, tmp_path):
    """Somebody removed postern.db and not what lay beside it; SQLite would apply that log to any file of the name."""
    site = make_site("sqlite")
    server = site.serve()
    folder = take(site, tmp_path / "backup")
    for _ in range(5):
        site.new_account()
    server.kill()
    assert (site.data / "postern.db-wal").stat().st_size > 0
    site.database_file.unlink()
    report = site.run_json("restore", "--from", str(folder))
    assert report["problems"] == [] and report["accounts"] == 0
    with contextlib.closing(sqlite3.connect(site.database_file)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert site.run_json("account", "list") == []


def with_ballast(site, mebibytes):
    """Makes the database large enough that a copy takes a while."""
    with contextlib.closing(sqlite3.connect(site.database_file)) as database, database:
        database.execute("CREATE TABLE ballast (x BLOB)")
        database.executemany("INSERT INTO ballast VALUES (?)", ((os.urandom(1 << 20),) for _ in range(mebibytes)))


def test_commits_during_a_copy_do_not_make_it_begin_again(make_site, tmp_path):
    site = make_site("sqlite", settings=BUSY)
    server = site.serve()
    server.stop()
    with_ballast(site, 96)
    server.start()
    with Busy(site, [site.new_account() for _ in range(3)]).at_work() as busy:
        until(lambda: min(busy.counts.values()) >= 1, seconds=30, what="everybody works")
        before = sum(busy.counts.values())
        take(site, tmp_path / "backup")
        during = sum(busy.counts.values()) - before
    assert during > 0


def test_a_killed_backup_and_a_killed_restore_leave_nothing_that_passes_for_one(make_site, tmp_path):
    site = make_site("sqlite")
    site.serve().stop()
    with_ballast(site, 96)

    def kill_when(appears, *arguments):
        process = subprocess.Popen([BINARY, *arguments, *site.arguments], env=site.environment, stdout=subprocess.DEVNULL)
        try:
            until(appears, seconds=20, what="it has begun", pause=0.001)
        finally:
            process.kill()
            process.wait(10)

    kill_when(lambda: list(tmp_path.glob("backup.partial-*/postern.db")), "backup", "--to", str(tmp_path / "backup"))
    assert not (tmp_path / "backup").exists()
    (draft,) = tmp_path.glob("backup.partial-*")
    code, _ = refused(site, "restore", "--from", str(draft), "--replace")
    assert code == "backup_incomplete"
    folder = take(site, tmp_path / "backup")
    account = site.new_account()
    made = site.data / "postern.db.restoring"
    kill_when(made.exists, "restore", "--from", str(folder), "--replace")
    site.servers[0].start().client().sign_in(account)  # the database of before, untouched
    site.servers[0].stop()
    assert site.run_json("restore", "--from", str(folder), "--replace")["accounts"] == 0
    assert not made.exists()


def test_doctor_knows_of_the_last_backup(make_site, tmp_path):
    site = make_site("sqlite")
    site.serve()

    def finding():
        told = json.loads(site.command("doctor", "--json").stdout)
        return next(one for one in told if one["subject"] == "backup")

    assert "No backup" in finding()["message"] and finding()["severity"] == "ok"
    take(site, tmp_path / "backup")
    assert "last backup was made on" in finding()["message"]
    eight_days_ago = str(int((time.time() - 8 * 86400) * 1000)).encode()
    with contextlib.closing(sqlite3.connect(site.database_file)) as database, database:
        database.execute("UPDATE settings SET value = ? WHERE name = 'last_backup_at'", (eight_days_ago,))
    assert finding()["severity"] == "warning"


def test_missing_tools_are_named(make_site, tmp_path):
    site = make_site("postgresql", settings=BUSY)
    folder = take(site, tmp_path / "backup")
    site.environment["PATH"] = str(tmp_path)
    code, message = refused(site, "backup", "--to", str(tmp_path / "other"))
    assert code == "tool_missing" and "pg_dump" in message and "postgresql-client" in message
    place = empty_place(make_site, site)
    place.environment["PATH"] = str(tmp_path)
    code, message = refused(place, "restore", "--from", str(folder))
    assert code == "tool_missing" and "pg_restore" in message


def test_a_tool_that_is_too_old_is_refused(make_site, tmp_path):
    site = make_site("postgresql", settings=BUSY)
    tool = tmp_path / "pg_dump"
    tool.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n", encoding="ascii")
    tool.chmod(0o755)
    site.environment["PATH"] = f"{tmp_path}:{os.environ['PATH']}"
    code, message = refused(site, "backup", "--to", str(tmp_path / "other"))
    assert code == "tool_too_old" and "9.6.24" in message and "postgresql-client-" in message


def test_the_password_is_on_no_command_line(make_site, tmp_path):
    """A pg_dump that writes down how it was called."""
    site = make_site("postgresql", settings=BUSY)
    tool = tmp_path / "pg_dump"
    real = shutil.which("pg_dump")
    tool.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/arguments\necho "$PGPASSWORD" >> {tmp_path}/password\nexec {real} "$@"\n',
        encoding="ascii",
    )
    tool.chmod(0o755)
    site.environment["PATH"] = f"{tmp_path}:{os.environ['PATH']}"
    site.settings["store"] = site.settings["store"] + "&password=s3cret-and-long"
    site.write_configuration()
    done = site.command("backup", "--to", str(tmp_path / "backup"))
    assert done.returncode == 0, done.stderr
    arguments = (tmp_path / "arguments").read_text(encoding="utf-8")
    assert "--format=custom" in arguments and "s3cret" not in arguments
    assert "s3cret-and-long" in (tmp_path / "password").read_text(encoding="utf-8")
    holds = b"".join(path.read_bytes() for path in (tmp_path / "backup").iterdir())
    assert b"s3cret" not in holds + done.stdout.encode() + done.stderr.encode()


def test_a_restore_that_was_not_finished_is_served_by_nobody(make_site, tmp_path):
    """pg_restore alone brings the tables back: no server takes them for its own, and a second run mends it."""
    site = make_site("postgresql", settings=BUSY)
    account = site.new_account()
    folder = take(site, tmp_path / "backup")
    place = empty_place(make_site, site)
    subprocess.run(
        [f"{place.cluster.programs}/pg_restore", "--no-owner", "-h", place.cluster.folder, "-U", "postern",
         "-d", place.database, str(folder / "postern.dump")],
        check=True, timeout=60,
    )
    code, message = refused(place, "account", "list")
    assert code == "foreign_database" and "postern restore" in message
    assert place.run_json("restore", "--from", str(folder), "--replace")["problems"] == []
    place.serve().client().sign_in(account)


@pytest.fixture
def small_disk(tmp_path):
    """A file system that is soon full."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k,mode=700", "tmpfs", str(folder)], check=False)
    if mounted.returncode != 0:
        pytest.skip("no tmpfs can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_leaves_no_backup(make_site, engine, small_disk):
    site = make_site(engine, settings=BUSY)
    if engine == "postgresql":  # its copy is packed, and small
        (small_disk / "filler").write_bytes(os.urandom(124 * 1024))
    server = site.serve()
    account = site.new_account()
    code, message = refused(site, "backup", "--to", str(small_disk / "backup"))
    assert code == "unavailable" and ("full" in message or "No space left" in message or "space" in message), message
    assert [path.name for path in small_disk.iterdir() if path.name != "filler"] == []
    server.client().sign_in(account)


def test_a_full_disk_leaves_no_restored_database(make_site, small_disk, tmp_path):
    site = make_site("sqlite", settings=BUSY)
    site.serve()
    folder = take(site, tmp_path / "backup")
    place = empty_place(make_site, site)
    place.settings["store"] = f"sqlite:{small_disk}/postern.db"
    place.write_configuration()
    code, message = refused(place, "restore", "--from", str(folder))
    assert code == "unavailable" and "No space left" in message, message
    assert {path.name for path in small_disk.iterdir()} <= {"postern.db.lock"}


def test_the_commands_of_the_documentation_work(make_site, tmp_path):
    """docs/backup.md, in order: what comes before a restore while a server works, the rest once it has stopped."""
    site = make_site("sqlite")
    server = site.serve()
    account = site.new_account()
    text = (ROOT / "docs" / "backup.md").read_text(encoding="utf-8")
    fences = re.findall(r"^```bash\n(.*?)^```", text, re.M | re.S)
    stopped = next(number for number, fence in enumerate(fences) if "postern restore" in fence)
    assert stopped >= 2
    backups = tmp_path / "backups"
    backups.mkdir()
    for number, fence in enumerate(fences):
        if number == stopped:
            server.stop()
        done = site.shell(fence, tmp_path, backups=str(backups))
        assert done.returncode == 0, (fence, done.stdout, done.stderr)
    server.start().client().sign_in(account)
