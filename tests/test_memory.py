"""Secrets in memory: a core, taken as root of a server under load, holds nothing that an answered request brought, and
keys lie in memory that is locked and in no core."""

import base64
import itertools
import json
import os
import re
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlencode

import pytest

from harness.client import BASE, Account, Tokens
from harness.memory import mappings, read_all, status_kib, stopped
from harness.oauth import FORM, ServiceClient, post
from harness.self_service import Person
from harness.smtp import Certificate, SmtpServer
from harness.waiting import until
from harness.wire import request_bytes

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root reads the memory of a process that hides it")

LIVES = 8
THREADS = 3
SETTLED = 0.3  # seconds after its answer by which the memory of a request has been wiped
MARK = "Qz7Wv9Kx"
DIGITS = 6


class Secrets:
    """What requests bring. Passwords are found by one mark wherever they lie, whole or in part, and are numbered."""

    def __init__(self):
        self._numbers = itertools.count(1)
        self.uses = {}  # of a password's number
        self.answered = {}  # number -> when the last request that brought it was answered
        self.tokens = []  # (use, token), all answered

    def password(self, use):
        number = f"{next(self._numbers):0{DIGITS}d}"
        self.uses[number] = use
        # Accents, quotes and spaces: every encoding differs, and there is something to normalise.
        return f'{MARK}{number} ä"%/\\ {MARK}{number} é {secrets.token_hex(4)} {MARK}{number}'

    def answer(self, *passwords):
        now = time.monotonic()
        self.answered |= {password[len(MARK) :][:DIGITS]: now for password in passwords}

    def token(self, use, token):
        self.tokens.append((use, token))
        return token


def patterns_of_mark():
    """How the mark looks in each encoding that a password passes through; the group is its number."""
    digits = b"[0-9]{%d}" % DIGITS
    yield "UTF-8, JSON or percent-encoded", re.compile(MARK.encode() + b"(" + digits + b")")
    wide = b"".join(bytes([letter]) + b"\\0" for letter in MARK.encode())
    yield "UTF-16", re.compile(wide + b"((?:[0-9]\\0){%d})" % DIGITS)


