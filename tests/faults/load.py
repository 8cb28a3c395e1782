"""Customers and administrators who work while something breaks, and note what they were told.

Each actor does one thing at a time. What it was not told about is in doubt: it does that again, and then takes the
answer for a thing that was done before as well."""

import contextlib
import itertools
import threading
import time

from harness.client import BASE, Tokens, bearer
from harness.self_service import Person
from harness.waiting import until

PAUSE = 0.02  # after no answer, so that a server that is down is not asked without end
REFRESHES = 25  # of one session, before its holder logs out
MAILED_RESETS = 5  # of one account: its mails are limited to six an hour


class Holder:
    """Refreshes, revokes the access token before, and logs out now and then."""

    def __init__(self, scene, account):
        self.scene, self.ledger, self.account = scene, scene.ledger, account
        self.tokens = None
        self.to_revoke = None
        self.in_doubt = False  # about `to_revoke`
        self.leaving = False
        self.turns = 0

    def step(self):
        if self.tokens is None:
            return self._log_in()
        if self.to_revoke:
            return self._revoke()
        if self.turns >= REFRESHES or self.leaving:
            return self._log_out()
        return self.refresh()

    def _log_in(self):
        answer = self.ledger.ask("login", lambda: self.scene.client().login(self.account.email, self.account.password))
        if answer:
            self.tokens, self.turns = Tokens.of(answer), 0
        return answer

    def refresh(self):
        answer = self.ledger.ask("refresh", lambda: self.scene.client().refresh(self.tokens.refresh))
        if answer:
            child = Tokens.of(answer)
            self.ledger.exchanged(self.tokens.refresh, child.refresh)
            self.to_revoke, self.in_doubt = self.tokens.access, False
            self.tokens = child
            self.turns += 1
        return answer

    def _revoke(self):
        tolerated = ("token_revoked",) if self.in_doubt else ()
        answer = self.ledger.ask("revoke", lambda: self.scene.client().revoke_access(self.to_revoke), tolerated)
        if answer:
            self.ledger.revoked.append(self.to_revoke)
            self.to_revoke = None
        self.in_doubt = True
        return answer

    def _log_out(self):
        self.leaving = True
        answer = self.ledger.ask("logout", lambda: self.scene.client().revoke_refresh(self.tokens.refresh))
        if answer:
            self.ledger.ended.append(self.tokens.refresh)
            self.ledger.revoked.append(self.tokens.access)
            self.tokens, self.leaving = None, False
        return answer

    def check(self, client):
        """The session that was acknowledged lives, and its refresh token gives one child, however often it is asked."""
        if self.tokens is None or self.leaving:
            return
        if not client.accepts(self.tokens.access):
            self.ledger.lost.append("an access token that nobody revoked is refused")
        answers = [client.refresh(self.tokens.refresh) for _ in range(2)]
        if [answer.status for answer in answers] != [200, 200]:
            self.ledger.lost.append(f"a live session answers {[(a.status, a.body[:100]) for a in answers]}")
            self.tokens = None
            return
        children = [Tokens.of(answer) for answer in answers]
        for child in children:
            self.ledger.exchanged(self.tokens.refresh, child.refresh)
        self.tokens = children[0]
        if not client.accepts(self.tokens.access):
            self.ledger.lost.append("the access token of a fresh refresh is refused")


class Administrator:
    """Makes accounts, and disables and enables one that is logged in."""

    _numbers = itertools.count(1)

    def __init__(self, scene, victim):
        self.scene, self.ledger, self.victim = scene, scene.ledger, victim
        self.access = scene.client().sign_in(scene.site.new_account("--activated", "--admin")).access
        self.victim_id = scene.site.run_json("account", "show", victim.email)["id"]
        self.tokens = None  # of the victim
        self.made = None  # the address of the account that is being made
        self.in_doubt = False
        self.late = False  # a disable that was not answered may still be done, after an enable that was

    def step(self):
        if not self._make():
            return None
        if self.ledger.states.get(self.victim.email, "active") != "active":
            return self._set("enable", "active")
        if self.tokens is None:
            return self._log_in_victim()
        return self._set("disable", "disabled")

    def _call(self, path, body=None):
        return self.scene.client().call("POST", f"/admin/v1/accounts{path}", headers=bearer(self.access), body=body)

    def _make(self):
        self.made = self.made or f"made{next(self._numbers)}@example.net"
        tolerated = ("email_taken", "account_exists") if self.in_doubt else ()
        answer = self.ledger.ask("create account", lambda: self._call("", {"email": self.made}), tolerated)
        self.in_doubt = answer is None
        if answer:
            self.ledger.accounts.add(self.made)
            self.made = None
        return answer

    def _log_in_victim(self):
        call = self.scene.client().login
        tolerated = ("account_not_activated",) if self.late else ()
        answer = self.ledger.ask("login", lambda: call(self.victim.email, self.victim.password), tolerated)
        if not answer:
            return None
        self.late = False
        if answer.status != 200:
            self.ledger.states[self.victim.email] = None  # and is enabled again
            return None
        self.tokens = Tokens.of(answer)
        return answer

    def _set(self, action, state):
        self.ledger.states[self.victim.email] = None
        answer = self.ledger.ask(action, lambda: self._call(f"/{self.victim_id}/{action}"))
        if not answer:
            self.late = True
            return None
        self.ledger.states[self.victim.email] = state
        if state == "disabled" and self.tokens:
            self.ledger.revoked.append(self.tokens.access)
            self.ledger.ended.append(self.tokens.refresh)
            self.tokens = None
        return answer

    def check(self, client):
        """Nothing beyond what the ledger has."""


