"""A client's log of what it was told while something broke, and the check that all of it is still so afterwards."""

import collections
import threading

from harness.tokens import claims_of
from harness.wire import ConnectionEnded


class Ledger:
    """What was acknowledged, refused and left open. Thread-safe where actors write at the same time."""

    def __init__(self):
        self._lock = threading.Lock()
        self.acknowledged = collections.Counter()  # by operation
        self.refused = 0  # 503 or 429, each with Retry-After
        self.unanswered = 0  # the connection ended first
        self.false = []  # answers that no fault excuses
        self.lost = []  # what was acknowledged and is no longer so
        self.revoked = []  # access tokens whose end was acknowledged
        self.ended = []  # refresh tokens whose session's end was acknowledged
        self.children = collections.defaultdict(set)  # jti of a refresh token -> those that it was exchanged for
        self.accounts = set()  # addresses
        self.states = {}  # address -> "active" or "disabled"; None while nobody knows
        self.passwords = {}  # address -> what its password may be: one, or two while nobody knows
        self.former = {}  # address -> the password that was replaced last

    def ask(self, operation, call, tolerated=()):
        """The answer that `call` got: a success, or a refusal whose code is `tolerated`. None for anything else:
        whoever asked does not know what became of it."""
        try:
            answer = call()
        except (OSError, ConnectionEnded):
            with self._lock:
                self.unanswered += 1
            return None
        with self._lock:
            if answer.status < 300:
                self.acknowledged[operation] += 1
                return answer
            if answer.status in (429, 503) and answer.header("Retry-After"):
                self.refused += 1
                return None
            if answer.body[:1] == b"{" and answer.json().get("code") in tolerated:
                return answer
            self.false.append(f"{operation}: {answer.status} {answer.body[:200]}")
            return None

    def exchanged(self, parent, child):
        """A refresh was answered: `parent` gave `child`."""
        with self._lock:
            self.children[claims_of(parent)["jti"]].add(claims_of(child)["jti"])

    def password_is(self, email, password, *, before=None):
        self.passwords[email] = {password}
        if before:
            self.former[email] = before

    @property
    def total(self):
        return sum(self.acknowledged.values())

    def assert_kept(self):
        assert not self.lost, self.lost[:10]
        assert not self.false, self.false[:10]


class Audit:
    """Compares a ledger with what a site says, each fact once unless asked for all."""

    def __init__(self, ledger):
        self.ledger = ledger
        self.checked = collections.Counter()

    def check(self, site, client, *, again=False):
        if again:
            self.checked.clear()
        self._check_refusals(client)
        self._check_children()
        self._check_accounts(site)
        self._check_passwords(client)

    def check_trail(self, site):
        """`postern doctor` and `postern audit verify` find nothing wrong."""
        for command in (("doctor",), ("audit", "verify")):
            done = site.command(*command, timeout=60)
            if done.returncode != 0:
                self.ledger.lost.append(f"postern {' '.join(command)}: {done.returncode} {done.stdout} {done.stderr}")

    def _new(self, name):
        facts = getattr(self.ledger, name)
        fresh = facts[self.checked[name] :]
        self.checked[name] = len(facts)
        return fresh

    def _check_refusals(self, client):
        for access in self._new("revoked"):
            answer = client.me(access)
            if answer.status != 401:
                self.ledger.lost.append(f"revoked, and answered {answer.status}: {claims_of(access)}")
        for refresh in self._new("ended"):
            answer = client.refresh(refresh)
            if answer.status != 401:
                self.ledger.lost.append(f"session ended, and answered {answer.status}: {claims_of(refresh)}")

    def _check_children(self):
        for parent, children in self.ledger.children.items():
            if len(children) > 1:
                self.ledger.lost.append(f"refresh token {parent} has several children: {children}")

    def _check_accounts(self, site):
        found = {account["email"]: account["state"] for account in site.run_json("account", "list")}
        for email in self.ledger.accounts - found.keys():
            self.ledger.lost.append(f"no account {email}")
        for email, state in self.ledger.states.items():
            if state and found.get(email) != state:
                self.ledger.lost.append(f"account {email} is {found.get(email)}, not {state}")

    def _check_passwords(self, client):
        for email, possible in self.ledger.passwords.items():
            works = [word for word in sorted(possible) if client.login(email, word).status == 200]
            if len(works) != 1:
                self.ledger.lost.append(f"{len(works)} of {len(possible)} possible passwords of {email} work")
                continue
            self.ledger.passwords[email] = set(works)
            before = self.ledger.former.get(email)
            if before and before not in possible and client.login(email, before).status != 401:
                self.ledger.lost.append(f"a replaced password of {email} works")