def parts_of(token):
    """Parts that nothing else has, so that a piece which was overwritten at one end is found by the other."""
    text = token.encode()
    if text.count(b".") == 2:  # of a JWT, the header is no secret
        _, claims, signature = text.split(b".")
        return claims[len(claims) // 2 :][:24], signature[:24], signature[-24:]
    encoded = base64.b64encode(b":" + text)  # as in HTTP Basic; where it stands there depends on what is before it
    return text[8:28], text[-20:], encoded[4:24]


def find_secrets(core, known):
    """(passwords, tokens): number -> where and how, and a list for the tokens."""
    passwords, tokens = {}, []
    for mapping, content in core:
        for encoding, pattern in patterns_of_mark():
            for found in pattern.finditer(content):
                number = found.group(1).replace(b"\0", b"").decode()
                near = content[max(0, found.start() - 100) : found.end() + 80]
                passwords.setdefault(number, []).append(
                    f"{known.uses.get(number)}: {encoding} at {mapping.start + found.start():#x} {mapping.name} {near!r}"
                )
        for use, token in known.tokens:
            place = next((at for part in parts_of(token) if (at := content.find(part)) >= 0), None)
            if place is not None:
                near = content[max(0, place - 100) : place + 80]
                tokens.append(f"{use} at {mapping.start + place:#x} {mapping.name} {near!r}")
    return passwords, tokens


class Life:
    """What one member does, with every mistake on the way."""

    def __init__(self, person, service, known, number):
        self.person, self.service, self.known = person, service, known
        self.email = f"member{number}@example.org"

    def mailed_token(self, use, ask):
        def with_token():
            return [mail for mail in self.person.mail_server.mails_to(self.email) if "token=" in mail.text]

        already = len(with_token())
        assert ask().status == 202
        until(lambda: len(with_token()) > already, seconds=10, what=f"a {use} for {self.email}", pause=0.02)
        return self.known.token(use, with_token()[-1].token())

    def refused(self, answer, *passwords):
        assert 400 <= answer.status < 404, (answer.status, answer.body)
        self.known.answer(*passwords)

    def live(self):
        person, new = self.person, self.known.password
        first, second, third, fourth = new("sign-up"), new("change"), new("reset"), new("page")
        token = self.mailed_token("verification token", lambda: person.sign_up(self.email, first))
        assert person.verify(token).status == 200
        self.log_in(first)
        pair = person.sign_in(Account(self.email, first), permanent_login=True)
        wrong = new("wrong change")
        self.refused(person.change_password(pair.access, wrong, second), wrong)
        short = new("refused new password")[: len(MARK) + DIGITS]
        self.refused(person.change_password(pair.access, first, short), short)
        assert person.change_password(pair.access, first, second).status == 200
        self.known.answer(first)
        self.reset(third)
        self.reset_on_page(fourth)
        self.known.answer(second, third)
        pair = person.sign_in(Account(self.email, fourth))
        self.refresh(pair)
        wrong = new("wrong deletion")
        self.refused(person.delete_me(pair.access, wrong), wrong)
        assert person.delete_me(pair.access, fourth).status == 200
        self.known.answer(fourth)

    def log_in(self, password):
        wrong, nobodys, cut = (self.known.password(use) for use in ("wrong login", "login of nobody", "broken body"))
        self.refused(self.person.login(self.email, wrong), wrong)
        self.refused(self.person.login(f"nobody.{self.email}", nobodys), nobodys)
        body = {"email": self.email, "password": password}
        spelled = json.dumps(body, ensure_ascii=False).encode()
        kind = {"Content-Type": "application/json"}
        request = request_bytes("POST", f"{BASE}/token", headers=kind, body=spelled)
        with self.person.connect() as connection:  # in pieces, and then several at once
            for begin in range(0, len(request), 100):
                connection.send(request[begin : begin + 100])
                time.sleep(0.002)
            Tokens.of(connection.read_answer())
            connection.send(request + request)
            Tokens.of(connection.read_answer())
            Tokens.of(connection.read_answer())
            broken = json.dumps(body | {"password": cut})[:-2].encode()
            self.refused(connection.request("POST", f"{BASE}/token", headers=kind, body=broken), cut)

    def reset(self, password):
        token = self.mailed_token("reset token", lambda: self.person.forgot(self.email))
        short = self.known.password("refused reset")[: len(MARK) + DIGITS]
        self.refused(self.person.reset(token, short), short)
        assert self.person.reset(token, password).status == 200

    def reset_on_page(self, password):
        token = self.mailed_token("reset token of a page", lambda: self.person.forgot(self.email))
        with self.person.connect() as connection:
            assert connection.request("GET", f"/account/reset?token={quote(token)}").status == 200
            form = urlencode({"token": token, "password": password, "repeated": password}).encode()
            done = connection.request("POST", "/account/reset", headers={"Content-Type": FORM}, body=form)
            assert done.status == 200, done.body

    def refresh(self, pair):
        pair = Tokens.of(self.person.post("/refresh", {"refresh_token": self.known.token("refresh token", pair.refresh)}))
        self.known.token("access token", pair.access)
        answer = post(
            self.person, "token", client_id="first-party", grant_type="refresh_token",
            refresh_token=self.known.token("refresh token", pair.refresh),
        )  # fmt: skip
        assert answer.status == 200, answer.body
        newest = self.known.token("refresh token", answer.json()["refresh_token"])
        assert self.service.is_active(self.person, newest) in (True, False)
        asked = post(
            self.person, "introspect", client_id=self.service.id, client_secret=self.service.secret, token=pair.access
        )
        assert asked.status == 200, asked.body


@pytest.fixture(params=["sqlite", "postgresql over tls"])
def place(request, make_site, tmp_path):
    """A server under test and where its mail goes: (site, server, mail server)."""
    engine, _, tls = request.param.partition(" over ")
    certificate = Certificate(tmp_path)
    settings, context = {"hash.queue_time": "60s"}, None
    if tls:
        settings |= {"tls.certificate": str(tmp_path / "server.pem"), "tls.key": str(tmp_path / "server.pem")}
        context = certificate.client_context()
    with SmtpServer() as mail_server:
        site = make_site(engine, settings=mail_server.settings() | settings, tls=context)
        yield site, site.serve(), mail_server


def load_until(stop, person, known):
    """Logins that go on while the core is taken; each password is used once."""
    with person.connect(timeout=60) as connection:
        while not stop.is_set():
            password = known.password("login while the core is taken")
            body = {"email": "nobody@example.org", "password": password}
            assert connection.request("POST", f"{BASE}/token", body=body).status == 401
            known.answer(password)


def take_core(server, known):
    """All memory of the server as it stands, and the numbers of the passwords that were answered long enough before."""
    with stopped(server.process):
        settled_by = time.monotonic() - SETTLED
        settled = {number for number, at in known.answered.items() if at < settled_by}
        return list(read_all(server.process.pid)), settled


@pytest.mark.timeout(300)
@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_no_secret_of_an_answered_request_is_in_a_core(place, capsys):
    site, server, mail_server = place
    known, stop = Secrets(), threading.Event()
    service = ServiceClient(site, "resource", "https://api.example.com")
    known.token("client secret", service.secret)
    person = Person(server, mail_server)
    person.timeout = 60  # a busy machine may be slow, but must answer
    until(lambda: service.post(person, "introspect", token="x").status == 200, seconds=5, what="the client is known")
    with ThreadPoolExecutor(THREADS + 1) as pool, person.connect() as unfinished:
        background = [pool.submit(load_until, stop, person, known) for _ in range(1)]
        try:
            for done in [pool.submit(Life(person, service, known, number).live) for number in range(LIVES)]:
                done.result()
            waiting = known.password("body that has not ended")
            body = json.dumps({"email": "a@example.org", "password": waiting}).encode()
            unfinished.send(request_bytes("POST", f"{BASE}/token", headers={"Content-Length": "999"}, body=body))
            time.sleep(2 * SETTLED)
            core, settled = take_core(server, known)
        finally:
            stop.set()
        for done in background:
            done.result()
    passwords, tokens = find_secrets(core, known)
    leaks = {number: places for number, places in passwords.items() if number in settled}
    with capsys.disabled():
        print(
            f"\n    {sum(len(content) for _, content in core) >> 20} MiB looked through for {len(settled)} passwords and {len(known.tokens)} tokens:"
            f" {len(leaks)} and {len(tokens)} found, beside {len(passwords) - len(leaks)} of requests under way"
        )
    assert waiting[len(MARK) :][:DIGITS] in passwords, "this would not find a password that is there"
    found = "\n".join([*itertools.chain(*leaks.values()), *tokens])
    assert not found, found


def test_keys_lie_in_memory_that_is_locked_and_in_no_core(place):
    _, server, _ = place
    pid = server.process.pid
    locked = [mapping for mapping in mappings(pid) if mapping.locked]
    assert status_kib(pid, "VmLck") > 0 and locked
    assert not any(mapping.dumped for mapping in locked), locked
