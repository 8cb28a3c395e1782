#!/usr/bin/env python3
"""A million accounts, imported beside a running server: how long, in how much memory, and how the server answers meanwhile.

    build/venv/bin/python tests/import_million.py [sqlite|postgresql] [COUNT]

Not one of the tests that run each time: it takes minutes. Needs build/release/postern, or what POSTERN_BINARY names.
"""

import os
import pathlib
import random
import subprocess
import sys
import threading
import time

from harness.postgres import PostgresCluster
from harness.site import BINARY, Site

HASHES = [
    "scrypt:32768:8:1$7fO5Svi3CTdo9it5$065e26aa11e05575995211aa8f8834ce08a624e44445d7e0421e72f18ba7d394b1d4fb3e47afe9105b2bfe5cf8c6d1f69c3392938c73cd14b0fbf7fea2d19ed4",
    "pbkdf2:sha256:600000$S4Yz2IvxDPUCo9Mh$3a4d815692a3f0bc1a95aa17043e330a10c41904c9673d29ad51f77049bd0be4",
    "$2b$10$Ianpq.g8e46CpCD.uB5uYuUOUsJlib9pX9Ni0DiJH2Pb2egBkc12m",
]


def write_users(path, count):
    order = list(range(count))
    random.Random(1).shuffle(order)  # as addresses are: in no order
    with open(path, "w", encoding="utf-8") as file:
        file.write("id,email,username,password_hash,is_active,created_at\n")
        for place, number in enumerate(order):
            stored = HASHES[number % len(HASHES)]
            file.write(
                f"{place},user{number}@domain{number % 977}.example,user{number},{stored},True,2023-04-05 06:07:08\n"
            )


def probe(call, times, stop):
    while not stop.is_set():
        started = time.monotonic()
        status = call().status
        times.append(time.monotonic() - started)
        assert status == 200, status
        stop.wait(0.05)


def describe(times):
    times = sorted(times)
    at = [
        times[min(len(times) - 1, int(len(times) * part))] * 1000
        for part in (0.5, 0.99)
    ]
    return f"{len(times)} answers, median {at[0]:.0f} ms, p99 {at[1]:.0f} ms, slowest {times[-1] * 1000:.0f} ms"


def watch(site, seconds=None, process=None):
    client, account = site.servers[0].client(), site.account
    stop, logins, health = threading.Event(), [], []
    threads = [
        threading.Thread(
            target=probe,
            args=(lambda: client.login(account.email, account.password), logins, stop),
        ),
        threading.Thread(
            target=probe, args=(lambda: client.call("GET", "/healthz"), health, stop)
        ),
    ]
    for thread in threads:
        thread.start()
    usage = None
    if process:
        _, status, usage = os.wait4(process.pid, 0)
        assert status == 0, process.stdout.read()
    else:
        time.sleep(seconds)
    stop.set()
    for thread in threads:
        thread.join()
    print(f"  logins:  {describe(logins)}\n  healthz: {describe(health)}")
    return usage


def main(engine="sqlite", count="1000000"):
    cluster = PostgresCluster() if engine == "postgresql" else None
    try:
        with Site(engine, cluster) as site:
            site.serve()
            site.account = site.new_account()
            file = pathlib.Path(site.folder) / "users.csv"
            write_users(file, int(count))
            print(
                f"{engine}, {count} accounts, {file.stat().st_size / 1e6:.0f} MB\nbefore:"
            )
            watch(site, seconds=5)
            started = time.monotonic()
            process = subprocess.Popen(
                [BINARY, "account", "import", str(file), *site.arguments],
                env=site.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
            print("during:")
            usage = watch(site, process=process)
            print(f"import: {time.monotonic() - started:.1f} s, at most {usage.ru_maxrss / 1024:.0f} MiB, "
                  f"{usage.ru_utime + usage.ru_stime:.1f} s of processor time")  # fmt: skip
            print(process.stdout.read().decode().splitlines()[-2:])
    finally:
        if cluster:
            cluster.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