class Forgetter:
    """Changes passwords: each account's by mailed links while there are mails to be had, and the last one's for ever,
    knowing the old one."""

    _numbers = itertools.count(1)

    def __init__(self, scene, accounts):
        self.scene, self.ledger = scene, scene.ledger
        self.emails = [account.email for account in accounts]
        self.resets = 0  # of the account that it is at
        self.unread = False  # a mail may still come that is void by then
        self.read = set()  # the links that were tried: a mail whose sending could not be noted down comes again
        self.tokens = None
        for account in accounts:
            self.ledger.password_is(account.email, account.password)

    @property
    def email(self):
        return self.emails[0]

    def step(self):
        known = self.ledger.passwords[self.email]
        if len(known) > 1:
            return self._find_out(known)
        if self.tokens is None:
            return self._log_in(*known)
        if self.resets < MAILED_RESETS:
            return self._reset(*known)
        changed = self._change(*known)
        if changed and len(self.emails) > 1:
            self.emails.pop(0)
            self.resets, self.unread, self.tokens = 0, False, None
        return changed

    def _find_out(self, possible):
        """Which of two passwords it is. Exactly one must work; 401 is the answer to the other."""
        for word in sorted(possible):
            answer = self.ledger.ask(
                "login", lambda word=word: self.scene.client().login(self.email, word), ("invalid_credentials",)
            )
            if not answer:
                return None
            if answer.status == 200:
                self.ledger.password_is(self.email, word)
                self.tokens = Tokens.of(answer)
                return answer
        self.ledger.lost.append(f"neither password of {self.email} works")
        return None

    def _log_in(self, word):
        answer = self.ledger.ask("login", lambda: self.scene.client().login(self.email, word))
        if answer:
            self.tokens = Tokens.of(answer)
        return answer

    def _new_password(self, before):
        word = f"{next(self._numbers)} lamps on the harbour wall"
        self.ledger.passwords[self.email] = {before, word}
        return word

    def _change(self, before):
        word = self._new_password(before)
        body = {"current_password": before, "new_password": word}
        call = self.scene.client().call
        answer = self.ledger.ask(
            "change password",
            lambda: call("POST", f"{BASE}/password/change", headers=bearer(self.tokens.access), body=body),
        )
        if answer:
            self.ledger.password_is(self.email, word, before=before)
        return answer

    def _reset(self, before):
        person = Person(self.scene.server, self.scene.mail)
        mails = len(self.scene.mail.mails_to(self.email))
        self.resets += 1
        unread, self.unread = self.unread, True
        if not self.ledger.ask("forgot", lambda: person.forgot(self.email)):
            return None
        with contextlib.suppress(AssertionError):  # a mail that does not come is no reason to wait
            token = self.scene.mail.wait_for(self.email, count=mails + 1, seconds=1).token()
            self.unread = unread
            may_be_void = unread or token in self.read
            self.read.add(token)
            return self._reset_with(person, token, before, ("invalid_link",) if may_be_void else ())
        return None

    def _reset_with(self, person, token, before, tolerated):
        word = self._new_password(before)
        answer = self.ledger.ask("reset", lambda: person.reset(token, word), tolerated)
        if answer and answer.status == 200:
            self.ledger.password_is(self.email, word, before=before)
            self.ledger.revoked.append(self.tokens.access)
            self.ledger.ended.append(self.tokens.refresh)
            self.tokens = None
        return answer

    def check(self, client):
        """The audit has found out the password; what was in doubt ended the session, or did not."""
        self.tokens = None


class Load:
    """The actors of a scene, at work between start() and stop()."""

    def __init__(self, actors):
        self.actors = actors
        self._over = threading.Event()
        self._threads = []

    def start(self):
        self._over.clear()
        self._threads = [threading.Thread(target=self._work, args=(actor,)) for actor in self.actors]
        for thread in self._threads:
            thread.start()

    def stop(self):
        """Waits for every answer that is still to come."""
        self._over.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), "a request has had no end"

    @contextlib.contextmanager
    def at_work(self):
        self.start()
        try:
            yield
        finally:
            self.stop()

    def _work(self, actor):
        while not self._over.is_set():
            try:
                answer = actor.step()
            except Exception as bug:  # pylint: disable=broad-except # it must not end unseen with its thread
                actor.ledger.false.append(f"{type(actor).__name__}: {bug!r}")
                return
            if answer is None:
                self._over.wait(PAUSE)


def seconds_until(holds, *, seconds, what):
    """How long it takes until `holds`."""
    begin = time.monotonic()
    until(holds, seconds=seconds, what=what, pause=0.005)
    return time.monotonic() - begin
