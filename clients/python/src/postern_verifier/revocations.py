"""The revocation bits of the lists in use, in memory, and how old the knowledge of them is.

Knowledge comes from the feed or from fetched lists. It only grows: a bit that was set is never taken back, so repeats and
reordered events do no harm. Writers exclude each other; readers take no lock.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from math import inf

from .claims import Slot
from .status_list import LARGEST_BITMAP, MOST_SLOTS

MOST_LISTS = 4096
MOST_BITMAP_BYTES = 256 << 20  # of all lists together
FORGET_UNUSED_AFTER = 3600.0  # seconds: for lists whose own end was never told
ASK_AGAIN_AFTER = 5.0  # seconds that a "no such list" counts


class State(Enum):
    LIVE = "live"
    REVOKED = "revoked"
    UNKNOWN = "unknown"  # the list has to be fetched first
    MISSING = "missing"  # as before, and revoked if it cannot be: the issuer said a while ago that there is no such list
    STALE = "stale"  # not revoked when last heard of, which is too long ago


class TooMuch(Exception):
    """More lists or bits than a server of ours would ever have."""


@dataclass(slots=True)
class _List:
    uri: str
    expires_at: float | None = None  # Unix seconds; None: only the feed tells it
    bitmap: bytearray = field(default_factory=bytearray)  # without the zeros at its end
    slots: int = 0
    whole: bool = False  # False: only some bits are known, from events
    revoked: bool = False  # every slot of it
    missing_since: float = -inf  # the issuer said that there is no such list
    fetched_at: float = -inf
    used_at: float = -inf
    etag: str | None = None
    copy_expires_at: float = 0.0  # of the fetched JWT

    def has_bit(self, index: int) -> bool:
        byte = index >> 3
        return byte < len(self.bitmap) and bool(self.bitmap[byte] >> (index & 7) & 1)

    def is_against_any(self) -> bool:
        return bool(self.bitmap) or self.revoked or self.missing_since != -inf

    def add(self, bitmap: bytes) -> None:
        """Joins the bits; the length is that of the whole list."""
        self.slots = max(self.slots, len(bitmap) * 8)
        known = int.from_bytes(self.bitmap, "little") | int.from_bytes(bitmap, "little")
        self.bitmap = bytearray(known.to_bytes((known.bit_length() + 7) // 8, "little"))
        self.whole = True
        self.missing_since = -inf


class Revocations:
    """`timer` counts seconds from anywhere and never runs back; `clock` tells Unix time."""

    def __init__(self, stale_after: float, timer: Callable[[], float], clock: Callable[[], float]):
        self._stale_after = stale_after
        self._timer = timer
        self._clock = clock
        self._lock = threading.Lock()
        self._lists: dict[str, _List] = {}
        self._told: set[str] | None = None  # lists of the snapshot that is arriving
        self._feed_fresh_at = -inf
        self._feed_is_live = False

    def state(self, slot: Slot) -> State:
        known = self._lists.get(slot.uri)
        now = self._timer()
        if known is None:
            return State.UNKNOWN
        known.used_at = now
        if known.missing_since != -inf:
            return State.REVOKED if now - known.missing_since < ASK_AGAIN_AFTER else State.MISSING
        if known.revoked or known.has_bit(slot.index):
            return State.REVOKED
        if not known.whole:
            return State.UNKNOWN
        if slot.index >= known.slots:
            return State.REVOKED
        if now - max(known.fetched_at, self._feed_fresh_at) > self._stale_after:
            return State.STALE
        return State.LIVE

    # --- what the feed tells -----------------------------------------------------------------------------------------

    def begin_snapshot(self) -> None:
        """What was known stays until end_snapshot()."""
        with self._lock:
            self._told = set()

    def put_snapshot(self, uri: str, expires_at: float, revoked: bool, bitmap: bytes) -> None:
        with self._lock:
            known = self._tell(uri)
            known.expires_at = expires_at
            known.add(bitmap)
            known.revoked = known.revoked or revoked
            self._check_room()

    def end_snapshot(self) -> None:
        """Of lists that the snapshot did not hold only what is against their tokens counts, until they are fetched."""
        with self._lock:
            told, self._told = self._told, None
            if told is None:
                return
            for uri in [uri for uri in self._lists if uri not in told]:
                known = self._lists[uri]
                if known.is_against_any():
                    known.whole, known.etag = False, None
                else:
                    del self._lists[uri]

    def give_up_snapshot(self) -> None:
        with self._lock:
            self._told = None

    def open_list(self, uri: str, expires_at: float) -> None:
        with self._lock:
            known = self._tell(uri)
            known.expires_at = expires_at
            known.slots = max(known.slots, MOST_SLOTS)  # its length is not told; it is the issuer who counts
            known.whole = True
            known.missing_since = -inf

    def revoke(self, uri: str, indices: Iterable[int]) -> None:
        """The list may be one that is not known yet: then this is remembered until it is fetched."""
        with self._lock:
            known = self._tell(uri)
            for index in indices:
                if index >> 3 >= LARGEST_BITMAP:
                    raise TooMuch(f"slot {index}")
                if index >> 3 >= len(known.bitmap):
                    known.bitmap.extend(bytes((index >> 3) + 1 - len(known.bitmap)))
                known.bitmap[index >> 3] |= 1 << (index & 7)
            self._check_room()

    def revoke_list(self, uri: str) -> None:
        with self._lock:
            self._tell(uri).revoked = True

    def feed_is_fresh(self, late: float) -> None:
        """All that was revoked until `late` seconds ago has been told."""
        self._feed_fresh_at = max(self._feed_fresh_at, self._timer() - late)
        self._feed_is_live = True

    def feed_is_not(self) -> None:
        """From now on the feed tells nothing; what it told counts for `stale_after` from when it was last fresh."""
        self._feed_is_live = False

    # --- what is fetched ---------------------------------------------------------------------------------------------

    def put_fetched(self, uri: str, bitmap: bytes, copy_expires_at: float, etag: str | None, true_at: float) -> None:
        """`true_at`: when the issuer surely said so, by the timer."""
        with self._lock:
            known = self._tell(uri)
            known.add(bitmap)
            known.fetched_at, known.copy_expires_at, known.etag = max(known.fetched_at, true_at), copy_expires_at, etag
            self._check_room()

    def put_unchanged(self, uri: str, true_at: float) -> None:
        with self._lock:
            if known := self._lists.get(uri):
                known.fetched_at = max(known.fetched_at, true_at)

    def put_missing(self, uri: str) -> None:
        """The issuer knows no such list: its tokens are refused."""
        with self._lock:
            known = self._tell(uri)
            known.missing_since, known.whole, known.etag = self._timer(), False, None

    def etag_of(self, uri: str) -> str | None:
        """What to ask with, while the copy that it stands for may be used."""
        known = self._lists.get(uri)
        usable = known is not None and known.whole and known.copy_expires_at > self._clock() + self._stale_after
        return known.etag if known is not None and usable else None

    def lists_to_poll(self, interval: float) -> list[str]:
        """Lists in use whose knowledge is older than `interval` seconds, none while the feed is live."""
        if self.feed_is_live():
            return []
        now = self._timer()
        return [
            known.uri
            for known in list(self._lists.values())
            if known.whole
            and not known.revoked
            and now - known.used_at < FORGET_UNUSED_AFTER
            and now - max(known.fetched_at, self._feed_fresh_at) >= interval
        ]

    # --- the rest ----------------------------------------------------------------------------------------------------

    def feed_is_live(self) -> bool:
        # Two heartbeats may be late, not three: then polling begins while there is still time for it.
        return self._feed_is_live and self._timer() - self._feed_fresh_at <= self._stale_after * 2 / 3

    def age(self) -> float:
        """Seconds since the feed was last fresh; infinite if it never was."""
        return self._timer() - self._feed_fresh_at

    def count(self) -> int:
        return len(self._lists)

    def drop_expired(self) -> None:
        """Lists whose last token has expired, and those that nobody asked for in an hour and whose end is unknown."""
        now, unused = self._clock(), self._timer() - FORGET_UNUSED_AFTER
        with self._lock:
            gone = [
                uri
                for uri, known in self._lists.items()
                if (known.expires_at <= now if known.expires_at is not None else known.used_at < unused)
            ]
            for uri in gone:
                del self._lists[uri]

    def _tell(self, uri: str) -> _List:
        """The list, new if need be. The lock is held."""
        known = self._lists.get(uri)
        if known is None:
            if len(self._lists) >= MOST_LISTS:
                raise TooMuch(f"{MOST_LISTS} lists")
            known = self._lists[uri] = _List(uri, used_at=self._timer())
        if self._told is not None:
            self._told.add(uri)
        return known

    def _check_room(self) -> None:
        if sum(len(known.bitmap) for known in self._lists.values()) > MOST_BITMAP_BYTES:
            raise TooMuch("bits")
