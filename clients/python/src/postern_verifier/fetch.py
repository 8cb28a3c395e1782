"""Making a request once, however many wait for it."""

import threading
from collections.abc import Callable
from math import inf


class Fetch:
    """One request at a time for one thing; who comes meanwhile waits for it and makes none."""

    def __init__(self) -> None:
        self.finished_at = -inf
        self.failed = False
        self._number = 0
        self._lock = threading.Lock()

    def is_running(self) -> bool:
        return self._lock.locked()

    def run(self, request: Callable[[], bool], timer: Callable[[], float]) -> None:
        number = self._number
        with self._lock:
            if self._number != number:
                return
            succeeded = False
            try:
                succeeded = request()
            finally:
                self.failed = not succeeded
                self.finished_at = timer()
                self._number += 1
