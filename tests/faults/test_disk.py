"""A disk that is full, and one whose fsync fails."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import pytest

from faults.scene import SHIM
from harness.postgres import PostgresCluster
from harness.waiting import until

SQLITE_DISK_MIB = 16
POSTGRES_DISK_MIB = 160
FULL_SECONDS = 4
FSYNC_FAILED_STATUS = 70
UNAVAILABLE_STATUS = 3


@contextlib.contextmanager
def small_disk(mib):
    """The folder of a file system of its own."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a tmpfs; run it as root")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="postern-disk-"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=0755", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
        folder.rmdir()


def fill(file):
    """Writes until nothing more fits."""
    with open(file, "wb", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            filler.write(b"\0" * 4096)


def work_while_full(scene, filler, after):
    """Fills the disk under load, and empties it; `after` is done then."""
    with scene.at_work():
        time.sleep(1)
        fill(filler)
        until(lambda: scene.ledger.refused > 20, seconds=60, what="writes are refused")
        told = scene.ledger.total
        time.sleep(FULL_SECONDS)
        assert scene.server.process.poll() is None
        assert scene.client().call("GET", "/healthz").status == 200
        filler.unlink()
        after()
        scene.works_again()
        until(lambda: scene.ledger.total > told + 100, seconds=20, what="the load goes on")
    scene.finish()


def test_disk_full(make_scene):
    with small_disk(SQLITE_DISK_MIB) as disk:
        scene = make_scene("sqlite", fault="disk full", settings={"store": f"sqlite:{disk}/postern.db"})
        work_while_full(scene, disk / "filler", lambda: None)
        assert "is full" in scene.server.log()
        restart_while_full(scene, disk / "filler")
        scene.server.stop()


def start_again(cluster):
    """A PostgreSQL that has given up is started by whoever runs it."""
    if cluster.process.poll() is not None:
        cluster.start()


def test_disk_of_postgresql_full(make_scene):
    with small_disk(POSTGRES_DISK_MIB) as disk:
        cluster = PostgresCluster(parent=disk)
        try:
            scene = make_scene("postgresql", fault="disk full", cluster=cluster)
            work_while_full(scene, disk / "filler", lambda: start_again(cluster))
            scene.server.stop()
        finally:
            cluster.close()


def restart_while_full(scene, filler):
    """With nothing to work with, neither a start nor a command gets anywhere; both say why, and nothing is lost."""
    scene.server.stop()
    fill(filler)
    scene.server.launch()
    assert scene.server.process.wait(20) == UNAVAILABLE_STATUS
    assert "is full" in scene.server.log().splitlines()[-1]
    done = scene.site.command("account", "list")
    assert done.returncode == UNAVAILABLE_STATUS and "is full" in done.stderr
    filler.unlink()
    scene.server.launch()
    scene.works_again()
    scene.finish()


@pytest.mark.parametrize("file", ["postern.db-wal", "postern.db"])
def test_fsync_fails(make_scene, tmp_path, file):
    """A commit waits for the log's; the database's own comes with a checkpoint."""
    control = tmp_path / "fsync-fails"
    environ = {"LD_PRELOAD": str(SHIM), "FAULT_SHIM_FILE": str(control)}
    scene = make_scene("sqlite", fault=f"fsync of {file} fails", environ=environ)
    with scene.at_work():
        time.sleep(1)
        control.write_text(f"*/{file}")
        status = scene.server.process.wait(60)
    assert status == FSYNC_FAILED_STATUS, scene.server.log()[-1000:]
    assert scene.server.log_records()[-1]["event"] == "store_fsync_failed"
    control.unlink()
    scene.server.launch()
    scene.works_again()
    scene.finish()


def test_fsync_of_postgresql_fails(make_scene):
    """PostgreSQL crashes itself then (PANIC), tries to start again, and may give up."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="postern-fsync-"))
    folder.chmod(0o755)  # it runs as another user
    control = folder / "fsync-fails"
    cluster = PostgresCluster(environ={"LD_PRELOAD": str(SHIM), "FAULT_SHIM_FILE": str(control)})
    try:
        scene = make_scene("postgresql", fault="fsync of the log fails", cluster=cluster)
        with scene.at_work():
            time.sleep(1)
            control.write_text("*/pg_wal/*")
            until(lambda: scene.ledger.refused > 20, seconds=30, what="writes are refused")
            time.sleep(FULL_SECONDS)
            control.unlink()
            start_again(cluster)
            scene.works_again()
        scene.finish()
        scene.server.stop()
    finally:
        cluster.close()
        shutil.rmtree(folder)
