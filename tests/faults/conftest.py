"""Fixtures of the faults, and the table that a run ends with."""

import pytest

from faults.scene import OLD_STORE, SETTINGS, SHIM, Scene
from harness.site import ROOT
from harness.smtp import SmtpServer

TABLE = ROOT / "build/faults.txt"
COLUMNS = "{:<34} {:<10} {:>12} {:>11} {:>10} {:>5} {:>12}"
LINES_SHOWN = 40  # of a server's log, after a failure
_rows = []


def pytest_collection_modifyitems(items):
    """A hundred kills take a minute, and several on a machine that is busy with something else."""
    for item in items:
        item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session", autouse=True)
def programs():
    for program in (SHIM, OLD_STORE):
        assert program.exists(), f"{program} is missing; ./dev test faults builds it"


@pytest.fixture(scope="session")
def mail():
    with SmtpServer() as made:
        yield made


@pytest.fixture
def make_scene(make_site, mail, request):
    """Makes scenes: make_scene(engine, fault="kill -9", settings={…}). Each adds its line to the table when the
    test ends, unless it has no name."""
    made = []

    def make(engine, *, fault, settings=None, **options):
        site = make_site(engine, settings=mail.settings() | SETTINGS | (settings or {}), **options)
        site.serve()
        return join(site, fault)

    def join(site, fault, node=0):
        """One more scene on the same site, at one of its nodes."""
        scene = Scene(site, mail, node)
        made.append((fault, scene))
        return scene

    make.join = join
    yield make
    failed = getattr(request.node, "failed", False)
    for fault, scene in made:
        if failed:
            told = [line for line in scene.server.log().splitlines() if '"level":"error"' in line]
            print("\n".join([f"The last errors in {scene.server.log_path.name}:", *told[-LINES_SHOWN:]]))
        if fault is None:
            continue
        add_row(fault, scene.site.engine, scene.ledger, scene.recovery, failed)


@pytest.fixture
def report():
    """Adds a line to the table: report(fault, engine, ledger, seconds)."""
    return add_row


def add_row(fault, engine, ledger, recovery, failed=False):
    lost = str(len(ledger.lost)) if ledger.lost or not failed else "?"
    took = f"{recovery * 1000:.0f} ms"
    _rows.append(COLUMNS.format(fault, engine, ledger.total, ledger.refused, ledger.unanswered, lost, took))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call":
        item.failed = outcome.get_result().failed


def pytest_terminal_summary(terminalreporter):
    if not _rows:
        return
    head = COLUMNS.format("fault", "engine", "acknowledged", "503 or 429", "unanswered", "lost", "recovery")
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text("\n".join([head, *_rows]) + "\n", encoding="utf-8")
    terminalreporter.section(f"faults ({TABLE.relative_to(ROOT)})")
    for line in (head, *_rows):
        terminalreporter.write_line(line)
