"""Postern itself, as it is shipped: only the access log and the throttle are off, as everywhere here."""

import json
from concurrent.futures import ThreadPoolExecutor

from harness.site import BINARY, PASSWORD, Site
from measuring import first_line
from parts import QUIET, request
from peer import EMAILS, EQUAL_HASH, OWN, Peer, bearer, json_request

SESSIONS = 20


class Postern(Peer):
    name = "Postern"
    own_hash = EQUAL_HASH
    hashings = (OWN,)  # the others are given its hash
    ready_at = "/readyz"
    revocations = 20_000
    refresh_script = "refresh_chain.lua"

    def version(self):
        return first_line(BINARY, "version").split()[-1]

    def prepare(self):
        self.site = Site("sqlite", settings=QUIET)

    def close(self):
        super().close()
        if hasattr(self, "site"):
            self.site.close()

    def command(self):
        return [BINARY, "serve", *self.site.arguments, "--listen", f"127.0.0.1:{self.port}"], {}

    def add_accounts(self):
        for email in EMAILS:
            self.site.new_account(email=email)

    def login_request(self, email):
        return json_request("POST", "/auth/v1/token", {"email": email, "password": PASSWORD})

    def tokens_of(self, answer):
        body = json.loads(answer)
        return body["access_token"], body["refresh_token"]

    def refresh_request(self, refresh):
        return request("POST", "/auth/v1/refresh", bearer(refresh) | {"Content-Length": "0"})

    def check_request(self, access):
        return request("GET", "/auth/v1/verify", bearer(access))

    def revoke_request(self, access):
        return request("DELETE", "/auth/v1/revoke_access", bearer(access))

    def tokens_to_revoke(self, _):
        """A refresh token is good for one refresh, so each session is a chain."""

        def chain(number):
            access, refresh = self.sign_in(EMAILS[number % len(EMAILS)])
            tokens = [access]
            with self.connection() as connection:
                while len(tokens) < self.revocations // SESSIONS:
                    _, body = self.ask(self.refresh_request(refresh), connection)
                    access, refresh = self.tokens_of(body)
                    tokens.append(access)
            return tokens

        with ThreadPoolExecutor(4) as workers:
            return [token for tokens in workers.map(chain, range(SESSIONS)) for token in tokens]
