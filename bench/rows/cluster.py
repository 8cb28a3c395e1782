"""A revocation acknowledged on one node until the other refuses the token, over one PostgreSQL."""

import time

from harness.postgres import PostgresCluster
from measuring import ROUNDS, Row
from parts import postern, settle

TOKENS = 100


def p99(values):
    return sorted(values)[int(0.99 * len(values))]


def refusal_ms(connection, other, token):
    """From the acknowledgement to the first refusal."""
    revoked = connection.request("DELETE", "/auth/v1/revoke_access", headers={"Authorization": f"Bearer {token}"})
    assert revoked.status == 200, revoked.status
    acknowledged = time.monotonic()
    while True:
        answer = other.request("GET", "/auth/v1/me", headers={"Authorization": f"Bearer {token}"})
        if answer.status == 401:
            return (time.monotonic() - acknowledged) * 1000
        assert answer.status == 200 and time.monotonic() < acknowledged + 5, answer.status


def refused_elsewhere():
    cluster = PostgresCluster()
    try:
        with postern(engine="postgresql", cluster=cluster) as site:
            second = site.serve()
            client = site.node.client()
            account = site.new_account()
            for _ in range(ROUNDS):
                tokens = client.sign_in(account)
                chain = [tokens.access]
                while len(chain) < TOKENS:
                    tokens = client.refreshed(tokens.refresh)
                    chain.append(tokens.access)
                settle()
                with client.connect() as connection, second.client().connect() as other:
                    times = [refusal_ms(connection, other, token) for token in chain]
                yield {"value": p99(times), "p50_ms": sorted(times)[len(times) // 2], "max_ms": max(times)}
    finally:
        cluster.close()


ROWS = [Row("cluster_revoke_p99_ms", 50, False, refused_elsewhere)]
