"""Revocations by the hundred thousand, written straight into a SQLite database whose server is stopped."""

import contextlib
import itertools
import os
import random
import sqlite3
import time

_numbers = itertools.count(1)


def live_lists(site):
    """The ids of the lists whose tokens are still alive."""
    with contextlib.closing(sqlite3.connect(site.database_file)) as database:
        rows = database.execute("SELECT id FROM token_lists WHERE expires_at > ?", [int(time.time() * 1000)])
        return [row[0] for row in rows]


def revoke_slots(site, list_id, slots):
    """Gives each of `slots` of the list out and revokes it."""
    now = int(time.time() * 1000)
    session = os.urandom(16)
    rows = (
        (list_id, slot, session, 1, number.to_bytes(16, "big"), now, now + 900_000, now, "logout", 1)
        for number, slot in zip(_numbers, slots, strict=False)
    )
    with contextlib.closing(sqlite3.connect(site.database_file)) as database, database:
        database.executemany(
            "INSERT OR REPLACE INTO token_slots (list_id, idx, session_id, counter, jti, issued_at, expires_at, "
            "revoked_at, revoke_reason, revoke_change) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )


def random_slots(count, among, seed=1):
    return sorted(random.Random(seed).sample(range(among), count))
