"""Glewlwyd from Debian, with its OpenID Connect plugin and the password grant. The package is unpacked into build/peers, not
installed: it would ask questions, make a user and start a service."""

import base64
import gzip
import json
import re
import shutil
import sqlite3

from harness.site import PASSWORD
from parts import request
from peer import EMAILS, INSTALLED, Absent, Peer, bearer, form_request, json_request, run

FOLDER = INSTALLED / "glewlwyd"
PROGRAM = FOLDER / "usr" / "bin" / "glewlwyd"
CLIENT, CLIENT_SECRET = "bench", "bench-client-secret"
PLUGIN = {
    "jwt-type": "ecdsa",
    "jwt-key-size": "256",
    "access-token-duration": 3600,
    "refresh-token-duration": 1209600,
    "code-duration": 600,
    "refresh-token-rolling": True,
    "allow-non-oidc": True,
    "auth-type-code-enabled": True,
    "auth-type-password-enabled": True,
    "auth-type-refresh-enabled": True,
    "introspection-revocation-allowed": True,
    "introspection-revocation-allow-target-client": True,
}


class Glewlwyd(Peer):
    name = "Glewlwyd"
    own_hash = "PBKDF2-SHA256, 150,000 rounds"
    no_equal_hash = "it knows PBKDF2 only"
    ready_at = "/config"
    revocations = 1500

    def install(self):
        if PROGRAM.exists():
            return
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
        run("apt-get", "download", "glewlwyd", cwd=FOLDER, what="apt-get download glewlwyd")
        run("dpkg-deb", "--extract", *FOLDER.glob("glewlwyd_*.deb"), FOLDER, what="dpkg-deb")

    def version(self):
        package = next(FOLDER.glob("glewlwyd_*.deb"), None)
        if package is None:
            raise Absent("its package is not where it was unpacked from")
        return run("dpkg-deb", "--field", package, "Version", what="dpkg-deb").strip()

    def prepare(self):
        """The configuration and the tables that the package brings."""
        sample = gzip.decompress((FOLDER / "usr/share/doc/glewlwyd/glewlwyd.conf.sample.gz").read_bytes()).decode()
        ours = {
            "port": str(self.port),
            "external_url": f'"http://127.0.0.1:{self.port}"',
            "static_files_path": f'"{self.folder}"',
            "log_level": '"ERROR"',
            "cookie_secure": "0",
            "cookie_domain": '"127.0.0.1"',
        }
        for name, value in ours.items():
            sample = re.sub(rf"(?m)^{name}=.*$", f"{name}={value}", sample)
        sample = sample.replace('"/usr/lib/', f'"{FOLDER}/usr/lib/').replace("/var/cache/glewlwyd/", f"{self.folder}/")
        (self.folder / "glewlwyd.conf").write_text(sample, encoding="utf-8")
        tables = (FOLDER / "usr/share/dbconfig-common/data/glewlwyd/install/sqlite3").read_text(encoding="utf-8")
        database = sqlite3.connect(self.folder / "glewlwyd.db")
        database.execute("PRAGMA journal_mode = WAL")  # faster than the mode that it comes with; the file remembers it
        database.executescript(tables)
        database.close()

    def command(self):
        return [PROGRAM, f"--config-file={self.folder / 'glewlwyd.conf'}"], {}

    def add_accounts(self):
        cookie = {"Cookie": self.administrator()}
        key = run("openssl", "ecparam", "-genkey", "-name", "prime256v1", "-noout", what="openssl")
        (self.folder / "key.pem").write_text(key, encoding="utf-8")
        public = run("openssl", "ec", "-pubout", "-in", self.folder / "key.pem", what="openssl")
        parameters = PLUGIN | {"iss": f"http://127.0.0.1:{self.port}", "key": key, "cert": public}
        client = {
            "client_id": CLIENT, "name": CLIENT, "confidential": True, "client_secret": CLIENT_SECRET, "enabled": True,
            "authorization_type": ["password", "refresh_token", "code"], "scope": ["openid"],
            "token_endpoint_auth_method": ["client_secret_basic"],
        }
        plugin = {"module": "oidc", "name": "oidc", "display_name": "oidc", "parameters": parameters}
        self.ask_well(json_request("POST", "/api/mod/plugin/", plugin, cookie))
        self.ask_well(json_request("POST", "/api/client/", client, cookie))
        for email in EMAILS:
            user = {"username": email, "name": email, "email": email, "password": PASSWORD, "enabled": True,
                    "scope": ["openid"]}
            self.ask_well(json_request("POST", "/api/user/?source=database", user, cookie))

    def administrator(self):
        """The cookie of its first administrator."""
        with self.connection() as connection:
            connection.request("POST", "/api/auth/", json.dumps({"username": "admin", "password": "password"}),
                               {"Content-Type": "application/json"})
            return connection.getresponse().headers["Set-Cookie"].partition(";")[0]

    def as_client(self, path, fields):
        credentials = base64.b64encode(f"{CLIENT}:{CLIENT_SECRET}".encode()).decode()
        return form_request(f"/api/oidc/{path}", fields, {"Authorization": f"Basic {credentials}"})

    def login_request(self, email):
        fields = {"grant_type": "password", "username": email, "password": PASSWORD, "scope": "openid"}
        return self.as_client("token", fields)

    def tokens_of(self, answer):
        body = json.loads(answer)
        return body["access_token"], body.get("refresh_token")

    def refresh_request(self, refresh):
        return self.as_client("token", {"grant_type": "refresh_token", "refresh_token": refresh})

    def check_request(self, access):
        return request("GET", "/api/oidc/userinfo", bearer(access))

    def revoke_request(self, access):
        return self.as_client("revoke", {"token": access, "token_type_hint": "access_token"})
