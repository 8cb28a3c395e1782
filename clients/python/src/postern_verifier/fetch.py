"""Making a request once, however many wait for it."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from math import inf


class Fetch:
    """One request at a time for one thing; who comes meanwhile waits for that one and makes none.

    It has a thread of its own: whoever waits under asyncio takes none of the threads that the event loop shares.
    """

    def __init__(self) -> None:
        self.finished_at = -inf
        self.failed = False
        self._running: Future[None] | None = None
        self._lock = threading.Lock()

    def is_running(self) -> bool:
        return self._running is not None

    def run(self, request: Callable[[], bool], timer: Callable[[], float]) -> Future[None]:
        """Ends when the request has ended, which has a deadline. What `request` raises is raised to all who wait."""
        with self._lock:
            if self._running is None:
                answered: Future[None] = Future()
                answered.set_running_or_notify_cancel()  # one who waits no longer does not end it for the others
                threading.Thread(
                    target=self._make, args=(request, timer, answered), name="postern-fetch", daemon=True
                ).start()
                self._running = answered
            return self._running

    def _make(self, request: Callable[[], bool], timer: Callable[[], float], answered: Future[None]) -> None:
        succeeded, problem = False, None
        try:
            succeeded = request()
        except Exception as error:
            problem = error
        with self._lock:
            self.failed = not succeeded
            self.finished_at = timer()
            self._running = None
        if problem is None:
            answered.set_result(None)
        else:
            answered.set_exception(problem)
