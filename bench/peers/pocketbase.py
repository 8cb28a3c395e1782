"""PocketBase as a Go module. Its tokens are good until they expire: there is no logout, only a change of the account's
token key, which ends all of that account's tokens."""

import json
import re
import shutil

from harness.site import PASSWORD
from parts import request
from peer import APPS, EMAILS, INSTALLED, Absent, Peer, json_request, once, run

APP = APPS / "pocketbase"
FOLDER = INSTALLED / "pocketbase"
FILES = [APP / name for name in ("go.mod", "go.sum", "main.go")]
USERS = "/api/collections/users"


class PocketBase(Peer):
    name = "PocketBase"
    own_hash = "bcrypt, cost 10"
    no_equal_hash = "it knows bcrypt only"
    ready_at = "/api/health"

    def install(self):
        if shutil.which("go") is None:
            raise Absent("there is no Go here to build it with; go.mod says which it needs, and Debian's is older")
        once(FOLDER, FILES, lambda: run("go", "build", "-o", FOLDER / "pocketbase", ".", cwd=APP, what="go build"))

    def version(self):
        return re.search(r"pocketbase/pocketbase v(\S+)", (APP / "go.mod").read_text(encoding="utf-8"))[1]

    def prepare(self):
        """Without a superuser it would try to open a browser for whoever shall become one."""
        run(*self.program("superuser", "upsert", "admin@example.com", self.secret), what="making its superuser")

    def program(self, *arguments):
        return [FOLDER / "pocketbase", *arguments, "--dir", self.folder / "pb_data"]

    def command(self):
        return self.program("serve", f"--http=127.0.0.1:{self.port}"), {}

    def add_accounts(self):
        for email in EMAILS:
            self.ask_well(json_request("POST", f"{USERS}/records",
                                       {"email": email, "password": PASSWORD, "passwordConfirm": PASSWORD}))

    def login_request(self, email):
        return json_request("POST", f"{USERS}/auth-with-password", {"identity": email, "password": PASSWORD})

    def tokens_of(self, answer):
        token = json.loads(answer)["token"]
        return token, token

    def refresh_request(self, refresh):
        return request("POST", f"{USERS}/auth-refresh", {"Authorization": refresh, "Content-Length": "0"})

    def check_request(self, access):
        return request("GET", "/me", {"Authorization": access})
