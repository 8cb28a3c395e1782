"""HTTP over a plain socket: the bytes that go out are the caller's, so they may be wrong in any way."""

import json
import socket
from dataclasses import dataclass, field


@dataclass
class Answer:
    """One response as it came over the wire."""

    status: int
    headers: list  # (name, value) in order
    body: bytes
    head: bytes = field(repr=False, default=b"")

    def header(self, name):
        """The value of the first header of that name, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def json(self):
        return json.loads(self.body)

    def comparable_bytes(self):
        """Head and body without what differs from answer to answer whoever asks: the date and the request's id."""
        lines = self.head.split(b"\r\n")
        kept = [line for line in lines if not line.lower().startswith((b"date:", b"x-request-id:"))]
        return b"\r\n".join(kept) + self.body


class ConnectionEnded(Exception):
    """The server closed the connection before a whole answer had come."""


class Connection:
    """One TCP (or TLS) connection to a server on loopback. Every wait on it is bounded by `timeout` seconds."""

    def __init__(self, port, *, timeout=15, tls=None, source=None):
        self.socket = socket.create_connection(
            ("127.0.0.1", port), timeout=timeout, source_address=(source, 0) if source else None
        )
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        self.unread = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def request(self, method, target, *, headers=(), body=None):
        """Sends a well-formed request and returns the answer. A body that is not bytes goes out as JSON."""
        self.send(request_bytes(method, target, headers=headers, body=body))
        return self.read_answer(head_only=method == "HEAD")

    def read_answer(self, head_only=False):
        """The next answer on this connection. Raises ConnectionEnded when it ends before."""
        while b"\r\n\r\n" not in self.unread:
            self._receive()
        head, _, self.unread = self.unread.partition(b"\r\n\r\n")
        status_line, *lines = head.decode("latin-1").split("\r\n")
        headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        answer = Answer(int(status_line.split(" ")[1]), headers, b"", head)
        if head_only or answer.status in (204, 304) or answer.status < 200:
            return answer
        length = answer.header("Content-Length")
        if length is None:
            answer.body = self._read_to_end()
        else:
            while len(self.unread) < int(length):
                self._receive()
            answer.body, self.unread = self.unread[: int(length)], self.unread[int(length) :]
        return answer

    def is_closed_by_server(self):
        """Waits for the server to close; true when it did so within the timeout, whatever it sent before."""
        try:
            while self.socket.recv(65536):
                pass
            return True
        except ConnectionError:
            return True
        except TimeoutError:
            return False

    def _receive(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionError as error:
            raise ConnectionEnded(str(error)) from error
        if not data:
            raise ConnectionEnded(f"closed after {self.unread!r}")
        self.unread += data

    def _read_to_end(self):
        try:
            while True:
                self._receive()
        except ConnectionEnded:
            data, self.unread = self.unread, b""
            return data


def request_bytes(method, target, *, headers=(), body=None):
    """A well-formed HTTP/1.1 request. `headers` is a dict or a list of pairs; names may repeat."""
    pairs = list(headers.items()) if isinstance(headers, dict) else list(headers)
    names = {name.lower() for name, _ in pairs}
    if body is not None:
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
            if "content-type" not in names:
                pairs.append(("Content-Type", "application/json"))
        if "content-length" not in names and "transfer-encoding" not in names:
            pairs.append(("Content-Length", str(len(body))))
    if "host" not in names:
        pairs.insert(0, ("Host", "localhost"))
    head = f"{method} {target} HTTP/1.1\r\n".encode("latin-1")
    for name, value in pairs:
        head += name.encode("latin-1") + b": " + value.encode("latin-1") + b"\r\n"
    return head + b"\r\n" + (body or b"")
