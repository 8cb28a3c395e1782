"""The OAuth endpoints as a client meets them: forms in, JSON out."""

import base64
from urllib.parse import urlencode

FORM = "application/x-www-form-urlencoded"


def basic(client_id, secret):
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


class ServiceClient:
    """A client of `site`, made at the command line."""

    def __init__(self, site, name, *audiences, scopes=()):
        words = ["client", "create", name]
        for audience in audiences:
            words += ["--audience", audience]
        for scope in scopes:
            words += ["--scope", scope]
        made = site.run_json(*words)
        self.id, self.name, self.secret = made["id"], name, made["client_secret"]

    @property
    def headers(self):
        return basic(self.id, self.secret)

    def post(self, http, door, headers=None, **fields):
        """POST /oauth2/`door` with HTTP Basic, or with `headers` in its place."""
        return post(http, door, self.headers if headers is None else headers, **fields)

    def introspect(self, http, token):
        answer = self.post(http, "introspect", token=token)
        assert answer.status == 200, (answer.status, answer.body)
        return answer.json()

    def is_active(self, http, token):
        told = self.introspect(http, token)
        assert told["active"] or told == {"active": False}, told
        return told["active"]

    def token(self, http, **fields):
        answer = self.post(http, "token", grant_type="client_credentials", **fields)
        assert answer.status == 200, (answer.status, answer.body)
        return answer.json()["access_token"]


def post(http, door, headers=(), **fields):
    return post_bytes(http, door, urlencode(fields).encode(), headers)


def post_bytes(http, door, body, headers=(), content_type=FORM):
    return http.call("POST", f"/oauth2/{door}", headers=dict(headers) | {"Content-Type": content_type}, body=body)


def assert_oauth_error(answer, status, word):
    """RFC 6749 section 5.2."""
    assert answer.status == status, (answer.status, answer.body)
    assert answer.header("Content-Type") == "application/json" and answer.header("Cache-Control") == "no-store"
    body = answer.json()
    assert set(body) == {"error", "error_description"} and body["error"] == word, body
    description = body["error_description"]
    assert description and all(" " <= c <= "~" and c not in '"\\' for c in description), description
    challenge = answer.header("WWW-Authenticate")
    assert (challenge or "").startswith("Basic ") if status == 401 else challenge is None, challenge
