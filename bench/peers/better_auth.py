"""Better Auth on Node. A session's token is looked up in the database; the JWT plugin makes a JWT of it for others, which
is the nearest that it has to a refresh. Its logout ends the session."""

import json
import shutil

from harness.site import PASSWORD
from parts import request
from peer import APPS, EMAILS, INSTALLED, Peer, bearer, json_request, once, run

APP = APPS / "better-auth"
FOLDER = INSTALLED / "better-auth"
PINS = [APP / name for name in ("package.json", "package-lock.json", ".npmrc")]


class BetterAuth(Peer):
    name = "Better Auth"
    own_hash = "scrypt N=2^14, r=16, p=1 (32 MiB)"
    ready_at = "/api/auth/ok"
    revocations = 8000

    def install(self):
        def make():
            for file in PINS:
                shutil.copy2(file, FOLDER)
            run("npm", "ci", "--silent", "--no-audit", "--no-fund", cwd=FOLDER, what="npm ci")

        once(FOLDER, PINS, make)
        for program in APP.glob("*.mjs"):  # beside what they import
            shutil.copy2(program, FOLDER)

    def version(self):
        pins = json.loads((APP / "package.json").read_text(encoding="utf-8"))["dependencies"]
        return f"{pins['better-auth']}, Node {run('node', '--version', what='node').strip().removeprefix('v')}"

    def variables(self):
        return {"BENCH_DATABASE": str(self.folder / "app.db"), "BENCH_SECRET": self.secret, "BENCH_HASH": self.hashing,
                "BENCH_URL": f"http://127.0.0.1:{self.port}", "NODE_ENV": "production"}

    def prepare(self):
        self.run_prepare("tables")

    def run_prepare(self, *arguments):
        return run("node", FOLDER / "prepare.mjs", *arguments, cwd=self.folder, variables=self.variables(),
                   what=f"prepare.mjs {arguments[0]}")

    def command(self):
        return ["node", FOLDER / "server.mjs", str(self.port)], self.variables()

    def add_accounts(self):
        for email in EMAILS:
            self.ask_well(json_request("POST", "/api/auth/sign-up/email",
                                       {"name": email, "email": email, "password": PASSWORD}))

    def login_request(self, email):
        return json_request("POST", "/api/auth/sign-in/email", {"email": email, "password": PASSWORD})

    def tokens_of(self, answer):
        token = json.loads(answer)["token"]
        return token, token

    def refresh_request(self, refresh):
        return request("GET", "/api/auth/token", bearer(refresh))

    def revoke_request(self, access):
        return json_request("POST", "/api/auth/sign-out", {}, bearer(access))

    def tokens_to_revoke(self, _):
        return self.run_prepare("sessions", EMAILS[0], str(self.revocations)).split()
