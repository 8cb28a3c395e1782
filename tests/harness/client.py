"""The contract as a client sees it: one method for each endpoint, each on a connection of its own."""

from dataclasses import dataclass

from harness.tokens import claims_of
from harness.wire import Connection

BASE = "/auth/v1"


@dataclass(frozen=True)
class Account:
    email: str
    password: str


@dataclass(frozen=True)
class Tokens:
    access: str
    refresh: str
    expires_in: int

    @staticmethod
    def of(answer):
        assert answer.status == 200, (answer.status, answer.body)
        body = answer.json()
        return Tokens(body["access_token"], body["refresh_token"], body["expires_in"])

    @property
    def session_id(self):
        return claims_of(self.access)["sid"]


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


class Client:
    """Speaks to the server on `port`. Thread-safe: it holds no connection between calls."""

    def __init__(self, port, *, tls=None, timeout=15):
        self.port = port
        self.tls = tls
        self.timeout = timeout

    def connect(self, **options):
        return Connection(self.port, **({"tls": self.tls, "timeout": self.timeout} | options))

    def call(self, method, target, *, headers=(), body=None):
        with self.connect() as connection:
            return connection.request(method, target, headers=headers, body=body)

    def post_token(self, body, headers=()):
        return self.call("POST", f"{BASE}/token", headers=headers, body=body)

    def login(self, email, password, **more):
        return self.post_token({"email": email, "password": password, **more})

    def sign_in(self, account, **more):
        """Logs in, expecting success."""
        return Tokens.of(self.login(account.email, account.password, **more))

    def me(self, access):
        return self.call("GET", f"{BASE}/me", headers=bearer(access))

    def refresh(self, refresh):
        return self.call("POST", f"{BASE}/refresh", headers=bearer(refresh))

    def refreshed(self, refresh):
        """Refreshes, expecting success."""
        return Tokens.of(self.refresh(refresh))

    def revoke_access(self, access):
        return self.call("DELETE", f"{BASE}/revoke_access", headers=bearer(access))

    def revoke_refresh(self, refresh):
        return self.call("DELETE", f"{BASE}/revoke_refresh", headers=bearer(refresh))

    def accepts(self, access):
        """Whether the protected route lets this access token in: 200, or 401; anything else fails the test."""
        answer = self.me(access)
        assert answer.status in (200, 401), (answer.status, answer.body)
        return answer.status == 200
