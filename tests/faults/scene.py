"""One site under load, its ledger, and the line that it adds to the table of faults."""

import contextlib
import os
import pathlib

from faults.load import Administrator, Forgetter, Holder, Load, seconds_until
from faults.oracle import Audit, Ledger
from harness.site import BINARY
from harness.waiting import until

# What breaks things; they are built beside the program under test (cmake/faults.cmake).
SHIM = pathlib.Path(BINARY).parent / "fault_shim.so"
OLD_STORE = pathlib.Path(BINARY).parent / "old_store"
# A retry gets the same child however long a fault lasts, so that one that is in doubt can be settled after it.
SETTINGS = {"sessions.refresh_grace": "15m"}
HOLDERS = 3
FORGOTTEN = 3  # accounts whose passwords are reset
LONG = os.environ.get("FAULTS_LONG") == "1"


class Scene:
    """`site` has servers that run and send their mail to `mail`; what works here works at one of them."""

    def __init__(self, site, mail, node=0):
        self.site, self.mail = site, mail
        self.server = site.servers[node]
        self.ledger = Ledger()
        self.audit = Audit(self.ledger)
        holders = [Holder(self, site.new_account()) for _ in range(HOLDERS)]
        self.prober = Holder(self, site.new_account())
        forgetter = Forgetter(self, [site.new_account() for _ in range(FORGOTTEN)])
        self.load = Load([*holders, Administrator(self, site.new_account()), forgetter])
        self.recovery = 0.0  # seconds; the longest, of several

    def client(self, **options):
        return self.server.client(**options)

    @contextlib.contextmanager
    def at_work(self):
        with self.load.at_work():
            yield self

    def works_again(self, seconds=30):
        """Waits until a write is acknowledged, and notes how long that took. Call it when the fault is over."""
        def one_write():
            assert self.server.process.poll() is None, self.server.log()[-2000:]
            return self.prober.step()

        self.recovery = max(self.recovery, seconds_until(one_write, seconds=seconds, what="a write is acknowledged"))

    def settle(self, *, again=False):
        """With the load at rest and the server back: everything acknowledged is as it was told."""
        until(self.server.is_ready, seconds=20, what="the server is ready")
        client = self.client()
        self.audit.check(self.site, client, again=again)
        for actor in (*self.load.actors, self.prober):
            actor.check(client)
        self.ledger.assert_kept()

    def finish(self):
        """The last look, at everything, with the commands that an operator would use."""
        self.settle(again=True)
        self.audit.check_trail(self.site)
        self.ledger.assert_kept()
