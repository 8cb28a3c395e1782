"""SIGTERM under load: what was acknowledged is there, and what was not yet is answered or closed."""

import random
import time

STOPS = 8


def test_sigterm_under_load(make_scene, engine):
    scene = make_scene(engine, fault=f"SIGTERM, {STOPS} times")
    moment = random.Random(2)
    for _ in range(STOPS):
        with scene.at_work():
            time.sleep(moment.uniform(0.2, 0.8))
            scene.server.process.terminate()
            assert scene.server.process.wait(25) == 0
        scene.server.launch()
        scene.works_again()
        scene.settle()
    scene.finish()
