"""The oracle itself: a database that has lost something must not pass."""

import time

import pytest


def test_an_older_database_is_found_out(make_scene, tmp_path):
    scene = make_scene("sqlite", fault=None)
    with scene.at_work():
        time.sleep(1)
    scene.settle()
    scene.server.stop()
    scene.site.copy_database(tmp_path / "copy")
    scene.server.start()
    with scene.at_work():
        time.sleep(2)
    scene.server.stop()
    scene.site.put_back_database(tmp_path / "copy")
    scene.server.start()
    with pytest.raises(AssertionError):
        scene.settle()
    found = " ".join(scene.ledger.lost)
    assert "no account made" in found, found
    assert "a live session answers" in found or "nobody revoked is refused" in found, found
