"""A private PostgreSQL: its own data, a Unix socket in a temporary folder, no TCP port, gone at the end."""

import contextlib
import glob
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile

from harness.process import family
from harness.waiting import until


def _unprivileged():
    """PostgreSQL refuses to run as root; then it runs as an account that owns nothing."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise AssertionError("no unprivileged user to run PostgreSQL as")


def _programs():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))
    assert found, "PostgreSQL is not installed (Debian package postgresql)"
    return found[-1]


class PostgresCluster:
    """Starts on creation, with its files below `parent` if that is given; close() stops it and removes them."""

    _numbers = itertools.count(1)

    def __init__(self, parent=None, environ=None):
        self.environment = os.environ | (environ or {})
        self.programs = _programs()
        self.identity = _unprivileged()
        self.folder = tempfile.mkdtemp(prefix="postern-pg-", dir=parent)
        self.process = None
        os.chmod(self.folder, 0o755)
        if self.identity:
            os.chown(self.folder, self.identity["user"], self.identity["group"])
        try:
            self._run("initdb", "-D", self.data, "-U", "postern", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
            self.start()
        except BaseException:
            self.close()
            raise

    @property
    def data(self):
        return f"{self.folder}/data"

    def start(self):
        with open(f"{self.folder}/log", "ab") as log:
            self.process = subprocess.Popen(
                [f"{self.programs}/postgres", "-D", self.data, "-k", self.folder, "-c", "listen_addresses="],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment,
                **self.identity,
            )
        until(self._answers, seconds=30, what="PostgreSQL answers", pause=0.05)

    def new_database(self):
        """Creates an empty database and returns its name."""
        name = f"postern_{next(self._numbers)}"
        self.query("postgres", f"CREATE DATABASE {name}")
        return name

    def drop_database(self, name):
        """Removes it, whoever is still connected. A cluster that is gone has taken its databases along."""
        if self.process.poll() is None:
            self.query("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def url(self, database):
        return f"postgresql:///{database}?host={self.folder}&user=postern"

    def query(self, database, sql):
        """Runs `sql` as it stands; rows come back as lines, columns divided by '|'."""
        return self._run("psql", "-h", self.folder, "-U", "postern", "-d", database, "-XAtq", "-c", sql).stdout

    def freeze(self):
        """Stops every process of it in its tracks: connections stay open and nothing answers, as in a partition."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self):
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number):
        for pid in family(self.process.pid):
            with contextlib.suppress(ProcessLookupError):  # a backend may end at any time
                os.kill(pid, number)

    def stop(self, how=signal.SIGINT):
        """A fast shutdown: clients are disconnected. SIGQUIT: without writing anything more, as in a crash."""
        if self.process and self.process.poll() is None:
            self.thaw()
            self.process.send_signal(how)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait(10)

    def close(self):
        self.stop(signal.SIGQUIT)  # the files go, so there is nothing to save
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self):
        assert self.process.poll() is None, open(f"{self.folder}/log", encoding="utf-8").read()
        probe = [f"{self.programs}/pg_isready", "-q", "-h", self.folder, "-U", "postern", "-d", "postgres"]
        return subprocess.run(probe, cwd=self.folder, timeout=10, check=False).returncode == 0

    def _run(self, program, *arguments):
        done = subprocess.run(
            [f"{self.programs}/{program}", *arguments],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            **self.identity,
        )
        assert done.returncode == 0, (program, done.stdout, done.stderr)
        return done
