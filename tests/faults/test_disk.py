"""A disk that is full, and one whose fsync fails."""

import contextlib
import os
import subprocess
import time

import pytest

from faults.scene import SHIM
from harness.waiting import until

DISK_MIB = 16
FULL_SECONDS = 4
FSYNC_FAILED_STATUS = 70


@contextlib.contextmanager
def small_disk(folder):
    """A file system of its own at `folder`."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a tmpfs; run it as root")
    folder.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m,mode=0700", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def fill(file):
    """Writes until nothing more fits."""
    with open(file, "wb", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            filler.write(b"\0" * 4096)


def test_disk_full(make_scene, tmp_path):
    with small_disk(tmp_path / "disk"):
        store = f"sqlite:{tmp_path}/disk/postern.db"
        scene = make_scene("sqlite", fault="disk full", settings={"store": store})
        filler = tmp_path / "disk/filler"
        with scene.at_work():
            time.sleep(1)
            fill(filler)
            until(lambda: scene.ledger.refused > 20, seconds=10, what="writes are refused")
            told = scene.ledger.total
            time.sleep(FULL_SECONDS)
            assert scene.server.process.poll() is None
            assert scene.client().call("GET", "/healthz").status == 200
            assert "disk" in scene.server.log().lower()
            filler.unlink()
            scene.works_again()
            until(lambda: scene.ledger.total > told + 100, seconds=20, what="the load goes on")
        scene.finish()
        restart_while_full(scene, filler)
        scene.server.stop()


def restart_while_full(scene, filler):
    """Whatever a start on a full disk does, it says so, and loses nothing."""
    fill(filler)
    scene.server.stop()
    scene.server.launch()
    time.sleep(2)
    if scene.server.process.poll() is not None:
        assert scene.server.process.returncode == 3
        assert "full" in scene.server.log().splitlines()[-1]
    filler.unlink()
    if scene.server.process.poll() is not None:
        scene.server.start()
    scene.finish()


@pytest.mark.parametrize("file", ["postern.db-wal", "postern.db"])
def test_fsync_fails(make_scene, tmp_path, file):
    """A commit waits for the log's; the database's own comes with a checkpoint."""
    control = tmp_path / "fsync-fails"
    environ = {"LD_PRELOAD": str(SHIM), "FAULT_SHIM_FILE": str(control)}
    scene = make_scene("sqlite", fault=f"fsync of {file} fails", environ=environ)
    with scene.at_work():
        time.sleep(1)
        control.write_text(file)
        status = scene.server.process.wait(60)
    assert status == FSYNC_FAILED_STATUS, scene.server.log()[-1000:]
    assert scene.server.log_records()[-1]["event"] == "store_fsync_failed"
    control.unlink()
    scene.server.launch()
    scene.works_again()
    scene.finish()
