"""Requests to the issuer: with time-outs, size limits and TLS verification, and without redirects."""

import re
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import httpx


_SECONDS = re.compile(r"\s*(\d{1,9})", re.ASCII)


class RequestFailed(Exception):
    """No answer, or one that is of no use. `status` if there was one."""

    def __init__(self, message: str, status: int | None = None):
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def age(self) -> float:
        """Seconds that a cache has kept it (RFC 9111 section 5.1)."""
        told = _SECONDS.match(self.headers.get("age", ""))
        return float(told[1]) if told else 0.0


class Http:
    """Thread-safe. `timeout` is in seconds: for a whole request, and for connecting a stream."""

    def __init__(self, timeout: float, tls: ssl.SSLContext | None, transport: httpx.BaseTransport | None):
        self._timeout = timeout
        self._client = httpx.Client(
            timeout=timeout,
            verify=True if tls is None else tls,
            follow_redirects=False,
            transport=transport,
            # Bodies come as they are: nothing unpacks to more than its limit.
            headers={"Accept-Encoding": "identity", "User-Agent": "postern-verifier-python"},
        )

    def close(self) -> None:
        self._client.close()

    def get(self, url: str, most_bytes: int, headers: Mapping[str, str] | None = None) -> Answer:
        """Any answer but a redirect; RequestFailed otherwise. Caches in between are told to ask the issuer."""
        headers = {"Cache-Control": "no-cache"} | dict(headers or {})
        deadline = time.monotonic() + self._timeout
        try:
            try:
                return self._get(url, most_bytes, headers, deadline)
            except httpx.RemoteProtocolError:
                if time.monotonic() > deadline:
                    raise
                # A connection that was kept may have been closed just now by the other side; a new one tells.
                return self._get(url, most_bytes, headers, deadline)
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise RequestFailed(f"{url} does not answer: {error or type(error).__name__}") from None

    def _get(self, url: str, most_bytes: int, headers: Mapping[str, str], deadline: float) -> Answer:
        with self._client.stream("GET", url, headers=headers) as response:
            self._check(response)
            body = bytearray()
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > most_bytes:
                    raise RequestFailed(f"{url} answers with more than {most_bytes} bytes")
                if time.monotonic() > deadline:
                    raise RequestFailed(f"{url} does not finish its answer")
            return Answer(response.status_code, response.headers, bytes(body))

    @contextmanager
    def stream(self, url: str, headers: Mapping[str, str], auth: tuple[str, str], silence: float) -> Iterator[httpx.Response]:
        """A response with status 200 whose parts may be `silence` seconds apart. RequestFailed, also from the body."""
        timeout = httpx.Timeout(self._timeout, read=silence)
        try:
            with self._client.stream("GET", url, headers=headers, auth=auth, timeout=timeout) as response:
                self._check(response)
                if response.status_code != 200:
                    raise RequestFailed(f"{url} answers {response.status_code}", response.status_code)
                yield response
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise RequestFailed(f"{url} breaks off: {error or type(error).__name__}") from None

    @staticmethod
    def _check(response: httpx.Response) -> None:
        if response.has_redirect_location:
            raise RequestFailed(f"{response.url} redirects, which is not followed", response.status_code)
        if response.headers.get("content-encoding", "identity") != "identity":
            raise RequestFailed(f"{response.url} answers in an encoding that was not asked for", response.status_code)
