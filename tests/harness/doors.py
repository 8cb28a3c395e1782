"""Every door that a token can be shown at: nginx, Caddy and the example API of each verifier library."""

import contextlib

from harness.client import bearer
from harness.example_apis import cpp_command, example_apis, node_command, python_command
from harness.libraries import cpp_example, node_library, python_library
from harness.proxies import API_HOST, PROXIES, Api
from harness.site import AUDIENCE, Site
from harness.wire import ConnectionEnded


class Door:
    """Whatever lets a token in or keeps it out, on a connection that stays open for as long as the door likes. For one
    thread: another takes a door of its own, another()."""

    def __init__(self, name, connect, ask):
        self.name = name
        self._connect = connect
        self._ask = ask
        self._connection = connect()

    def another(self):
        return Door(self.name, self._connect, self._ask)

    def answer(self, token):
        try:
            return self._ask(self._connection, token)
        except ConnectionEnded:  # it was idle for too long
            self._connection.close()
            self._connection = self._connect()
            return self._ask(self._connection, token)

    def status(self, token):
        return self.answer(token).status

    def close(self):
        self._connection.close()


def ask_through_proxy(connection, token):
    return connection.request("GET", "/orders", headers={"Host": API_HOST} | bearer(token))


@contextlib.contextmanager
def site_with_doors(cluster, tmp_path_factory, settings=None):
    """(site, doors): two nodes on one PostgreSQL, and every door in front of the first."""
    node_library()
    commands = {
        "cpp": cpp_command(cpp_example()),
        "python": python_command(python_library()),
        "node": node_command,
    }
    with contextlib.ExitStack() as running:
        site = running.enter_context(Site("postgresql", cluster, settings))
        first = site.serve_at_public_url()
        site.serve()
        client = site.run_json("client", "create", "orders-api", "--audience", AUDIENCE)
        doors = []
        backend = Api()
        running.callback(backend.close)
        for name in ("nginx", "caddy"):
            proxy = PROXIES[name](tmp_path_factory.mktemp(name), first.port, backend.port)
            running.enter_context(proxy.running())
            doors.append(Door(name, proxy.connect, ask_through_proxy))
        folder = tmp_path_factory.mktemp("examples")
        made = example_apis(commands, site.settings["public_url"], client["id"], client["client_secret"], folder)
        for api in running.enter_context(made):
            doors.append(Door(api.name, api.connect, api.ask))
        for door in doors:
            running.callback(door.close)
        yield site, doors
