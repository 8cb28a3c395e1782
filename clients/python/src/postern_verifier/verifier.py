"""The verifier: a token in, an AccessToken or the reason against it out."""

import asyncio
import hashlib
import logging
import os
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from ipaddress import ip_address
from math import inf
from types import TracebackType
from typing import Any, Literal, Self

import httpx

from .claims import ACCESS_TYP, LONGEST_TOKEN, AccessToken, ReadClaims, check_times, read_claims
from .errors import InvalidToken, KeysUnknown, RevocationUnknown, TokenRevoked
from .events import Feed
from .fetch import Fetch
from .follower import Follower
from .http import Http, RequestFailed
from .keys import ACCESS, Key, KeySet, check_signature, parse_jwks, read_header
from .revocations import Revocations, State, TooMuch
from .status_list import StatusListToken, UnknownKey, check_status_list

JWKS_PATH = "/.well-known/jwks.json"
LARGEST_JWKS = 256 << 10  # bytes
LARGEST_STATUS_LIST = 4 << 20
ASK_KEYS_AGAIN_AFTER = 5.0  # seconds between fetches because of a kid that is not known
ASK_LIST_AGAIN_AFTER = 1.0  # seconds after a fetch that failed
_DEFAULT_MAX_AGE, _LEAST_MAX_AGE, _MOST_MAX_AGE = 300.0, 5.0, 3600.0  # seconds that a JWKS may be kept
_TICK = 0.5  # seconds
_MOST_REQUESTS = 4  # for one token: keys, its list, and once more for what changed meanwhile
_TOO_SLOW = "What is known of revocations is out of date before it has arrived"
_MAX_AGE = re.compile(r"(?:^|[,\s])max-age=(\d{1,9})(?:$|[,\s])", re.ASCII)
_log = logging.getLogger("postern_verifier")


@dataclass(frozen=True, slots=True)
class Status:
    """How a verifier is doing, for a health endpoint or a metric."""

    keys: int
    lists: int
    feed_is_live: bool
    feed_age: float  # seconds since all revocations were known through the feed; infinite without one
    feed_problem: str | None


@dataclass(frozen=True, slots=True)
class _Verified:
    read: ReadClaims
    key: Key


