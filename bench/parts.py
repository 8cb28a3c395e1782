"""The two sides of a measurement, and what drives them: our server, nginx, the bare limits, wrk, the open loop."""

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from measuring import BUILD, ROOT

sys.path.insert(0, str(ROOT / "tests"))

from harness.process import family, free_port, stop  # noqa: E402
from harness.site import Site  # noqa: E402
from harness.waiting import until  # noqa: E402

LOAD = ROOT / "bench" / "load"
QUIET = {"log.access": False, "tokens.live_per_session": 5000}
SERVER_CORE, CLIENT_CORE = 0, min(1, os.cpu_count() - 1)


class BenchError(Exception):
    """What was measured is not what should have been: no figure comes of it."""


def pin(pid, core):
    """Every thread of a process, and those that it starts later, to one core."""
    for task in os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(task), {core})


def core_times(core):
    """Seconds since the start that a core was busy, and idle."""
    with open("/proc/stat", encoding="ascii") as file:
        words = next(line for line in file if line.startswith(f"cpu{core} ")).split()[1:9]
    ticks = [int(word) for word in words]
    idle = ticks[3] + ticks[4]  # and waiting for a disk
    return sum(ticks) - idle, idle


@contextlib.contextmanager
def shares(**cores):
    """How much of each core's time was used by whatever runs inside: a server whose core was idle at times waited for the
    generator. Yields a dictionary, filled at the end."""
    figures = {}
    before = {name: core_times(core) for name, core in cores.items()}
    yield figures
    for name, core in cores.items():
        busy, idle = (after - earlier for after, earlier in zip(core_times(core), before[name], strict=True))
        figures[name] = busy / (busy + idle)


@contextlib.contextmanager
def postern(settings=None, engine="sqlite", cluster=None, core=None):
    """A deployment with one node, quiet, perhaps on one core."""
    with Site(engine, cluster=cluster, settings=QUIET | (settings or {})) as site:
        node = site.serve()
        if core is not None:
            pin(node.process.pid, core)
        site.node = node
        yield site


@contextlib.contextmanager
def nginx(core=None, headers=()):
    """nginx as Debian ships it, one worker, answering every request with an empty 200 and `headers` (pairs) from memory.
    Yields its port."""
    lines = "".join(f'add_header {name} "{value}"; ' for name, value in headers)
    with tempfile.TemporaryDirectory(prefix="bench-nginx-") as folder:
        port = free_port()
        configuration = pathlib.Path(folder) / "nginx.conf"
        configuration.write_text(
            f"worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error.log crit;\n"
            "events { worker_connections 4096; }\n"
            "http { access_log off; keepalive_requests 1000000000;\n"
            f"server {{ listen 127.0.0.1:{port} backlog=4096; {lines}location / {{ return 200; }} }} }}\n",
            encoding="utf-8",
        )
        process = subprocess.Popen(["nginx", "-p", folder, "-c", str(configuration)], stderr=subprocess.DEVNULL)
        try:
            until(lambda: answers(port), seconds=10, what="nginx answers")
            if core is not None:
                for pid in family(process.pid):
                    pin(pid, core)
            yield port
        finally:
            stop(process)


def answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def request(method, target, headers=None, body=b""):
    """The bytes of one request, as every side gets them."""
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


@contextlib.contextmanager
def requests_file(requests):
    with tempfile.NamedTemporaryFile(prefix="bench-requests-") as file:
        for text in requests:
            file.write(b"%d\n" % len(text) + text)
        file.flush()
        yield file.name


