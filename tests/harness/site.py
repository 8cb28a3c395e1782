"""A deployment of Postern: one store, one configuration, any number of nodes, and the command line beside them."""

import contextlib
import itertools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from harness.client import Account, Client
from harness.process import free_port, hash_memory_kib, resident_kib, stop
from harness.waiting import until
from harness.wire import ConnectionEnded

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("POSTERN_BINARY", str(ROOT / "build/release/postern"))
ISSUER = "https://auth.example.com"
AUDIENCE = "https://api.example.com"
PASSWORD = "a quiet harbour at dusk"
# Most tests are about something else, and all come from one address: they fail to log in as often as they need to.
NO_THROTTLE = {
    "throttle.network_failures": 1_000_000,
    "throttle.account_network_failures": 1_000_000,
    "throttle.account_failures": 1_000_000,
    "throttle.network_requests": 1_000_000,
}


def environment():
    """The caller's environment without any setting of Postern's."""
    return {name: value for name, value in os.environ.items() if not name.startswith("POSTERN_")}


class Server:
    """One running node. Its log is kept in a file from start to start."""

    def __init__(self, site, name):
        self.site = site
        self.port = free_port()
        self.log_path = site.folder / f"{name}.log"
        self.process = None

    def launch(self):
        """Starts the process and returns at once."""
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "serve", *self.site.arguments, "--listen", f"127.0.0.1:{self.port}"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.site.environment,
            )
        return self

    def start(self):
        self.launch()
        until(self.is_ready, seconds=20, what="the server is ready", pause=0.002)
        return self

    def is_ready(self):
        assert self.process.poll() is None, f"exited with {self.process.returncode}: {self.log()[-2000:]}"
        try:
            return self.client().call("GET", "/readyz").status == 200
        except (OSError, ConnectionEnded):
            return False

    def stop(self):
        return stop(self.process) if self.process else None

    def kill(self):
        """kill -9: no chance to write anything more."""
        self.process.kill()
        self.process.wait(10)

    def restart(self):
        self.stop()
        return self.start()

    def hang_up(self):
        self.process.send_signal(signal.SIGHUP)

    def client(self, **options):
        return Client(self.port, **({"tls": self.site.tls} | options))

    def resident_kib(self):
        return resident_kib(self.process.pid)

    def hash_memory_kib(self):
        return hash_memory_kib(self.process.pid)

    def log(self):
        return self.log_path.read_text(encoding="utf-8", errors="surrogateescape")

    def log_records(self):
        return [json.loads(line) for line in self.log().splitlines() if line]


class Site:
    """Everything that one deployment shares. close() ends its nodes and removes its files and its database.

    `throttled` leaves the throttle at its defaults, less what `settings` say."""

    def __init__(self, engine, cluster=None, settings=None, environ=None, tls=None, throttled=False):
        self.engine = engine
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="postern-site-"))
        self.data = self.folder / "data"
        self.cluster = cluster
        self.database = cluster.new_database() if cluster else None
        self.tls = tls
        self.environment = environment() | (environ or {})
        self.servers = []
        self._numbers = itertools.count(1)
        store = cluster.url(self.database) if cluster else f"sqlite:{self.database_file}"
        self.settings = (
            ({} if throttled else NO_THROTTLE)
            | {
                "store": store,
                "public_url": ISSUER,
                "tokens.audience": [AUDIENCE],
            }
            | (settings or {})
        )
        self.write_configuration()
        if cluster:
            try:
                self.run("key", "init")
            except BaseException:
                self.close()
                raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def database_file(self):
        return self.data / "postern.db"

    @property
    def arguments(self):
        return ["--config", str(self.folder / "postern.toml"), "--data", str(self.data)]

    def write_configuration(self):
        lines = [f"{key} = {json.dumps(value)}\n" for key, value in self.settings.items()]
        (self.folder / "postern.toml").write_text("".join(lines), encoding="utf-8")

    def serve(self):
        """Starts one more node and waits until it is ready."""
        server = Server(self, f"node{len(self.servers) + 1}")
        self.servers.append(server)
        return server.start()

    def serve_at_public_url(self):
        """The first node, where `public_url` says, so that libraries find it by the issuer of its tokens."""
        server = Server(self, "node1")
        self.settings["public_url"] = f"http://127.0.0.1:{server.port}"
        self.write_configuration()
        self.servers.append(server)
        return server.start()

    def command(self, *arguments, stdin="", timeout=30):
        """Runs `postern ARGUMENTS` on this site and returns what became of it."""
        return subprocess.run(
            [BINARY, *arguments, *self.arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            env=self.environment,
            check=False,
        )

    def run(self, *arguments, stdin=""):
        """Runs a command that must succeed, and returns its standard output."""
        done = self.command(*arguments, stdin=stdin)
        assert done.returncode == 0, (arguments, done.returncode, done.stdout, done.stderr)
        return done.stdout

    def run_json(self, *arguments, stdin=""):
        return json.loads(self.run(*arguments, "--json", stdin=stdin))

    def shell(self, lines, folder, timeout=60, **variables):
        """Runs lines of the documentation in a shell in `folder`, where `postern` is the program under test and works
        on this site."""
        program = folder / "postern"
        if not program.exists():
            program.symlink_to(pathlib.Path(BINARY).resolve())
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", lines],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=folder,
            check=False,
            env={
                "PATH": f"{folder}:{os.defpath}",
                "HOME": "/nonexistent",
                "POSTERN_CONFIG": str(self.folder / "postern.toml"),
                "POSTERN_DATA_DIR": str(self.data),
            }
            | variables,
        )

    def new_account(self, *flags, password=PASSWORD, email=None):
        """Creates an account that can log in, or whatever `flags` make of it when some are given."""
        email = email or f"user{next(self._numbers)}@example.com"
        flags = flags or ("--activated",)
        self.run("account", "create", email, *flags, "--password-stdin", stdin=password + "\n")
        return Account(email, password)

    def copy_database(self, target):
        """SQLite, with every node stopped: the whole database as it is now."""
        target.mkdir()
        for file in self.data.glob("postern.db*"):
            shutil.copy2(file, target)

    def put_back_database(self, source):
        for file in self.data.glob("postern.db*"):
            file.unlink()
        for file in source.iterdir():
            shutil.copy2(file, self.data)

    def close(self):
        with contextlib.ExitStack() as todo:  # each is done, also when one before it fails
            todo.callback(shutil.rmtree, self.folder, ignore_errors=True)
            if self.cluster:
                todo.callback(self.cluster.drop_database, self.database)
            for server in self.servers:
                todo.callback(server.stop)
