"""The stream of revocations as a client reads it, event by event; and the lists, decoded without help of ours."""

import base64
import json
import time
import zlib
from dataclasses import dataclass

from harness.client import BASE
from harness.waiting import until
from harness.wire import Connection, request_bytes

PATH = f"{BASE}/revocations"


@dataclass(frozen=True)
class Event:
    name: str
    data: dict
    id: str


def basic(client):
    """The Authorization header of a client as `postern client create --json` prints it."""
    pair = f"{client['id']}:{client['client_secret']}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def new_client(site, name):
    """Makes a client that every running node of the site knows of."""
    made = site.run_json("client", "create", name, "--audience", site.settings["tokens.audience"][0])
    for server in site.servers:
        until(
            lambda client=server.client(): client.call("HEAD", PATH, headers=basic(made)).status == 200,
            seconds=5,
            what="the node knows the new client",
        )
    return made


def bits_of(lst):
    """The indices that are set in a compressed list of one bit each."""
    raw = zlib.decompress(base64.urlsafe_b64decode(lst + "=" * (-len(lst) % 4)))
    return {8 * i + bit for i, byte in enumerate(raw) if byte for bit in range(8) if byte >> bit & 1}


class Feed:
    """One open stream."""

    def __init__(self, port, client, *, last_event_id=None, timeout=15, headers=None):
        self.connection = Connection(port, timeout=timeout)
        more = {"Last-Event-ID": last_event_id} if last_event_id else {}
        self.connection.send(request_bytes("GET", PATH, headers=basic(client) | more | (headers or {})))
        self._body = b""  # without the chunks' framing
        self._events = b""
        self.ended = False
        self.last_id = last_event_id
        self.head = self._read_head()
        assert self.head.startswith(b"HTTP/1.1 200 "), (self.head, self._body)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.connection.close()

    def _receive(self):
        data = self.connection.socket.recv(65536)
        if not data:
            raise EOFError(f"the stream was closed without its last chunk after {self._events!r}")
        self._body += data

    def _read_head(self):
        while b"\r\n\r\n" not in self._body:
            self._receive()
        head, _, self._body = self._body.partition(b"\r\n\r\n")
        return head

    def _read_chunk(self):
        while b"\r\n" not in self._body:
            self._receive()
        size_line, _, rest = self._body.partition(b"\r\n")
        size = int(size_line, 16)
        while len(rest) < size + 2:
            self._receive()
            rest = self._body.partition(b"\r\n")[2]
        assert rest[size : size + 2] == b"\r\n"
        self._events += rest[:size]
        self._body = rest[size + 2 :]
        self.ended = size == 0

    def next(self):
        """The next event, or None at the end. Waits no longer than the connection's timeout."""
        while True:
            while b"\n\n" not in self._events:
                if self.ended:
                    return None
                self._read_chunk()
            block, _, self._events = self._events.partition(b"\n\n")
            fields = dict(line.split(": ", 1) for line in block.decode().split("\n"))
            if "event" not in fields:
                assert set(fields) == {"retry"}
                continue
            self.last_id = fields["id"]
            return Event(fields["event"], json.loads(fields["data"]), fields["id"])

    def until(self, name, seconds=15):
        """All events up to the first of that name, which is the last of them."""
        deadline = time.monotonic() + seconds
        events = []
        while not events or events[-1].name != name:
            event = self.next()
            assert event, (name, [event.name for event in events])
            events.append(event)
            assert time.monotonic() < deadline, (name, [event.name for event in events])
        return events


class Knowledge:
    """What a verifier makes of the events: the revoked slots of each list."""

    def __init__(self):
        self.revoked = {}
        self.whole = set()

    def learn(self, event):
        data = event.data
        if event.name in ("snapshot", "list"):
            self.revoked.setdefault(data["list"], set())
        if event.name == "snapshot":
            self.revoked[data["list"]] |= bits_of(data["lst"])
            if data["revoked"]:
                self.whole.add(data["list"])
        elif event.name == "revoked":
            self.revoked.setdefault(data["list"], set()).update(data["idx"])
        elif event.name == "list_revoked":
            self.whole.add(data["list"])

    def refuses(self, claims):
        slot = claims["status"]["status_list"]
        return slot["uri"] in self.whole or slot["idx"] in self.revoked[slot["uri"]]
