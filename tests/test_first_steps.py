"""`./dev run` on a clean data directory: the lines that it prints are run by bash as they stand."""

import os
import re
import subprocess

import pytest

from harness.process import free_port, stop
from harness.site import ROOT, environment
from harness.waiting import until


@pytest.fixture
def printed(tmp_path):
    """What `./dev run` prints once the server is ready; the server runs on while the test does."""
    output = tmp_path / "output"
    listen = f"127.0.0.1:{free_port()}"
    with open(output, "wb") as file:
        process = subprocess.Popen(
            [str(ROOT / "dev"), "run", "--listen", listen],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            cwd=tmp_path,
            env=environment() | {"POSTERN_DATA_DIR": str(tmp_path / "data")},
        )
    try:

        def ready():
            assert process.poll() is None, output.read_text()
            return "Ctrl-C stops the server" in output.read_text()

        until(ready, seconds=220, what="./dev run prints the first steps", pause=0.1)
        yield output.read_text()
    finally:
        assert stop(process) in (0, 143)


def test_lines_that_dev_run_prints_work_when_pasted(printed):
    steps = printed[printed.index("Postern is ready") :]
    lines = [line[4:] for line in steps.splitlines() if line.startswith("    ")]
    assert sum("curl" in line for line in lines) >= 5
    done = subprocess.run(
        ["bash", "-e"],
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
        timeout=30,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    statuses = re.findall(r" <- (\d{3})$", done.stdout, re.MULTILINE)
    assert statuses == ["200", "200", "200", "401"], done.stdout
    assert "demo@example.com" in done.stdout
    assert "Access token revoked" in done.stdout
    assert "revoked" in done.stdout.splitlines()[-1]


def test_mail_of_dev_run_is_where_it_says(printed, tmp_path):
    folder = tmp_path / "data" / "mail"
    assert f"written to {folder}," in printed
    url = re.search(r"Postern is ready at (http://\S+)\.", printed)[1]
    body = '{"email": "you@example.com", "password": "a quiet harbour at dusk"}'
    subprocess.run(
        ["curl", "-sSf", f"{url}/auth/v1/signup", "-H", "Content-Type: application/json", "-d", body],
        capture_output=True,
        timeout=30,
        check=True,
    )
    until(lambda: folder.exists() and list(folder.glob("*.eml")), seconds=10, what="the mail is written", pause=0.05)
