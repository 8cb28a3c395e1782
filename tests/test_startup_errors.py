"""What an operator gets wrong: one clear sentence with what to do, an exit status other than 0, within seconds."""

import fcntl
import socket
import sqlite3
import subprocess
import time

import pytest

from harness.process import free_port
from harness.site import BINARY, PASSWORD, Server

SECONDS = 15


def serve(site, *, listen=None, timeout=SECONDS):
    """Runs `serve`, which must fail by itself."""
    command = [BINARY, "serve", *site.arguments, "--listen", listen or f"127.0.0.1:{free_port()}"]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=timeout,
        env=site.environment,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def assert_one_sentence(done, *parts):
    """One line on standard error for a person, with each of `parts` in it; nothing on standard output."""
    assert done.returncode not in (0, -6, -11), done
    lines = [line for line in done.stderr.splitlines() if line and not line.startswith("{")]
    assert len(lines) == 1, done.stderr
    assert done.stdout == ""
    for part in parts:
        assert part.lower() in lines[0].lower(), (part, lines[0])
    for word in ("terminate", "exception", "what():", "boost::", "std::"):
        assert word not in done.stderr


@pytest.fixture
def cold(make_site):
    """A SQLite site that has never been started."""
    return make_site("sqlite")


@pytest.mark.parametrize(
    "key, value, parts",
    [
        ("tokens.acess_life", "15m", ["tokens.acess_life", "tokens.access_life"]),
        ("sesions.idle", "24h", ["sesions.idle", "sessions.idle"]),
        ("public_ulr", "https://x.example", ["public_ulr", "public_url"]),
        ("tokens.access_life", 0, ["tokens.access_life", "15m"]),
        ("tokens.access_life", "soon", ["tokens.access_life", "soon"]),
        ("tokens.access_life", "0s", ["tokens.access_life"]),
        ("tokens.algorithm", "HS256", ["tokens.algorithm", "HS256", "ES256"]),
        ("tokens.audience", "one", ["tokens.audience"]),
        ("http.body_bytes", "64k", ["http.body_bytes"]),
        ("log.access", "yes", ["log.access", "true"]),
        ("hash.iterations", 1, ["hash.iterations"]),
        ("hash.memory_mib", 1, ["hash.memory_mib"]),
        ("store", "mysql://localhost/x", ["store", "sqlite:", "postgresql://"]),
        ("sessions.refresh_grace", "1h", ["sessions.refresh_grace", "tokens.access_life"]),
        ("tls.certificate", "/nonexistent/cert.pem", ["tls"]),
        ("http.trusted_proxies", ["10.0.0.0/99"], ["http.trusted_proxies", "10.0.0.0/99"]),
    ],
)
def test_wrong_configuration_names_the_key_and_what_it_may_be(cold, key, value, parts):
    cold.settings[key] = value
    cold.write_configuration()
    assert_one_sentence(serve(cold), *parts)


def test_file_that_is_no_toml_names_the_line(cold):
    (cold.folder / "postern.toml").write_text('public_url = "https://x.example"\nlisten = = 3\n')
    assert_one_sentence(serve(cold), "postern.toml", "2")


def test_file_that_is_not_there_is_named(cold):
    (cold.folder / "postern.toml").unlink()
    assert_one_sentence(serve(cold), str(cold.folder / "postern.toml"))


def test_environment_variable_that_is_no_key_is_an_error(cold):
    cold.environment["POSTERN_TOKENS_ACESS_LIFE"] = "15m"
    assert_one_sentence(serve(cold), "POSTERN_TOKENS_ACESS_LIFE", "POSTERN_TOKENS_ACCESS_LIFE")


def test_environment_goes_before_the_file(cold):
    cold.environment["POSTERN_TOKENS_ACCESS_LIFE"] = "90s"
    client = cold.serve().client()
    assert client.sign_in(cold.new_account()).expires_in == 90


def test_listen_address_that_is_none(cold):
    for listen in ("localhost", "127.0.0.1:99999", "127.0.0.1:http", ":::"):
        assert_one_sentence(serve(cold, listen=listen), listen)


def test_taken_port(cold):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert_one_sentence(serve(cold, listen=f"127.0.0.1:{port}"), str(port))


