"""Flask and Flask-JWT-Extended under gunicorn: the login that most people write by hand."""

import json
import os
import venv

from harness.site import PASSWORD
from parts import request
from peer import APPS, EMAILS, INSTALLED, Peer, bearer, json_request, once, run

VENV = INSTALLED / "flask"
PINS = APPS / "flask" / "requirements.txt"
WORKERS = 2 * os.cpu_count() + 1  # as gunicorn's documentation advises


class Flask(Peer):
    name = "Flask-JWT-Extended"
    own_hash = "scrypt N=2^15, r=8, p=1 (32 MiB)"
    ready_at = "/healthz"
    revocations = 6000

    def install(self):
        def make():
            venv.create(VENV, with_pip=True)
            run(VENV / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", PINS,
                what="pip install")

        once(VENV, [PINS], make)

    def version(self):
        pins = dict(line.split("==") for line in PINS.read_text(encoding="utf-8").splitlines() if "==" in line)
        return f"{pins['Flask-JWT-Extended']}, gunicorn {pins['gunicorn']}"

    def command(self):
        arguments = [VENV / "bin" / "gunicorn", "--bind", f"127.0.0.1:{self.port}", "--workers", str(WORKERS),
                     "--worker-class", "gthread", "--threads", "4", "--chdir", APPS / "flask", "app:app"]
        return arguments, {"BENCH_DATABASE": str(self.folder / "app.db"), "BENCH_SECRET": self.secret,
                           "BENCH_HASH": self.hashing, "PYTHONDONTWRITEBYTECODE": ""}

    def add_accounts(self):
        for email in EMAILS:
            self.ask_well(json_request("POST", "/register", {"email": email, "password": PASSWORD}))

    def login_request(self, email):
        return json_request("POST", "/login", {"email": email, "password": PASSWORD})

    def tokens_of(self, answer):
        body = json.loads(answer)
        return body["access_token"], body.get("refresh_token")

    def refresh_request(self, refresh):
        return request("POST", "/refresh", bearer(refresh) | {"Content-Length": "0"})

    def revoke_request(self, access):
        return request("DELETE", "/logout", bearer(access))
