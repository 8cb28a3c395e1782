"""A place to restore into, and customers who keep a site busy while a backup is taken."""

import contextlib
import shutil
import threading
import time

from harness.client import BASE, Tokens
from harness.site import PASSWORD


# Sign-ups need mail.
BUSY = {"mail.mode": "file"}


def take(site, folder):
    """A backup of `site` in `folder`."""
    site.run("backup", "--to", str(folder))
    return folder


def empty_place(make_site, site):
    """A site of the same settings and the same master key as `site`, whose database is not there yet."""
    place = make_site(site.engine, settings={k: v for k, v in site.settings.items() if k != "store"})
    if place.cluster:
        place.database = place.cluster.new_database()
        place.settings["store"] = place.cluster.url(place.database)
        place.write_configuration()
    place.data.mkdir(mode=0o700, exist_ok=True)
    shutil.copy2(site.data / "master.key", place.data / "master.key")
    return place


class Busy:
    """Refreshes, revocations, logins and sign-ups of several customers at once, each noted once it was acknowledged."""

    def __init__(self, site, accounts):
        self.server = site.servers[0]
        self.stopping = threading.Event()
        self.failures = []
        self.counts = dict.fromkeys(("login", "refresh", "revoke", "sign_up"), 0)
        self.signed_up = []
        jobs = [lambda account=account: self._customer(account) for account in accounts] + [self._strangers]
        self.threads = [threading.Thread(target=self._guard, args=(job,)) for job in jobs]

    def _guard(self, job):
        try:
            job()
        except BaseException as error:  # pytest does not see what a thread raises
            self.failures.append(repr(error))

    def _patiently(self, name, ask):
        """Asks again after 503, as a client should: a machine that is busy with more than this refuses now and then."""
        while (answer := ask()).status == 503:
            time.sleep(0.05)
        assert answer.status in (200, 202), (name, answer.status, answer.body)
        self.counts[name] += 1
        return answer

    def _customer(self, account):
        client = self.server.client(timeout=60)
        while not self.stopping.is_set():
            tokens = Tokens.of(self._patiently("login", lambda: client.login(account.email, account.password)))
            for _ in range(5):
                tokens = Tokens.of(self._patiently("refresh", lambda held=tokens: client.refresh(held.refresh)))
                self._patiently("revoke", lambda held=tokens: client.revoke_access(held.access))

    def _strangers(self):
        client = self.server.client(timeout=60)
        while not self.stopping.is_set():
            body = {"email": f"stranger{len(self.signed_up)}@example.com", "password": PASSWORD}
            self._patiently("sign_up", lambda body=body: client.call("POST", f"{BASE}/signup", body=body))
            self.signed_up.append(body["email"])

    @contextlib.contextmanager
    def at_work(self):
        for thread in self.threads:
            thread.start()
        try:
            yield self
        finally:
            self.stopping.set()
            for thread in self.threads:
                thread.join(70)
        assert self.failures == [], self.failures


def refresh_or_none(client, refresh):
    """The tokens of a refresh; None where it is refused. Anything but 200 and 401 fails the test."""
    answer = client.refresh(refresh)
    assert answer.status in (200, 401), (answer.status, answer.body)
    return Tokens.of(answer) if answer.status == 200 else None
