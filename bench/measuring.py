"""What a row of the bench is, and how the rows become a table and a file."""

import dataclasses
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time
from typing import Callable, Iterator

from charts import chart

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "release"
OUT = ROOT / "bench" / "out"
ROUNDS = 5


@dataclasses.dataclass
class Row:
    """One figure with its goal. `measure` yields one dictionary a round: the figure as "value", beside it everything
    that it was made of, in the units that the names end with."""

    key: str
    goal: float
    more_is_better: bool
    measure: Callable[[], Iterator[dict]]

    def reached(self, value):
        return value >= self.goal if self.more_is_better else value <= self.goal

    @property
    def goal_text(self):
        return f"{'>=' if self.more_is_better else '<='} {self.goal:g}"


def collect(row):
    """Every round of a row. Raises what goes wrong: half a measurement is none."""
    rounds = list(row.measure())
    values = [measured["value"] for measured in rounds]
    raw = {name: [measured[name] for measured in rounds] for name in rounds[0] if name != "value"}
    return {
        "median": statistics.median(values),
        "min": min(values),
        "max": max(values),
        "rounds": len(rounds),
        "goal": row.goal_text,
        "reached": row.reached(statistics.median(values)),
        "raw": {"value": values} | raw,
    }


def first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except OSError:
        return "not installed"
    return (done.stdout + done.stderr).strip().splitlines()[0]


def machine():
    cpu = next(
        (line.split(":")[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8") if line.startswith("model name")),
        platform.machine(),
    )
    memory = next(line.split()[1] for line in open("/proc/meminfo", encoding="utf-8") if line.startswith("MemTotal"))
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "memory_mib": int(memory) // 1024,
        "kernel": platform.release(),
        "load_before": os.getloadavg()[0],
        "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "versions": {
            "postern": first_line(str(BUILD / "postern"), "version"),
            "nginx": first_line("nginx", "-v"),
            "wrk": first_line("wrk", "-v"),
            "openssl": first_line("openssl", "version"),
            "sqlite": first_line("sqlite3", "--version"),
            "postgresql": first_line("psql", "--version"),
        },
    }


def figure(value):
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def show(key, result):
    word = "reached" if result["reached"] else "MISSED"
    spread = f"{figure(result['min'])} .. {figure(result['max'])}"
    print(f"{key:28} {figure(result['median']):>9}   {spread:>20}   {result['goal']:>9}   {word}")
    for name, values in result["raw"].items():
        if name != "value":
            print(f"    {name:30} {' '.join(figure(value) for value in values)}")
    sys.stdout.flush()


def write(results, facts):
    """Rows that were not measured this time keep their last figures in latest.json, with the machine of that time."""
    OUT.mkdir(exist_ok=True)
    file = OUT / "latest.json"
    try:
        before = json.loads(file.read_text(encoding="utf-8"))["results"]
    except (OSError, ValueError, KeyError):
        before = {}
    merged = {"results": before | results, "machine": facts}
    file.write_text(json.dumps(merged, indent=1) + "\n", encoding="utf-8")
    (OUT / "rows.svg").write_text(chart(merged["results"], facts), encoding="utf-8")
