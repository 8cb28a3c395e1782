"""The systemd unit that is shipped: as closed as it says, and open enough for everything that the server does."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys

import pytest

from harness.site import BINARY, ROOT
from harness.unit import UNIT, confinement

MOST_EXPOSURE = 1.5
CONFINED = ROOT / "tests/harness/confined"

# Between them: both engines, mail over TLS, webhooks, streams, HTTPS and its reload, keys, backup, the command line.
TESTS_OF_EVERYTHING = [
    "test_whole_life.py",
    "test_webhooks.py::test_event_is_signed_and_arrives_once",
    "test_mail.py::test_mail_goes_over_tls_with_the_operators_authority",
    "test_operations.py::test_sighup_takes_the_new_certificate_and_keeps_connections",
    "test_operations.py::test_sigterm_finishes_the_logins_it_has_accepted",
    "test_durability.py::test_revocation_outlives_the_node_that_acknowledged_it",
    "test_keys.py::test_rotation_by_hand_waits_until_everyone_knows_the_key",
]


@pytest.fixture
def confined(tmp_path):
    """The environment in which harness/confined runs a program under the unit's rules."""
    rules = tmp_path / "rules.json"
    rules.write_text(json.dumps(confinement()), encoding="utf-8")
    return lambda program: os.environ | {"CONFINED_PROGRAM": str(program), "CONFINED_RULES": str(rules)}


def analyze(*arguments):
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments], capture_output=True, text=True, timeout=30, check=False
    )


def test_exposure_is_low(capsys):
    told = analyze("security", "--offline=true", str(UNIT)).stdout
    exposure = float(re.search(r"Overall exposure level for postern.service: ([0-9.]+)", told).group(1))
    with capsys.disabled():
        print(f"\n    exposure of the unit: {exposure}, at most {MOST_EXPOSURE}")
    assert exposure <= MOST_EXPOSURE, told


def test_systemd_understands_every_line(tmp_path):
    unit = tmp_path / UNIT.name
    unit.write_text(
        re.sub(r"(?m)^ExecStart=\S+", f"ExecStart={shutil.which('true')}", UNIT.read_text(encoding="utf-8")),
        encoding="utf-8",
    )
    done = analyze("verify", str(unit))
    assert done.returncode == 0 and UNIT.name not in done.stderr, done.stderr


@pytest.mark.parametrize(
    "forbidden",
    [
        "import os; os.chroot('/')",
        "import ctypes; ctypes.CDLL(None).ptrace(0, 0, 0, 0)",
        "import ctypes; ctypes.CDLL(None).mount(b'x', b'/mnt', b'tmpfs', 0, None)",
        "import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
    ],
)
def test_what_the_server_never_does_is_refused(confined, forbidden):
    def status_of(program):
        return subprocess.run(
            [CONFINED, "-c", program], env=confined(sys.executable), capture_output=True, timeout=30, check=False
        ).returncode

    assert status_of("import ctypes, os, socket; socket.socket()") == 0
    assert status_of(forbidden) == -signal.SIGSYS


@pytest.mark.timeout(600)
def test_everything_works_under_the_unit(confined):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--durations=0", *TESTS_OF_EVERYTHING],
        cwd=ROOT / "tests",
        env=confined(BINARY) | {"POSTERN_BINARY": str(CONFINED)},
        capture_output=True,
        text=True,
        timeout=580,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:]
