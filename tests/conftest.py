"""Fixtures: a shared site with one running node for each engine, and a maker of private ones."""

import contextlib

import pytest

from harness.postgres import PostgresCluster
from harness.site import Site

ENGINES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def cluster():
    """The PostgreSQL that all sites share, each with a database of its own."""
    made = PostgresCluster()
    yield made
    made.close()


@pytest.fixture(scope="session", params=ENGINES)
def engine(request):
    return request.param


def _cluster_for(engine, request):
    return request.getfixturevalue("cluster") if engine == "postgresql" else None


@pytest.fixture(scope="session")
def site(engine, request):
    """One site with one node under the default settings. Tests share it: they make their own accounts."""
    with Site(engine, _cluster_for(engine, request)) as made:
        made.serve()
        yield made


@pytest.fixture(scope="session")
def server(site):
    return site.servers[0]


@pytest.fixture(scope="session")
def client(server):
    return server.client()


@pytest.fixture(scope="session")
def account(site):
    """A standard account that is activated."""
    return site.new_account()


@pytest.fixture
def tokens(client, account):
    """A fresh session of the shared account."""
    return client.sign_in(account)


@pytest.fixture
def make_site(request):
    """Makes sites of a test's own: make_site(engine, settings={…})."""
    with contextlib.ExitStack() as made:

        def make(engine, **options):
            return made.enter_context(
                Site(engine, options.pop("cluster", None) or _cluster_for(engine, request), **options)
            )

        yield make


@pytest.fixture(scope="module")
def sqlite_site():
    """For what does not depend on the engine: a SQLite site of the module's own with one node."""
    with Site("sqlite") as made:
        made.serve()
        yield made


@pytest.fixture(scope="module")
def hostile(sqlite_site):
    """A node to throw things at, a client of it, and an account: (server, client, account)."""
    server = sqlite_site.servers[0]
    return server, server.client(), sqlite_site.new_account()


@pytest.fixture
def next_request_is_served(hostile):
    """Whatever the test sent, the process lives and answers."""
    server, client, _ = hostile
    yield
    assert server.process.poll() is None
    assert client.call("GET", "/healthz").status == 200
