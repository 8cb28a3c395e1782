"""The thread that holds the feed's connection, and makes a new one when it ends."""

import logging
import random
import socket
import threading
import time

import httpx

from .events import Cut, EventParser, Feed, FeedError
from .http import Http, RequestFailed

FIRST_PAUSE = 1.0  # seconds before the second attempt, unless the server names another
LONGEST_PAUSE = 30.0
REFUSED_PAUSE = 30.0  # after 401 or 403: somebody has to change something first
_log = logging.getLogger("postern_verifier")


class Follower(threading.Thread):
    def __init__(self, http: Http, url: str, credentials: tuple[str, str], feed: Feed, stale_after: float):
        super().__init__(name="postern-feed", daemon=True)
        self.problem: str | None = None  # why there is no feed now
        self._http = http
        self._url = url
        self._credentials = credentials
        self._feed = feed
        self._stale_after = stale_after
        self._stopping = threading.Event()
        self._response: httpx.Response | None = None
        self._base = FIRST_PAUSE
        self._failures = 0

    def stop(self) -> None:
        """Ends the connection and the thread; returns at once."""
        self._stopping.set()
        response = self._response
        if response is not None:
            self._break_off(response)

    def run(self) -> None:
        while not self._stopping.is_set():
            pause = self._follow_once()
            self._stopping.wait(pause)

    def _follow_once(self) -> float:
        """One connection, from beginning to end. Returns the seconds to wait before the next."""
        start_over, least = False, 0.0
        try:
            self._read_stream()
            problem = "the feed's connection ended"
        except Cut as cut:
            problem = f"the server ended the feed: {cut}"
            if str(cut) == "unauthorized":
                least = REFUSED_PAUSE
        except FeedError as error:
            problem, start_over = str(error), True
        except RequestFailed as error:
            problem = str(error)
            if error.status in (401, 403):
                least = REFUSED_PAUSE
        except Exception as error:  # whatever it was, the thread must live on
            problem, start_over = f"the feed cannot be used: {type(error).__name__}: {error}", True
            _log.exception("the revocation feed failed")
        self._response = None
        self._feed.disconnected(start_over=start_over)
        if self._stopping.is_set():
            return 0.0
        if self.problem is None or self._failures == 0:
            _log.warning("no revocation feed: %s; lists are polled until it is back", problem)
        self.problem = problem
        # Full jitter below the first pause, so that a server that restarts does not meet all of us at once.
        longest = min(LONGEST_PAUSE, self._base * float(1 << self._failures))
        self._failures = min(self._failures + 1, 16)
        return max(least, longest * random.uniform(0.5 if self._failures > 1 else 0.0, 1.0))

    def _read_stream(self) -> None:
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        if self._feed.position is not None:
            headers["Last-Event-ID"] = self._feed.position
        with self._http.stream(self._url, headers, self._credentials, silence=self._stale_after) as response:
            if response.headers.get("content-type", "").partition(";")[0].strip().lower() != "text/event-stream":
                raise RequestFailed(f"{self._url} is no event stream")
            self._response = response
            self._feed.connected()
            parser = EventParser()
            moved_at = time.monotonic()
            for chunk in response.iter_raw():
                for event in parser.feed(chunk):
                    if self._feed.apply(event):
                        moved_at = time.monotonic()
                        self._is_well()
                if parser.retry is not None:
                    self._base = min(max(parser.retry, 0.1), LONGEST_PAUSE)
                if time.monotonic() - moved_at > self._stale_after:
                    raise RequestFailed(f"{self._url} sends no heartbeat")
                if self._stopping.is_set():
                    return

    def _is_well(self) -> None:
        if self.problem is not None:
            _log.warning("the revocation feed is back")
        self.problem = None
        self._failures = 0

    @staticmethod
    def _break_off(response: httpx.Response) -> None:
        stream = response.extensions.get("network_stream")
        connection = stream.get_extra_info("socket") if stream is not None else None
        if connection is not None:
            try:
                connection.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads
            except OSError:
                pass  # it had ended by itself
