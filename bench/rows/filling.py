"""Databases as they are after years: rows written straight into the file that a server made and left."""

import os
import sqlite3
import time
import uuid

LIST_SLOTS = 1 << 20


def id_at(milliseconds, number):
    """A UUIDv7, as the server makes them."""
    return (milliseconds.to_bytes(6, "big") + ((7 << 12) | (number & 0xFFF)).to_bytes(2, "big")
            + ((2 << 62) | (number << 12)).to_bytes(8, "big"))


def fill(site, accounts=0, revocations=0):
    """With every node stopped. Accounts are active and have the hash of the site's first account."""
    now = int(time.time() * 1000)
    database = sqlite3.connect(site.database_file)
    database.execute("PRAGMA synchronous = OFF")
    with database:
        add_accounts(database, now, accounts)
        add_revocations(database, now, revocations)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def add_accounts(database, now, count):
    columns = [row[1] for row in database.execute("PRAGMA table_info(accounts)")]
    model = dict(zip(columns, database.execute("SELECT * FROM accounts LIMIT 1").fetchone(), strict=True))

    def rows():
        for number in range(count):
            email = f"filler{number}@example.net"
            row = model | {"id": id_at(now - 10**9 + number, number), "email_key": email, "email": email}
            yield [row[column] for column in columns]

    places = ", ".join("?" * len(columns))
    database.executemany(f"INSERT INTO accounts ({', '.join(columns)}) VALUES ({places})", rows())


def add_revocations(database, now, count):
    """Live tokens, each revoked, in as many lists as they need."""
    for first in range(0, count, LIST_SLOTS):
        list_id = uuid.uuid4().bytes
        database.execute("INSERT INTO token_lists (id, kid, opened_at, expires_at, slots, change) "
                         "SELECT ?, kid, ?, ?, ?, 0 FROM signing_keys WHERE purpose = 'access' AND state = 'active'",
                         (list_id, now, now + 3_600_000, LIST_SLOTS))
        session = os.urandom(16)
        rows = ((list_id, index, session, index, id_at(now, index), now, now + 3_000_000, now, "token_revoked", 0)
                for index in range(min(LIST_SLOTS, count - first)))
        database.executemany("INSERT INTO token_slots (list_id, idx, session_id, counter, jti, issued_at, expires_at, "
                             "revoked_at, revoke_reason, revoke_change) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
