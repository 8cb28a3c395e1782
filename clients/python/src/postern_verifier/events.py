"""The revocation feed as a protocol: bytes to events, events to knowledge. No network here."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .claims import is_status_list_uri
from .revocations import Revocations
from .status_list import decode_status_list
from .strict import parse_object, whole

LONGEST_LINE = 4 << 20  # bytes; a snapshot of the largest list that does not compress has 2.8 million
LONGEST_POSITION = 256
_LAST_SECOND = 253_402_300_799
_LAST_INDEX = (1 << 32) - 1
_log = logging.getLogger("postern_verifier")


class FeedError(Exception):
    """The feed says what it must not. What it said before is still true; the connection is of no more use."""


class Cut(Exception):
    """The server said that it ends the connection, and why."""


@dataclass(frozen=True, slots=True)
class Event:
    name: str
    data: str
    position: str | None  # the `id` line of this event


class EventParser:
    """text/event-stream (WHATWG HTML section 9.2), in bounded memory. feed() raises FeedError past LONGEST_LINE."""

    def __init__(self) -> None:
        self.retry: float | None = None  # seconds, once the server has said
        self._pending = bytearray()
        self._clear()

    def _clear(self) -> None:
        self._name = ""
        self._position: str | None = None
        self._data: list[str] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[Event]:
        begin = 0
        while (end := chunk.find(b"\n", begin)) >= 0:
            line = bytes(self._pending) + chunk[begin:end] if self._pending else chunk[begin:end]
            self._pending.clear()
            begin = end + 1
            if (event := self._read_line(line.removesuffix(b"\r"))) is not None:
                yield event
        self._pending += chunk[begin:]
        self._check_size(len(self._pending))

    def _read_line(self, line: bytes) -> Event | None:
        if not line:
            event = Event(self._name or "message", "\n".join(self._data), self._position) if self._data else None
            self._clear()
            return event
        if line.startswith(b":"):
            return None
        self._size += len(line)
        self._check_size(self._size)
        try:
            field, _, value = line.decode("utf-8").partition(":")
        except UnicodeDecodeError:
            raise FeedError("the feed is not UTF-8") from None
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._name = value
        elif field == "id":
            self._position = value
        elif field == "retry" and value.isascii() and value.isdigit() and len(value) < 9:
            self.retry = int(value) / 1000
        return None

    @staticmethod
    def _check_size(size: int) -> None:
        if size > LONGEST_LINE:
            raise FeedError("the feed has an event that is too long")


class Feed:
    """Follows one feed from connection to connection."""

    def __init__(
        self,
        issuer: str,
        revocations: Revocations,
        keys_changed: Callable[[], None],
        clock: Callable[[], float],
        stale_after: float,
    ):
        self.position: str | None = None  # where to resume; None: from the beginning, with a snapshot
        self._issuer = issuer
        self._revocations = revocations
        self._keys_changed = keys_changed
        self._clock = clock
        self._stale_after = stale_after
        self._has_begun = False
        self._snapshots: int | None = None  # how many have come; None: no snapshot is under way
        self._handlers: dict[str, Callable[[dict[str, Any]], bool]] = {
            "gap": self._on_gap,
            "snapshot": self._on_snapshot,
            "ready": self._on_ready,
            "list": self._on_list,
            "revoked": self._on_revoked,
            "list_revoked": self._on_list_revoked,
            "keys": self._on_keys,
            "heartbeat": self._on_heartbeat,
            "stale": self._on_stale,
            "cut": self._on_cut,
        }

    def connected(self) -> None:
        self._snapshots = None
        if self.position is None:
            self._begin_snapshot()

    def disconnected(self, *, start_over: bool) -> None:
        """`start_over`: what was read last made no sense, so the next connection begins with a snapshot."""
        if start_over:
            self.position = None
        self._revocations.give_up_snapshot()
        self._revocations.feed_is_not()

    def apply(self, event: Event) -> bool:
        """Whether the event shows that the feed is moving: those that must come by themselves do. Raises FeedError, Cut."""
        handler = self._handlers.get(event.name)
        if handler is None:
            return False  # from a newer server
        try:
            moving = handler(parse_object(event.data.encode()))
        except ValueError as error:
            raise FeedError(f"the feed's event {event.name} {error}") from None
        # Half a snapshot is no place to resume from: what it did not reach would be taken for unchanged.
        if event.position is not None and self._snapshots is None:
            if len(event.position) > LONGEST_POSITION or not event.position.isascii() or not event.position.isprintable():
                raise FeedError("the feed has a position that cannot be sent back")
            self.position = event.position or None
        return moving

    def _begin_snapshot(self) -> None:
        if self._has_begun:
            self._keys_changed()  # what was missed may have told of it, and a snapshot does not
        self._has_begun = True
        self._snapshots = 0
        self.position = None
        self._revocations.begin_snapshot()

    def _on_gap(self, data: dict[str, Any]) -> bool:
        _log.info("the revocation feed could not be resumed (%.40s); it starts over", data.get("reason"))
        self._begin_snapshot()
        return True

    def _on_snapshot(self, data: dict[str, Any]) -> bool:
        revoked, lst = data.get("revoked"), data.get("lst")
        if not isinstance(revoked, bool) or not isinstance(lst, str):
            raise ValueError("has no revoked or no lst")
        self._revocations.put_snapshot(self._list_of(data), self._end_of(data), revoked, decode_status_list(lst).data)
        if self._snapshots is not None:
            self._snapshots += 1
        return True

    def _on_ready(self, data: dict[str, Any]) -> bool:
        expected = data.get("lists")
        if self._snapshots is not None:
            if type(expected) is not int or self._snapshots < expected:
                raise ValueError("comes before the snapshot is complete")
            self._snapshots = None
            self._revocations.end_snapshot()
        return True

    def _on_list(self, data: dict[str, Any]) -> bool:
        self._revocations.open_list(self._list_of(data), self._end_of(data))
        return False

    def _on_revoked(self, data: dict[str, Any]) -> bool:
        indices = data.get("idx")
        if not isinstance(indices, list) or any(whole(index, _LAST_INDEX) is None for index in indices):
            raise ValueError("has no idx")
        self._revocations.revoke(self._list_of(data), indices)
        return False

    def _on_list_revoked(self, data: dict[str, Any]) -> bool:
        self._revocations.revoke_list(self._list_of(data))
        return False

    def _on_keys(self, _: dict[str, Any]) -> bool:
        self._keys_changed()
        return False

    def _on_heartbeat(self, data: dict[str, Any]) -> bool:
        told = whole(data.get("time"), _LAST_SECOND)
        if told is None:
            raise ValueError("has no time")
        late = self._clock() - told - 1  # told in whole seconds
        if late > self._stale_after:
            _log.warning("the revocation feed is %.0f s late, or a clock is wrong", late)
            return False  # something between the server and us keeps it back
        if self._snapshots is None:
            self._revocations.feed_is_fresh(max(0.0, late))
        return True

    def _on_stale(self, _: dict[str, Any]) -> bool:
        self._revocations.feed_is_not()
        return False

    def _on_cut(self, data: dict[str, Any]) -> bool:
        raise Cut(str(data.get("reason"))[:40])

    def _list_of(self, data: dict[str, Any]) -> str:
        uri = data.get("list")
        if not is_status_list_uri(uri, self._issuer):
            raise ValueError("names a list of another issuer")
        return uri

    @staticmethod
    def _end_of(data: dict[str, Any]) -> int:
        end = whole(data.get("expires_at"), _LAST_SECOND)
        if end is None:
            raise ValueError("has no expires_at")
        return end
