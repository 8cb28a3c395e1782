"""The memory of a running process, as root reads it for a core: what is mapped, what is in it, how it is kept."""

import os
import signal
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Mapping:
    start: int
    end: int
    access: str
    name: str
    locked: bool
    dumped: bool


def mappings(pid):
    """All of them, with how each is kept."""
    found = []
    with open(f"/proc/{pid}/smaps", encoding="utf-8") as file:
        for line in file:
            words = line.split()
            if not words[0].endswith(":"):
                start, _, end = words[0].partition("-")
                head = (int(start, 16), int(end, 16), words[1], words[5] if len(words) > 5 else "")
            elif words[0] == "VmFlags:":
                found.append(Mapping(*head, locked="lo" in words, dumped="dd" not in words))
    return found


@contextmanager
def stopped(process):
    """The process stands still meanwhile, as for a core."""
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def read_all(pid):
    """(mapping, bytes) of everything that can be read, in the parts that one read gives."""
    memory = os.open(f"/proc/{pid}/mem", os.O_RDONLY)
    try:
        for mapping in mappings(pid):
            if "r" not in mapping.access or mapping.name in ("[vvar]", "[vvar_vclock]", "[vsyscall]"):
                continue
            parts = []
            place = mapping.start
            while place < mapping.end:
                part = os.pread(memory, min(mapping.end - place, 1 << 26), place)
                if not part:
                    break
                parts.append(part)
                place += len(part)
            yield mapping, b"".join(parts)
    finally:
        os.close(memory)


def status_kib(pid, field):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(field + ":"))
