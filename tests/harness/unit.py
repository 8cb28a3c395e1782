"""The systemd unit that is shipped, as what it asks for: its settings, and the system calls that its filter lets through."""

import functools
import subprocess

from harness.site import ROOT

UNIT = ROOT / "deploy/postern.service"


@functools.cache
def members(group):
    """The system calls of one of systemd's groups, such as "@process"."""
    told = subprocess.run(
        ["systemd-analyze", "--no-pager", "syscall-filter", group],
        capture_output=True, text=True, timeout=30, check=True,
    ).stdout  # fmt: skip
    lines = [line.strip() for line in told.splitlines()[1:]]
    names = {name for name in lines if name and not name.startswith(("#", "@"))}
    return names.union(*(members(name) for name in lines if name.startswith("@")))


def settings():
    """Every setting of the unit, as a list of its values."""
    found = {}
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def allowed_calls():
    words = " ".join(settings()["SystemCallFilter"]).split()
    assert not any(word.startswith("~") for word in words), "this reads lists of what is allowed"
    return sorted(set().union(*(members(word) if word.startswith("@") else {word} for word in words)))


def confinement():
    """What harness/confined takes, as the unit says it."""
    unit = settings()
    assert unit["CapabilityBoundingSet"] == [""] and unit["MemoryDenyWriteExecute"] == ["yes"]
    megabytes, unit_of_size = unit["LimitMEMLOCK"][0][:-1], unit["LimitMEMLOCK"][0][-1]
    assert unit_of_size == "M"
    return {
        "calls": allowed_calls(),
        "families": unit["RestrictAddressFamilies"][0].split(),
        "locked_bytes": int(megabytes) * 1024 * 1024,
    }
