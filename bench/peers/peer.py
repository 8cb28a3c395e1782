"""What every peer is to the bench: something to install, to start on a data folder of its own, and to send requests to.

A peer is asked for the bytes of its own login, refresh, check of a token and logout; how they are sent, counted and
timed is the same for all, in measure.py."""

import contextlib
import http.client
import json
import pathlib
import secrets
import shutil
import subprocess
import tempfile
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

from harness.process import family, free_port, stop
from harness.site import environment
from harness.waiting import until
from measuring import ROOT
from parts import request

HERE = ROOT / "bench" / "peers"
APPS = HERE / "apps"
INSTALLED = ROOT / "build" / "peers"
ACCOUNTS = 16
EMAILS = [f"user{number}@example.com" for number in range(ACCOUNTS)]
OWN, EQUAL = "own", "equal"
EQUAL_HASH = "Argon2id 19 MiB, t=2, p=1"


class Absent(Exception):
    """This peer cannot be measured here; the message says why."""


class Peer:
    """One server with one hash. Used as a context it has a folder, its accounts, and no process until start()."""

    name = ""
    own_hash = ""
    hashings = (OWN, EQUAL)
    no_equal_hash = ""  # why its hash cannot be set to ours; empty where it can
    ready_at = "/"  # answers 200 once it serves
    revocations = 0  # tokens that a round takes back, a few seconds' worth; 0: it has no such thing
    refresh_script = "tokens.lua"  # its refresh token stays the same

    def __init__(self, hashing=OWN):
        self.hashing = hashing
        self.port = free_port()
        self.process = None
        self.folder = None

    @property
    def key(self):
        return self.name if self.hashing == OWN else f"{self.name}, equal hash"

    @property
    def hash(self):
        return self.own_hash if self.hashing == OWN else EQUAL_HASH

    # --- what a peer says of itself -----------------------------------------------------------------------------------

    def install(self):
        """Into build/peers, once for each lock file. Raises Absent."""

    def version(self):
        raise NotImplementedError

    def prepare(self):
        """The data folder, before the first start."""

    def command(self):
        """(arguments, variables) of the process."""
        raise NotImplementedError

    def add_accounts(self):
        """Makes EMAILS able to log in with the harness's PASSWORD; the process runs."""
        raise NotImplementedError

    def login_request(self, email):
        raise NotImplementedError

    def tokens_of(self, answer):
        """(access, refresh) of the body of a login."""
        raise NotImplementedError

    def refresh_request(self, refresh):
        raise NotImplementedError

    def check_request(self, access):
        return request("GET", "/me", bearer(access))

    def revoke_request(self, access):
        raise NotImplementedError

    def tokens_to_revoke(self, refreshes):
        """As many access tokens as `revocations` says, by the cheapest way there is: by refreshing."""
        texts = [self.refresh_request(refreshes[number % len(refreshes)]) for number in range(self.revocations)]
        return [self.tokens_of(body)[0] for body in self.ask_all(texts)]

    # --- its process --------------------------------------------------------------------------------------------------

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-peer-"))
        try:
            self.secret = secrets.token_urlsafe(48)
            self.prepare()
            self.start()
            self.add_accounts()
            self.stop()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        with contextlib.ExitStack() as todo:
            if self.folder is not None:
                todo.callback(shutil.rmtree, self.folder, ignore_errors=True)
            todo.callback(self.stop)

    def start(self):
        """Milliseconds from exec to the first 200."""
        arguments, variables = self.command()
        with open(self.folder / "log", "ab") as log:
            began = time.monotonic()
            self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                                            env=environment() | variables)
        until(self.serves, seconds=60, what=f"{self.name} answers", pause=0.001)
        return (time.monotonic() - began) * 1000

    def serves(self):
        if self.process.poll() is not None:
            raise Absent(f"it ended with status {self.process.returncode}: {self.log()[-500:]}")
        try:
            return self.ask(request("GET", self.ready_at))[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def stop(self):
        if self.process is not None:
            stop(self.process)
            self.process = None

    def log(self):
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def resident_mib(self):
        """Of all its processes; a page that several of them share counts once."""
        total = 0
        for pid in descendants(self.process.pid):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it may have ended meanwhile
                total += proportional_kib(pid)
        return total / 1024

    # --- questions asked one by one, outside what is measured ---------------------------------------------------------

    def connection(self):
        return contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30))

    def ask(self, text, connection=None):
        """(status, body) for the bytes of one request, on a connection of its own unless one is given."""
        if connection is None:
            with self.connection() as own:
                return self.ask(text, own)
        head, _, body = text.partition(b"\r\n\r\n")
        line, *lines = head.decode().split("\r\n")
        method, target, _ = line.split(" ")
        connection.request(method, target, body or None, dict(part.split(": ", 1) for part in lines))
        answer = connection.getresponse()
        return answer.status, answer.read()

    def ask_well(self, text):
        """The body, or Absent when the answer is not 200."""
        status, body = self.ask(text)
        if status != 200:
            asked = text.partition(b" HTTP")[0].decode()
            raise Absent(f"{asked} was answered with {status}: {body[:300].decode(errors='replace')}")
        return body

    def ask_all(self, texts):
        """The bodies, over a few connections that are kept."""

        def share(number):
            with self.connection() as connection:
                answers = [self.ask(text, connection) for text in texts[number::4]]
            if any(status != 200 for status, _ in answers):
                raise Absent(f"some of {len(answers)} refreshes were not answered with 200")
            return [body for _, body in answers]

        with ThreadPoolExecutor(4) as workers:
            return [body for bodies in workers.map(share, range(4)) for body in bodies]

    def sign_in(self, email):
        return self.tokens_of(self.ask_well(self.login_request(email)))


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def json_request(method, target, body, headers=None):
    return request(method, target, {"Content-Type": "application/json"} | (headers or {}), json.dumps(body).encode())


def form_request(target, fields, headers=None):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return request("POST", target, form | (headers or {}), urllib.parse.urlencode(fields).encode())


def descendants(pid):
    found = [pid]
    for known in found:
        found += family(known)[1:]
    return found


def proportional_kib(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss:"))


def run(*arguments, what, cwd=None, seconds=900, variables=None):
    """A step of an installation. Raises Absent with the last that it said."""
    try:
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=seconds, cwd=cwd, check=False,
                              env=environment() | (variables or {}))
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Absent(f"{what}: {error}") from error
    if done.returncode != 0:
        raise Absent(f"{what} failed: {(done.stderr or done.stdout).strip()[-300:]}")
    return done.stdout


def once(folder, pins, install):
    """Calls `install` unless `folder` was made from these pins (the contents of `pins`) already."""
    mark = folder / "installed.txt"
    wanted = "".join(file.read_text(encoding="utf-8") for file in pins)
    if mark.exists() and mark.read_text(encoding="utf-8") == wanted:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    install()
    mark.write_text(wanted, encoding="utf-8")