class Verifier:
    """Thread-safe; one for each process and issuer. Its threads start with start() or the first token.

    issuer         Postern's `public_url`
    audience       what stands for this API in `tokens.audience`; several: any of them
    client_id, client_secret   of a client of Postern's, for the revocation feed; without them the lists are polled
    server_url     where Postern is reached, if not at `issuer`
    base_path      Postern's `http.base_path`
    stale_after    seconds that knowledge of revocations counts; above the feed's heartbeat of 5 s
    on_stale       what to do with a token that is good but for that: "refuse" (RevocationUnknown), or "allow" it
    poll_interval  seconds between fetches of a list while there is no feed
    request_timeout  seconds for any request
    cache_size     tokens whose signature is not checked again; their expiry and revocation are
    tls            for a certificate authority of your own
    allow_plain_http   http:// to another machine; tokens' keys and the secret then travel unprotected
    clock, timer, transport   for tests: Unix time, seconds from anywhere, and what stands in for the network
    """

    def __init__(
        self,
        issuer: str,
        audience: str | Iterable[str],
        *,
        client_id: str | None = None,
        client_secret: str | None = None,
        server_url: str | None = None,
        base_path: str = "/auth/v1",
        stale_after: float = 15.0,
        on_stale: Literal["refuse", "allow"] = "refuse",
        poll_interval: float = 5.0,
        request_timeout: float = 5.0,
        cache_size: int = 10_000,
        tls: ssl.SSLContext | None = None,
        allow_plain_http: bool = False,
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.monotonic,
        transport: httpx.BaseTransport | None = None,
    ):
        self.issuer = issuer
        self.audience = frozenset([audience] if isinstance(audience, str) else audience)
        self._server_url = server_url or issuer
        for url in (issuer, self._server_url):
            _check_url(url, allow_plain_http)
        if not self.audience or not all(self.audience):
            raise ValueError("audience is empty: then no token would be for this API")
        if (client_id is None) != (client_secret is None):
            raise ValueError("client_id and client_secret go together")
        if on_stale not in ("refuse", "allow"):
            raise ValueError(f'on_stale is "{on_stale}"; it must be "refuse" or "allow"')
        if stale_after <= 0 or poll_interval <= 0 or request_timeout <= 0:
            raise ValueError("stale_after, poll_interval and request_timeout must be above 0")
        self._credentials = (client_id, client_secret) if client_id is not None and client_secret is not None else None
        self._base_path = base_path
        self._stale_after = stale_after
        self._allows_stale = on_stale == "allow"
        self._poll_interval = poll_interval
        self._request_timeout = request_timeout
        self._cache_size = cache_size
        self._tls = tls
        self._transport = transport
        self._clock = clock
        self._timer = timer
        self._starting = threading.Lock()
        self._process = 0  # whose threads are running; a forked child starts its own
        self._reset()

    def _reset(self) -> None:
        self._http = Http(self._request_timeout, self._tls, self._transport)
        self._keys = KeySet()
        self._keys_fetch = Fetch()
        self._keys_due_at = -inf
        self._keys_changed_at = -inf  # as the feed told, by the timer
        self._list_fetches: dict[str, Fetch] = {}
        self._lock = threading.Lock()
        self._cache: dict[bytes, _Verified] = {}
        self._revocations = Revocations(self._stale_after, self._timer, self._clock)
        self._feed = Feed(self.issuer, self._revocations, self._keys_changed, self._clock, self._stale_after)
        self._follower: Follower | None = None
        self._wake = threading.Event()
        self._closed = False

    # --- life --------------------------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Begins to fetch keys and to follow the feed, in the background. Calling it again does nothing."""
        with self._starting:
            if self._process == os.getpid():
                return self
            if self._process or self._closed:
                self._reset()
            self._process = os.getpid()
            if self._credentials is not None:
                url = self._server_url + self._base_path + "/revocations"
                self._follower = Follower(self._http, url, self._credentials, self._feed, self._stale_after)
                self._follower.start()
            threading.Thread(target=self._keep_up, args=(self._wake,), name="postern-upkeep", daemon=True).start()
        return self

    def close(self) -> None:
        """Ends the threads and the connections."""
        with self._starting:
            if self._process != os.getpid():
                return
            self._process = 0
            self._closed = True
            self._wake.set()
            if self._follower is not None:
                self._follower.stop()
                self._follower.join(5)
            self._http.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def wait_until_ready(self, timeout: float = 10.0) -> bool:
        """Whether keys are here, and all revocations if there is to be a feed, before `timeout` seconds have passed."""
        self.start()
        deadline = time.monotonic() + timeout
        while not (self._keys and (self._credentials is None or self._revocations.age() <= self._stale_after)):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True

    def status(self) -> Status:
        return Status(
            keys=len(self._keys),
            lists=self._revocations.count(),
            feed_is_live=self._revocations.feed_is_live(),
            feed_age=self._revocations.age(),
            feed_problem=self._follower.problem if self._follower is not None else None,
        )

    # --- verifying ---------------------------------------------------------------------------------------------------

    def verify(self, token: str) -> AccessToken:
        """The token, if it is to be accepted; otherwise raises one of errors.py.

        Looks at memory only, but for the first token of a key or a list that is not known yet: that one waits for a
        request, `request_timeout` at most.
        """
        for _ in range(_MOST_REQUESTS):
            if not callable(answer := self._from_memory(token)):
                return answer
            answer().result()
        raise RevocationUnknown(_TOO_SLOW)

    async def verify_async(self, token: str) -> AccessToken:
        """The same under asyncio: where a request is needed, all who need it wait for the same one, and no thread does."""
        for _ in range(_MOST_REQUESTS):
            if not callable(answer := self._from_memory(token)):
                return answer
            await asyncio.wrap_future(answer())
        raise RevocationUnknown(_TOO_SLOW)

    def _from_memory(self, token: str) -> "AccessToken | Callable[[], Future[None]]":
        """The answer, or what has to be done before there is one. Each of those is offered once in a while only."""
        if self._process != os.getpid():
            self.start()
        if len(token) > LONGEST_TOKEN:
            raise InvalidToken(f"The token has more than {LONGEST_TOKEN} characters")
        try:
            name = hashlib.sha256(token.encode("ascii")).digest()
        except UnicodeEncodeError:
            raise InvalidToken("The token is not ASCII") from None
        verified = self._cache.get(name)
        if verified is None or self._keys.get((ACCESS, verified.key.kid)) is not verified.key:
            checked = self._check_token(token)
            if not isinstance(checked, _Verified):
                return checked
            verified = checked
            self._remember(name, verified)
        check_times(verified.read, self._clock())
        return self._check_revocation(verified.read)

    def _check_token(self, token: str) -> "_Verified | Callable[[], Future[None]]":
        try:
            header = read_header(token)
            if header.typ != ACCESS_TYP:
                raise InvalidToken("The token is not an access token")
            key = self._keys.get((ACCESS, header.kid))
            if key is None:
                return self._about_unknown_key()
            payload = check_signature(token, header, key)
        except ValueError as error:
            raise InvalidToken(f"The token {error}") from None
        return _Verified(read_claims(payload, self.issuer, self.audience), key)

    def _about_unknown_key(self) -> Callable[[], Future[None]]:
        fetch = self._keys_fetch
        if not self._keys:
            if self._timer() - fetch.finished_at < ASK_LIST_AGAIN_AFTER:
                raise KeysUnknown("The issuer's keys cannot be fetched now")
            return lambda: fetch.run(self._fetch_keys, self._timer)
        if fetch.is_running():  # strangers can make up kids: their tokens must not pile up here
            raise KeysUnknown("The issuer's keys are being fetched")
        if self._timer() - fetch.finished_at >= ASK_KEYS_AGAIN_AFTER:
            return lambda: fetch.run(self._fetch_keys, self._timer)
        if fetch.failed:
            raise KeysUnknown("The issuer's keys cannot be fetched now")
        raise InvalidToken("The token is signed by no key of its issuer")

    def _check_revocation(self, read: ReadClaims) -> "AccessToken | Callable[[], Future[None]]":
        state = self._revocations.state(read.slot)
        if state is State.LIVE:
            return read.token
        if state is State.REVOKED:
            raise TokenRevoked("The token has been revoked")
        uri = read.slot.uri
        with self._lock:
            fetch = self._list_fetches.setdefault(uri, Fetch())
        if not fetch.failed or self._timer() - fetch.finished_at >= ASK_LIST_AGAIN_AFTER:
            return lambda: fetch.run(lambda: self._fetch_list(uri), self._timer)
        if state is State.MISSING:
            raise TokenRevoked("The token's status list is not known to its issuer")
        if self._allows_stale:
            return read.token
        raise RevocationUnknown("Whether the token has been revoked is not known now")

    def _remember(self, name: bytes, verified: _Verified) -> None:
        if self._cache_size <= 0:
            return
        with self._lock:
            while len(self._cache) >= self._cache_size:
                del self._cache[next(iter(self._cache))]
            self._cache[name] = verified

    # --- fetching ----------------------------------------------------------------------------------------------------

    def _fetch_keys(self) -> bool:
        asked_at = self._timer()
        try:
            answer = self._http.get(self._server_url + JWKS_PATH, LARGEST_JWKS)
            if answer.status != 200:
                raise RequestFailed(f"{self._server_url}{JWKS_PATH} answers {answer.status}")
            self._keys = parse_jwks(answer.body, self._keys)
        except (RequestFailed, ValueError) as error:
            _log.warning("cannot fetch the issuer's keys: %s", error)
            self._keys_due_at = asked_at + ASK_KEYS_AGAIN_AFTER
            return False
        told = _MAX_AGE.search(answer.headers.get("cache-control", ""))
        max_age = (float(told[1]) if told else _DEFAULT_MAX_AGE) - answer.age
        if asked_at - answer.age < self._keys_changed_at:  # then it may lack the change
            max_age = 0.0
        if asked_at >= self._keys_changed_at:
            self._keys_due_at = asked_at + min(max(max_age, _LEAST_MAX_AGE), _MOST_MAX_AGE)
        return True

    def _keys_changed(self) -> None:
        self._keys_changed_at = self._timer()
        self._keys_due_at = -inf
        self._wake.set()

    def _fetch_list(self, uri: str) -> bool:
        asked_at = self._timer()
        headers = {"Accept": "application/statuslist+jwt"}
        if (etag := self._revocations.etag_of(uri)) is not None:
            headers["If-None-Match"] = etag
        try:
            answer = self._http.get(self._server_url + uri.removeprefix(self.issuer), LARGEST_STATUS_LIST, headers)
            true_at = asked_at - answer.age
            if answer.status == 304 and etag is not None:
                self._revocations.put_unchanged(uri, true_at)
            elif answer.status == 404:
                self._revocations.put_missing(uri)
            elif answer.status == 200:
                made = self._read_list(uri, answer.body.decode("ascii"))
                self._revocations.put_fetched(uri, made.bitmap, made.expires_at, answer.headers.get("etag"), true_at)
            else:
                raise RequestFailed(f"answers {answer.status}")
            if answer.age > self._stale_after and answer.status != 404:
                raise RequestFailed(f"comes from a cache that has kept it for {answer.age:.0f} s and does not ask again")
        except (RequestFailed, ValueError, TooMuch) as error:
            _log.warning("cannot use the status list %s: %s", uri, error)
            return False
        return True

    def _read_list(self, uri: str, jwt: str) -> StatusListToken:
        try:
            return check_status_list(jwt, uri, self.issuer, self._keys, self._clock())
        except UnknownKey:
            if self._timer() - self._keys_fetch.finished_at < ASK_KEYS_AGAIN_AFTER:
                raise
            self._keys_fetch.run(self._fetch_keys, self._timer).result()
            return check_status_list(jwt, uri, self.issuer, self._keys, self._clock())

    # --- in the background -------------------------------------------------------------------------------------------

    def _keep_up(self, wake: threading.Event) -> None:
        while not self._closed and self._wake is wake:
            wake.clear()
            try:
                self._tick()
            except Exception:  # whatever it was, the thread must live on
                _log.exception("a verifier's upkeep failed")
            if not self._closed:
                wake.wait(_TICK)

    def _tick(self) -> None:
        if self._timer() >= self._keys_due_at:
            self._keys_fetch.run(self._fetch_keys, self._timer).result()
        for uri in self._revocations.lists_to_poll(self._poll_interval):
            with self._lock:
                fetch = self._list_fetches.setdefault(uri, Fetch())
            fetch.run(lambda uri=uri: self._fetch_list(uri), self._timer).result()  # type: ignore[misc]
        self._revocations.drop_expired()
        with self._lock:
            over = self._timer() - ASK_LIST_AGAIN_AFTER
            for uri, fetch in list(self._list_fetches.items()):
                if -inf < fetch.finished_at < over and not fetch.is_running():
                    del self._list_fetches[uri]


def _check_url(url: str, allow_plain_http: bool) -> None:
    try:
        parts = httpx.URL(url)  # as it is read when the request is made
    except httpx.InvalidURL as error:
        raise ValueError(f"an address is no URL: {error}") from None
    if parts.userinfo:
        raise ValueError("credentials do not belong in a URL; use client_id and client_secret")
    if parts.scheme not in ("https", "http") or not parts.host or parts.query or parts.fragment or url.endswith("/"):
        raise ValueError(f'"{url}" is not an https:// URL without a slash at its end')
    if parts.scheme == "http" and not _is_loopback(parts.host) and not allow_plain_http:
        raise ValueError(f'"{url}" is not https://; if that is meant, say allow_plain_http=True')


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
