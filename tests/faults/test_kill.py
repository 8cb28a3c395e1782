"""kill -9 under load: whatever was answered is there after the restart, and nothing is half there."""

import random
import time

from faults.load import seconds_until
from harness.waiting import until

KILLS = 100  # on each engine


def test_kill_9_under_load(make_scene, engine):
    scene = make_scene(engine, fault=f"kill -9, {KILLS} times")
    server, moment = scene.server, random.Random(1)
    for number in range(KILLS):
        with scene.at_work():
            time.sleep(moment.uniform(0.05, 0.3))
            if number % 2:  # in the very moment of an answer; else whatever goes on
                told = scene.ledger.total
                until(lambda told=told: scene.ledger.total > told, seconds=10, what="another answer", pause=0)
            server.kill()
        server.launch()
        scene.recovery = max(
            scene.recovery, seconds_until(server.is_ready, seconds=20, what="the server is ready again")
        )
        scene.settle(again=number % 20 == 19)
    assert scene.ledger.total > KILLS
    scene.finish()
