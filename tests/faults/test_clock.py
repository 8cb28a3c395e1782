"""The clock jumps an hour, either way, while the server runs (libfaketime); the monotonic clock goes on as it is."""

import email.utils
import glob
import time

import pytest

from faults.scene import SHIM
from harness.waiting import until

HOUR = 3600


class Clock:
    """What time the server believes it is: the real one plus an offset in seconds."""

    def __init__(self, file):
        self.file = file
        libraries = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
        assert libraries, "libfaketime is not installed (Debian package libfaketime)"
        self.environ = {
            "LD_PRELOAD": f"{SHIM} {libraries[0]}",
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        self.offset = 0
        self._write()

    def move(self, client, seconds):
        """Jumps by `seconds`, and waits until the server tells so."""
        self.offset += seconds
        self._write()
        until(lambda: abs(self._told(client) - self.offset) < 60, seconds=10, what="the server's clock has moved")

    def _write(self):
        self.file.write_text(f"{self.offset:+d}\n")

    @staticmethod
    def _told(client):
        date = client.call("GET", "/healthz").header("Date")
        return email.utils.parsedate_to_datetime(date).timestamp() - time.time()


@pytest.mark.parametrize("jumps", [(HOUR, -HOUR), (-HOUR, HOUR)], ids=["forward", "back"])
def test_clock_jumps(make_scene, engine, tmp_path, jumps):
    """What was revoked at first stays so, there and back again, also while its tokens are expired or not yet valid."""
    clock = Clock(tmp_path / "clock")
    before = make_scene(engine, fault=None, environ=clock.environ)
    client = before.client()
    with before.at_work():
        time.sleep(1)
    before.settle()
    for jump, name in zip(jumps, ("clock {:+d} h", "clock {:+d} h, back to the first"), strict=True):
        clock.move(client, jump)
        after = make_scene.join(before.site, name.format(jump // HOUR))
        after.works_again()
        nothing_came_back(before, client)
        with after.at_work():
            time.sleep(1)
        after.finish()
        time.sleep(1.5)  # the upkeep of the lists has seen the new time
        nothing_came_back(before, client)
    before.server.restart()
    nothing_came_back(before, client)
    before.audit.check_trail(before.site)
    before.ledger.assert_kept()


def nothing_came_back(scene, client):
    scene.audit.check(scene.site, client, again=True)
    scene.ledger.assert_kept()
