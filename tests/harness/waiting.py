"""Waiting by asking again, never by sleeping for a guessed time."""

import time


def until(holds, *, seconds, what, pause=0.005):
    """Calls `holds` until it gives something true, and returns that. Fails, naming `what`, after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        outcome = holds()
        if outcome:
            return outcome
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds} s still not: {what}")
        time.sleep(pause)


def percentile(values, share):
    """The value below which `share` (0 to 1) of `values` lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