def test_database_that_another_program_has_locked(cold):
    cold.serve().stop()
    holder = sqlite3.connect(cold.database_file, isolation_level=None)
    holder.execute("PRAGMA locking_mode=EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    begin = time.monotonic()
    try:
        assert_one_sentence(serve(cold), "lock")
    finally:
        holder.close()
    assert time.monotonic() - begin < 12
    cold.servers[0].start()


def test_database_of_a_newer_version(cold):
    cold.serve().stop()
    with sqlite3.connect(cold.database_file) as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(schema_migrations)")]
        row = list(database.execute("SELECT * FROM schema_migrations").fetchall()[-1])
        row = [value + 1000 if isinstance(value, int) else value for value in row]
        database.execute(f"INSERT INTO schema_migrations VALUES ({','.join('?' * len(columns))})", row)
    database.close()
    assert_one_sentence(serve(cold), "newer")
    done = cold.command("account", "list")
    assert done.returncode != 0 and "newer" in done.stderr


@pytest.mark.parametrize(
    "content", [b"this is no database, whatever its name says" * 100, b"SQLite format 3\0" + bytes(5000)]
)
def test_file_that_is_not_a_database(cold, content):
    cold.data.mkdir()
    cold.database_file.write_bytes(content)
    assert_one_sentence(serve(cold), "postern.db")
    assert cold.database_file.read_bytes() == content, "it must not be overwritten"


def test_database_of_another_program(cold):
    cold.data.mkdir()
    with sqlite3.connect(cold.database_file) as database:
        database.execute("CREATE TABLE accounts (id INTEGER PRIMARY KEY, name TEXT)")
    database.close()
    assert_one_sentence(serve(cold), "store", "another program")


def test_master_key_that_is_missing_is_not_made_anew(cold):
    cold.serve().stop()
    key = cold.data / "master.key"
    key.unlink()
    assert_one_sentence(serve(cold), "master key")
    assert not key.exists()


@pytest.mark.parametrize("wrong", ["another key", "no key at all", "empty"])
def test_master_key_that_is_wrong(cold, make_site, wrong):
    cold.serve().stop()
    key = cold.data / "master.key"
    if wrong == "another key":
        other = make_site("sqlite")
        other.serve().stop()
        key.write_bytes((other.data / "master.key").read_bytes())
    else:
        key.write_text("" if wrong == "empty" else "not a key\n")
    done = serve(cold)
    assert_one_sentence(done, "master key")
    assert "not a key" not in done.stderr


def test_master_key_that_others_can_read(cold):
    cold.serve().stop()
    (cold.data / "master.key").chmod(0o644)
    assert_one_sentence(serve(cold), "master.key", "600")


def test_two_servers_on_one_data_directory(cold):
    first = cold.serve()
    assert_one_sentence(serve(cold), str(cold.data))
    assert first.client().call("GET", "/healthz").status == 200
    first.kill()
    cold.servers[0].start()  # a lock left by kill -9 must not keep it out


def test_data_directory_that_cannot_be_made(cold):
    cold.data.write_text("a file stands here")
    assert_one_sentence(serve(cold), str(cold.data))


def test_postgresql_without_keys_says_to_init_them(make_site, cluster):
    site = make_site("sqlite")
    site.settings["store"] = cluster.url(cluster.new_database())
    site.write_configuration()
    assert_one_sentence(serve(site), "key init")
    assert not (site.data / "master.key").exists(), "on PostgreSQL a master key is never made implicitly"
    site.run("key", "init")
    server = Server(site, "node")
    site.servers.append(server)
    server.start()
    assert server.client().sign_in(site.new_account()).expires_in == 900


def test_postgresql_that_cannot_be_reached(make_site):
    site = make_site("sqlite")
    site.settings["store"] = f"postgresql://postern:{PASSWORD.replace(' ', '')}@127.0.0.1:{free_port()}/postern"
    site.write_configuration()
    done = serve(site)
    assert_one_sentence(done, "PostgreSQL")
    assert PASSWORD.replace(" ", "") not in done.stderr
    done = site.command("account", "list")
    assert done.returncode != 0 and PASSWORD.replace(" ", "") not in done.stderr


def test_postgresql_that_never_answers(make_site):
    """A host that accepts and is silent: given up in seconds."""
    site = make_site("sqlite")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        site.settings["store"] = f"postgresql://postern@127.0.0.1:{silent.getsockname()[1]}/postern"
        site.write_configuration()
        assert_one_sentence(serve(site), "PostgreSQL")


def test_postgresql_database_that_does_not_exist(make_site, cluster):
    site = make_site("sqlite")
    site.settings["store"] = cluster.url("no_such_database")
    site.write_configuration()
    assert_one_sentence(serve(site), "no_such_database")


def test_lock_is_held_by_the_kernel_not_by_a_leftover_file(cold):
    server = cold.serve()
    locks = [path for path in cold.data.iterdir() if "lock" in path.name]
    assert locks
    with open(locks[0], "rb") as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    server.stop()
