"""The example APIs of the verifier libraries, running, each with a revocation feed of its own."""

import contextlib
import os
import subprocess

from harness.client import bearer
from harness.libraries import NODE_FOLDER, PYTHON_FOLDER
from harness.process import free_port, stop
from harness.site import AUDIENCE
from harness.waiting import until
from harness.wire import Connection, ConnectionEnded


class ExampleApi:
    """`command` is a function of the port and of the environment that tells the example what to trust."""

    def __init__(self, name, command, environment, log_path):
        self.name = name
        self.port = free_port()
        self._log_path = log_path
        with log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [str(word) for word in command(self.port, environment)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | environment | {"PORT": str(self.port)},
            )

    def log(self):
        return self._log_path.read_text(encoding="utf-8", errors="replace")

    def is_ready(self):
        assert self._process.poll() is None, self.log()[-4000:]
        try:
            with self.connect() as connection:
                if self.name == "cpp":  # listens at once, and for what it does not know yet a token waits
                    return connection.request("GET", "/orders").status == 401
                answer = connection.request("GET", "/readyz")
                return answer.status == 200 and answer.json()["feed_is_live"]
        except (OSError, ConnectionEnded):
            return False

    def connect(self):
        return Connection(self.port)

    def ask(self, connection, token):
        return connection.request("GET", "/orders", headers=bearer(token))

    def close(self):
        stop(self._process)


def python_command(python):
    return lambda port, _: [
        python, "-m", "uvicorn", "--app-dir", PYTHON_FOLDER / "example", "app:app",
        "--host", "127.0.0.1", "--port", port, "--log-level", "warning",
    ]


def node_command(_port, _environment):
    return ["node", NODE_FOLDER / "example/app.mjs"]


def cpp_command(program):
    return lambda port, environment: [
        program, "--listen", f"127.0.0.1:{port}",
        "--issuer", environment["POSTERN_ISSUER"], "--audience", environment["POSTERN_AUDIENCE"],
        "--client-id", environment["POSTERN_CLIENT_ID"], "--client-secret", environment["POSTERN_CLIENT_SECRET"],
    ]


@contextlib.contextmanager
def example_apis(commands, issuer, client_id, client_secret, folder):
    """Starts one for each of `commands` (name -> see ExampleApi), all following the node at `issuer`."""
    environment = {
        "POSTERN_ISSUER": issuer,
        "POSTERN_AUDIENCE": AUDIENCE,
        "POSTERN_CLIENT_ID": client_id,
        "POSTERN_CLIENT_SECRET": client_secret,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    with contextlib.ExitStack() as running:
        apis = []
        for name, command in commands.items():
            api = ExampleApi(name, command, environment, folder / f"{name}.log")
            running.callback(api.close)
            apis.append(api)
        for api in apis:
            until(api.is_ready, seconds=30, what=f"the example API {api.name} has keys and a live feed", pause=0.05)
        yield apis