def wrk(port, seconds, *, script, connections=64, threads=1, core=CLIENT_CORE, allowed_others=0, timeout=2, **environment):
    """Closed-loop requests a second. Raises unless every answer was 200 and came within `timeout` seconds."""
    command = ["wrk", "-t", str(threads), "-c", str(connections), "-d", f"{seconds}s", "--timeout", f"{timeout}s",
               "-s", str(LOAD / script), f"http://127.0.0.1:{port}/"]
    if core is not None:
        command = ["taskset", "-c", str(core), *command]
    variables = {"BENCH_THREADS": str(threads), "BENCH_REPORT": str(LOAD / "report.lua")} | environment
    said = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env=os.environ | variables) as process:
        deadline = threading.Timer(seconds + 60, process.kill)
        deadline.start()
        for line in process.stdout:
            said.append(line)
            if line == "SENT\n" and said.count(line) == threads:
                process.send_signal(signal.SIGINT)  # all is done, and wrk would sleep until its time is over
        deadline.cancel()
    line = next((line for line in said if line.startswith("BENCH ")), None)
    if line is None:
        raise BenchError(f"wrk said nothing of use: {''.join(said)}")
    answers, duration_us, others, _, errors = (int(word) for word in line.split()[1:])
    if errors or others > allowed_others:
        raise BenchError(f"of {answers} answers {others} were not 200, and {errors} requests failed")
    return answers / (duration_us / 1e6)


def generate(program, port, seconds, *words, core=None):
    """What one of our own load generators prints."""
    done = subprocess.run(command_of(program, port, seconds, *words, core=core), capture_output=True, text=True,
                          timeout=seconds + 60, check=False)
    if done.returncode != 0:
        raise BenchError(f"the load generator failed: {done.stderr}")
    return done.stdout


def refresh_chains(port, seconds, tokens):
    """Refreshes a second, each of the refresh tokens on a connection of its own, and after it the one that it gave.
    Raises unless every answer held a new token."""
    with tempfile.NamedTemporaryFile("w", prefix="bench-tokens-") as file:
        file.write("".join(f"{token}\n" for token in tokens))
        file.flush()
        said = generate("refresh_chains", port, seconds, file.name)
    answers, duration_us, others = (int(word) for word in said.split())
    if others:
        raise BenchError(f"of {answers} answers {others} held no new token")
    return answers / (duration_us / 1e6)


def open_loop(port, seconds, **streams):
    """streams: name=(rate, connections, file). What bench/load/open_loop.cpp prints."""
    words = [f"{name}:{rate}:{connections}:{file}" for name, (rate, connections, file) in streams.items()]
    return json.loads(generate("open_loop", port, seconds, *words, core=CLIENT_CORE))


def command_of(program, *arguments, core=None, niceness=0):
    """The words that start one of bench's own programs."""
    command = [str(BUILD / program), *(str(argument) for argument in arguments)]
    if core is not None:
        command = ["taskset", "-c", str(core), *command]
    if niceness:
        command = ["nice", "-n", str(niceness), *command]
    return command


def bare(program, *arguments, core=None, niceness=0):
    """The rate that one of bench/limits prints."""
    command = command_of(f"bare_{program}", *arguments, core=core, niceness=niceness)
    return float(subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout)


def token_chains(site, sessions, tokens):
    """`tokens` access tokens that are good now, and a live refresh token for each of `sessions`: a refresh costs a
    thousandth of a login, and leaves the tokens before it good."""
    client = site.node.client()
    account = site.new_account()

    def chain(count):
        pair = client.sign_in(account)
        access = [pair.access]
        with client.connect() as connection:
            while len(access) < count:
                answer = connection.request("POST", "/auth/v1/refresh", headers={"Authorization": f"Bearer {pair.refresh}"})
                pair = type(pair).of(answer)
                access.append(pair.access)
        return access, pair.refresh

    share = -(-tokens // sessions)
    with ThreadPoolExecutor(8) as workers:
        chains = list(workers.map(chain, [share] * sessions))
    return [token for access, _ in chains for token in access][:tokens], [refresh for _, refresh in chains]


def settle(seconds=0.5):
    """Lets what the side before left behind (commits, closing sockets) come to an end."""
    time.sleep(seconds)
