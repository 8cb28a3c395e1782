"""A webhook's receiver on loopback that keeps what it is sent, and misbehaves when asked to."""

import hashlib
import hmac
import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness.waiting import until


@dataclass(frozen=True)
class Event:
    path: str
    headers: dict  # names in lower case
    body: bytes

    def json(self):
        return json.loads(self.body)

    @property
    def delivery(self):
        return self.headers["postern-delivery"]

    def is_signed_with(self, secret):
        """As a receiver would check it: the signature fits, and it was made just now."""
        parts = dict(part.split("=", 1) for part in self.headers["postern-signature"].split(","))
        expected = hmac.digest(secret.encode(), parts["t"].encode() + b"." + self.body, hashlib.sha256).hex()
        return hmac.compare_digest(expected, parts["v1"]) and abs(time.time() - int(parts["t"])) < 60


class WebhookReceiver:
    """answer: (status, headers, body), or a function of the event that gives one; may sleep."""

    def __init__(self, answer=(204, {}, b"")):
        self.answer = answer
        self.events = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                event = Event(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
                owner.events.append(event)
                answer = owner.answer(event) if callable(owner.answer) else owner.answer
                status, headers, content = answer
                try:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)
                except ConnectionError:
                    pass  # the sender has read enough

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def url(self, path="/hook"):
        return f"http://127.0.0.1:{self.port}{path}"

    def of(self, event_name):
        return [event for event in self.events if event.headers["postern-event"] == event_name]

    def wait_for(self, event_name, *, count=1, seconds=10):
        until(
            lambda: len(self.of(event_name)) >= count, seconds=seconds, what=f"{count} events {event_name}", pause=0.02
        )
        return self.of(event_name)[-1]
