"""deploy/nginx.conf, with a real nginx: Postern sees the client behind it, and nobody can pretend to be another."""

import datetime
import getpass
import ipaddress
import shutil
import signal
import ssl
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from harness.client import BASE
from harness.process import free_port, stop
from harness.site import ROOT
from harness.waiting import until
from harness.wire import Connection

LIMIT = 10  # throttle.account_network_failures
WRONG = "this is not the password"


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


def write_configuration(folder, port, upstream):
    """The shipped file with this test's ports and paths, inside what a distribution puts around it."""
    text = (ROOT / "deploy/nginx.conf").read_text(encoding="utf-8")
    for shipped, here in {
        "server 127.0.0.1:8080;": f"server 127.0.0.1:{upstream};",
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "/etc/ssl/auth.example.com": str(folder),
    }.items():
        assert shipped in text
        text = text.replace(shipped, here)
    (folder / "postern.conf").write_text(text, encoding="utf-8")
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"user {getpass.getuser()};\npid {folder}/pid;\nerror_log {folder}/error.log;\nworker_processes 1;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{temporary}include {folder}/postern.conf;\n}}\n",
        encoding="utf-8",
    )


@pytest.fixture
def behind_nginx(make_site, tmp_path):
    """(site, connect): connect(source) is a TLS connection to nginx from that address of this machine."""
    assert shutil.which("nginx"), "nginx is not installed (Debian package nginx)"
    site = make_site("sqlite", settings={"http.trusted_proxies": ["127.0.0.1"]}, throttled=True)
    server = site.serve()
    port = free_port()
    write_certificate(tmp_path)
    write_configuration(tmp_path, port, server.port)
    context = ssl.create_default_context(cafile=str(tmp_path / "fullchain.pem"))
    process = subprocess.Popen(
        ["nginx", "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path), "-g", "daemon off;"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def connect(source="127.0.0.20"):
        return Connection(port, tls=context, source=source)

    def answers():
        assert process.poll() is None, (tmp_path / "error.log").read_text()
        try:
            with connect() as connection:
                return connection.request("GET", "/healthz").status == 200
        except OSError:
            return False

    try:
        until(answers, seconds=10, what="nginx answers", pause=0.05)
        yield site, connect
    finally:
        process.send_signal(signal.SIGTERM)
        stop(process)


def login(connection, account, password, **headers):
    body = {"email": account.email, "password": password}
    return connection.request("POST", f"{BASE}/token", headers=headers, body=body)


def test_the_client_behind_nginx_is_known_by_its_own_address(behind_nginx):
    site, connect = behind_nginx
    account = site.new_account()
    with connect("127.0.0.20") as connection:
        assert login(connection, account, account.password).status == 200
    assert [session["address"] for session in site.run_json("session", "list", account.email)] == ["127.0.0.20"]


def test_a_forged_forwarded_address_does_not_get_past_nginx(behind_nginx):
    site, connect = behind_nginx
    account = site.new_account()
    with connect("127.0.0.21") as connection:
        answers = [
            login(connection, account, WRONG, **{"X-Forwarded-For": f"198.51.100.{number}"})
            for number in range(LIMIT + 5)
        ]
    assert [answer.status for answer in answers] == [401] * LIMIT + [429] * 5
    with connect("127.0.0.22") as connection:
        assert login(connection, account, account.password).status == 200, "another client is not the attacker"


def test_what_is_not_for_the_public_is_not_there(behind_nginx):
    _, connect = behind_nginx
    with connect() as connection:
        assert connection.request("GET", "/metrics").status == 404
        assert connection.request("GET", "/.well-known/jwks.json").status == 200


def test_answers_come_through_as_they_are(behind_nginx):
    site, connect = behind_nginx
    with connect() as connection:
        large = connection.request("POST", f"{BASE}/token", body=b"x" * (70 * 1024))
        assert large.status == 413 and large.json()["code"]
    with connect() as connection:
        refused = connection.request("GET", f"{BASE}/me")
        assert refused.status == 401 and refused.header("WWW-Authenticate") == "Bearer"
    assert site.servers[0].process.poll() is None
