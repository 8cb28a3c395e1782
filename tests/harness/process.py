"""Child processes: their end is always waited for, and always bounded."""

import os
import pathlib
import signal
import socket
import subprocess


def free_port():
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def stop(process, *, seconds=25):
    """Asks the process to end, insists after `seconds`, and returns its exit status."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
            raise AssertionError(f"process {process.pid} ignored SIGTERM for {seconds} s") from None
    return process.returncode


def family(pid):
    """The process and its direct children."""
    children = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="latin-1") as file:
                    parent = int(file.read().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            if parent == pid:
                children.append(int(entry))
    return [pid, *children]


def resident_kib(pid, part="VmRSS"):
    """Memory that the process holds in RAM: all of it, or only what is its own (RssAnon) or of files (RssFile)."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(f"{part}:"))


def thread_niceness(pid):
    """Of each thread by its name, as the kernel has it."""
    threads = pathlib.Path(f"/proc/{pid}/task").iterdir()
    return {(thread / "comm").read_text().strip(): os.getpriority(os.PRIO_PROCESS, int(thread.name)) for thread in threads}


def hash_memory_kib(pid):
    """What of it Argon2 works in: large, and left out of core dumps (VmFlags "dd")."""
    total = resident = 0
    with open(f"/proc/{pid}/smaps", encoding="ascii") as file:
        for line in file:
            name, _, value = line.partition(":")
            if name == "Rss":
                resident = int(value.split()[0])
            elif name == "VmFlags" and "dd" in value.split() and resident > 4096:
                total += resident
    return total
