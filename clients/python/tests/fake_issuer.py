"""A server on loopback that plays Postern, and misbehaves as it is told."""

import contextlib
import json
import queue
import threading
import time
import uuid
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from signing import algorithm_of, encode, kid_of, published, sign

AUDIENCE = "https://api.example.com"
CLIENT = ("018f3c1e-7a00-7000-8000-00000000c101", "pcs_not-a-secret")
SLOTS = 1024


def pack(revoked):
    bitmap = bytearray(SLOTS // 8)
    for index in revoked:
        bitmap[index // 8] |= 1 << index % 8
    return encode(zlib.compress(bytes(bitmap)))


class FakeIssuer:
    """`feeds`: what the connections to the feed get, in turn; each is a function of a FeedConnection. The last repeats.
    `answers`: path -> function of a handler, in place of what would be answered.
    `requests`: (path, headers) of everything that was asked for.
    `cache`: a Cache in front of it, or None."""

    def __init__(self):
        self.keys = {"access_es256": "access", "status_list_es256": "status_list"}
        self.max_age = 300
        self.lists = {}  # id -> indices that are revoked
        self.feeds = [follow]
        self.answers = {}
        self.requests = []
        self.cache = None
        self.said = queue.Queue()  # events for follow() to send
        self.heartbeat = 0.1
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"issuer": self}))
        self._server.daemon_threads = True
        self.closing = False
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.closing = True
        self._server.shutdown()
        self._thread.join(5)
        self._server.server_close()

    def asked(self, path):
        return [headers for asked, headers in self.requests if asked == path]

    def uri(self, list_id):
        return f"{self.url}/status-lists/{list_id}"

    def open_list(self, revoked=()):
        list_id = str(uuid.uuid4())
        self.lists[list_id] = set(revoked)
        return list_id

    def token(self, list_id, index=0, key="access_es256", **changes):
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": [AUDIENCE],
            "sub": "018f3c1e-7a00-7000-8000-00000000ac01",
            "client_id": "first-party",
            "iat": now,
            "exp": now + 600,
            "jti": str(uuid.uuid4()),
            "sid": "018f3c1e-7a00-7000-8000-000000005e01",
            "type": "access",
            "status": {"status_list": {"idx": index, "uri": self.uri(list_id)}},
        } | changes
        return sign(key, {"typ": "at+jwt", "alg": algorithm_of(key), "kid": kid_of(key)}, claims)

    def status_list(self, list_id, key="status_list_es256", **changes):
        now = int(time.time())
        claims = {
            "sub": self.uri(list_id),
            "iat": now,
            "exp": now + 3600,
            "ttl": 5,
            "status_list": {"bits": 1, "lst": pack(self.lists[list_id])},
        } | changes
        return sign(key, {"typ": "statuslist+jwt", "alg": algorithm_of(key), "kid": kid_of(key)}, claims)

    def revoke(self, list_id, *indices, tell=True):
        self.lists[list_id].update(indices)
        if tell:
            self.said.put(("revoked", {"list": self.uri(list_id), "idx": list(indices)}))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    issuer: FakeIssuer

    def do_GET(self):
        self.issuer.requests.append((self.path, dict(self.headers)))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            if self.issuer.cache and self.issuer.cache.answers(self):
                return
            if self.path in self.issuer.answers:
                self.issuer.answers[self.path](self)
            elif self.path == "/.well-known/jwks.json":
                keys = [published(name, purpose) for name, purpose in self.issuer.keys.items()]
                self.answer(200, json.dumps({"keys": keys}), {"Cache-Control": f"max-age={self.issuer.max_age}"})
            elif self.path.startswith("/status-lists/"):
                self._status_list(self.path.rpartition("/")[2])
            elif self.path == "/auth/v1/revocations":
                self._feed()
            else:
                self.answer(404, "{}")

    def _status_list(self, list_id):
        if list_id not in self.issuer.lists:
            self.answer(404, "{}")
            return
        etag = f'"{len(self.issuer.lists[list_id])}"'
        if self.headers.get("If-None-Match") == etag:
            self.answer(304, "", {"ETag": etag})
        else:
            self.answer(200, self.issuer.status_list(list_id), {"ETag": etag})

    def _feed(self):
        script = self.issuer.feeds.pop(0) if len(self.issuer.feeds) > 1 else self.issuer.feeds[0]
        self.close_connection = True
        script(FeedConnection(self))

    def answer(self, status, body, headers=None):
        body = body if isinstance(body, bytes) else body.encode()
        if self.issuer.cache and status == 200:
            self.issuer.cache.kept[self.path] = (time.monotonic(), body, headers or {})
        self.send_response(status)
        for name, value in ({"Content-Type": "application/json"} | (headers or {})).items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Cache:
    """Keeps keys and lists for as long as it runs. `obeys`: it asks again when a request says so (RFC 9111 section 5.2.1.4)."""

    def __init__(self, *, obeys, age=0):
        self.obeys = obeys
        self.age = age  # seconds that its answers were in other caches before
        self.kept = {}

    def answers(self, handler):
        if handler.path not in self.kept or (self.obeys and handler.headers.get("Cache-Control") == "no-cache"):
            return False
        since, body, headers = self.kept[handler.path]
        handler.send_response(200)
        for name, value in (headers | {"Age": int(time.monotonic() - since) + self.age, "Content-Length": len(body)}).items():
            handler.send_header(name, str(value))
        handler.end_headers()
        handler.wfile.write(body)
        return True


class FeedConnection:
    def __init__(self, handler):
        self.issuer = handler.issuer
        self.handler = handler
        self.last_event_id = handler.headers.get("Last-Event-ID")
        self._number = 0

    def begin(self):
        self.handler.send_response(200)
        self.handler.send_header("Content-Type", "text/event-stream")
        self.handler.send_header("Connection", "close")
        self.handler.end_headers()
        self.send(b"retry: 100\n\n")
        return self

    def send(self, data):
        self.handler.wfile.write(data)
        self.handler.wfile.flush()

    def event(self, name, data, position=None):
        self._number += 1
        position = position or f"p{id(self) % 1000}-{self._number}"
        self.send(f"id: {position}\nevent: {name}\ndata: {json.dumps(data)}\n\n".encode())

    def heartbeat(self, position=None, late=0):
        self.event("heartbeat", {"time": int(time.time()) - late}, position)

    def snapshot_of(self, list_id, **changes):
        self.event(
            "snapshot",
            {
                "list": self.issuer.uri(list_id),
                "expires_at": int(time.time()) + 900,
                "revoked": False,
                "lst": pack(self.issuer.lists[list_id]),
            }
            | changes,
        )

    def snapshot(self):
        for list_id in list(self.issuer.lists):
            self.snapshot_of(list_id)
        self.event("ready", {"lists": len(self.issuer.lists)})
        self.heartbeat()

    def stay(self, seconds=60.0):
        """Heartbeats, and whatever the test says."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.issuer.closing:
            try:
                name, data = self.issuer.said.get(timeout=self.issuer.heartbeat)
            except queue.Empty:
                self.heartbeat()
            else:
                self.event(name, data)

    def silence(self, seconds=60.0):
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.issuer.closing:
            time.sleep(0.02)


def follow(connection):
    """The feed as it should be."""
    connection.begin()
    connection.snapshot()
    connection.stay()
