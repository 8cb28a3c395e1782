"""What an operator relies on: probes, metrics, logs, request ids, shutdown, TLS."""

import datetime
import ipaddress
import ssl
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from prometheus_client.parser import text_string_to_metric_families

from harness.client import BASE, bearer
from harness.waiting import until
from harness.wire import ConnectionEnded, request_bytes


def test_probes_answer_json(client):
    for path in ("/healthz", "/readyz"):
        answer = client.call("GET", path)
        assert answer.status == 200 and set(answer.json()) == {"status"}


def test_head_is_get_without_the_body(client):
    with client.connect() as connection:
        head = connection.request("HEAD", "/healthz")
        full = connection.request("GET", "/healthz")
    assert head.status == 200 and head.body == b""
    assert head.header("Content-Length") == str(len(full.body))


def metric_samples(client):
    answer = client.call("GET", "/metrics")
    assert answer.status == 200 and answer.header("Content-Type").startswith("text/plain")
    families = list(text_string_to_metric_families(answer.body.decode()))
    assert families and all(family.documentation for family in families)
    assert all(family.name.startswith("postern_") for family in families), [family.name for family in families]
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for f in families for sample in f.samples}


def test_metrics_parse_and_count(client, tokens):
    before = metric_samples(client)
    for _ in range(7):
        client.me(tokens.access)
    after = metric_samples(client)
    grown = [key for key, value in after.items() if value - before.get(key, 0) == 7]
    assert any("/me" in str(labels) for _, labels in grown), grown


def test_metrics_do_not_grow_with_what_strangers_ask_for(client):
    for number in range(50):
        client.call("GET", f"/made/up/{number}")
    count = len(metric_samples(client))
    for number in range(50, 150):
        client.call("GET", f"/made/up/{number}?x={number}")
    assert len(metric_samples(client)) == count


def test_request_ids_are_unique_and_in_the_log(client, server):
    ids = {client.call("GET", "/healthz").header("X-Request-Id") for _ in range(20)}
    assert len(ids) == 20
    one = ids.pop()
    until(lambda: one in server.log(), seconds=2, what="the request's id is in the log")


def test_request_id_of_the_caller_cannot_forge_log_lines(client, server):
    answer = client.call("GET", "/healthz", headers={"X-Request-Id": 'x"}{"event":"forged'})
    assert '"' not in answer.header("X-Request-Id")
    client.call("GET", "/healthz", headers={"X-Request-Id": "a" * 5000})
    client.call("GET", '/a"b\\c', headers={"User-Agent": '"}\x7f'})
    assert all("forged" != record.get("event") for record in server.log_records())


def test_every_log_line_is_json_with_time_level_and_event(client, server, account, tokens):
    client.login(account.email, "a wrong password, then")
    client.call("GET", "/nowhere")
    records = server.log_records()
    assert records
    for record in records:
        assert {"time", "level", "event"} <= set(record), record
        datetime.datetime.fromisoformat(record["time"].replace("Z", "+00:00"))
        assert record["level"] in ("debug", "info", "warning", "error")
    assert not [record for record in records if record["level"] == "error"]


def test_connection_is_kept_alive_and_pipelined_requests_are_answered_in_order(client):
    with client.connect() as connection:
        for _ in range(50):
            assert connection.request("GET", "/healthz").status == 200
        connection.send(
            request_bytes("GET", "/healthz") + request_bytes("GET", "/nowhere") + request_bytes("GET", "/readyz")
        )
        assert [connection.read_answer().status for _ in range(3)] == [200, 404, 200]


def test_connection_close_and_http_1_0_are_honoured(client):
    with client.connect(timeout=5) as connection:
        connection.send(request_bytes("GET", "/healthz", headers={"Connection": "close"}))
        assert connection.read_answer().status == 200
        assert connection.is_closed_by_server()
    with client.connect(timeout=5) as connection:
        connection.send(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert connection.read_answer().status == 200
        assert connection.is_closed_by_server()


def test_expect_100_continue_is_answered(client, account):
    body = b'{"email":"%s","password":"%s"}' % (account.email.encode(), account.password.encode())
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Expect": "100-continue"}
    with client.connect(timeout=5) as connection:
        connection.send(request_bytes("POST", f"{BASE}/token", headers=headers))
        assert connection.read_answer().status == 100
        connection.send(body)
        assert connection.read_answer().status == 200


def test_sigterm_finishes_the_logins_it_has_accepted(make_site, engine):
    site = make_site(engine)
    server = site.serve()
    client = server.client()
    account = site.new_account()
    idle = client.connect()
    assert idle.request("GET", "/healthz").status == 200
    connections = [client.connect() for _ in range(12)]
    for connection in connections:
        body = {"email": account.email, "password": account.password}
        connection.send(request_bytes("POST", f"{BASE}/token", body=body))
    first = connections[0].read_answer()
    assert first.status == 200
    begin = time.monotonic()
    server.process.terminate()
    answers = [connection.read_answer() for connection in connections[1:]]
    assert [answer.status for answer in answers] == [200] * 11
    assert server.process.wait(15) == 0
    assert time.monotonic() - begin < 10
    assert idle.is_closed_by_server()
    server.start()
    assert all(client.accepts(answer.json()["access_token"]) for answer in answers)


def test_sigterm_of_an_idle_server_is_quick_and_clean(make_site, engine):
    server = make_site(engine).serve()
    with server.client().connect() as connection:
        connection.request("GET", "/healthz")
        begin = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begin < 3
    assert not [record for record in server.log_records() if record["level"] in ("warning", "error")]


def test_start_is_quick(make_site):
    server = make_site("sqlite").serve()
    server.stop()
    begin = time.monotonic()
    server.start()
    assert time.monotonic() - begin < 2


# --- TLS --------------------------------------------------------------------------------------------------------------


def write_certificate(folder, name):
    """A self-signed certificate for localhost; returns its serial number."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (folder / "key.pem").chmod(0o600)
    return certificate.serial_number


def trust(folder, **options):
    context = ssl.create_default_context(cafile=folder / "cert.pem")
    for name, value in options.items():
        setattr(context, name, value)
    return context


def served_serial(client):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with client.connect(tls=context) as connection:
        return x509.load_der_x509_certificate(connection.socket.getpeercert(True)).serial_number


@pytest.fixture
def tls_site(make_site, tmp_path):
    first = write_certificate(tmp_path, "first")
    settings = {"tls.certificate": str(tmp_path / "cert.pem"), "tls.key": str(tmp_path / "key.pem")}
    site = make_site("sqlite", settings=settings, tls=trust(tmp_path))
    site.serve()
    return site, tmp_path, first


def test_login_over_tls(tls_site):
    site, folder, _ = tls_site
    client = site.servers[0].client()
    tokens = client.sign_in(site.new_account())
    assert client.me(tokens.access).header("Strict-Transport-Security")
    with client.connect(tls=trust(folder)) as connection:
        assert connection.socket.version() in ("TLSv1.2", "TLSv1.3")
        for _ in range(3):
            assert connection.request("GET", f"{BASE}/me", headers=bearer(tokens.access)).status == 200
    with pytest.raises((ConnectionEnded, OSError)), client.connect(tls=None) as connection:
        connection.request("GET", "/healthz")
        raise AssertionError("plain HTTP was answered on a TLS port")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_old_tls_is_refused(tls_site):
    site, folder, _ = tls_site
    context = trust(folder)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(OSError):
        site.servers[0].client(tls=context).connect()


def test_sighup_takes_the_new_certificate_and_keeps_connections(tls_site):
    site, folder, first = tls_site
    server = site.servers[0]
    client = server.client()
    assert served_serial(client) == first
    with client.connect() as connection:
        assert connection.request("GET", "/healthz").status == 200
        second = write_certificate(folder, "second")
        server.hang_up()
        until(lambda: served_serial(client) == second, seconds=5, what="the new certificate is served", pause=0.02)
        assert connection.request("GET", "/healthz").status == 200


def test_sighup_with_a_broken_certificate_keeps_the_old_one_and_says_so(tls_site):
    site, folder, first = tls_site
    server = site.servers[0]
    (folder / "cert.pem").write_text("not a certificate")
    server.hang_up()
    until(
        lambda: [r for r in server.log_records() if r["level"] in ("warning", "error") and "cert" in str(r).lower()],
        seconds=5,
        what="the log tells of the broken certificate",
    )
    assert served_serial(server.client()) == first


def test_silent_tls_client_does_not_hold_up_others(tls_site):
    site, _, _ = tls_site
    client = site.servers[0].client()
    silent = [client.connect(tls=None) for _ in range(50)]
    done = []
    thread = threading.Thread(target=lambda: done.append(client.call("GET", "/healthz").status))
    thread.start()
    thread.join(5)
    assert done == [200]
    for connection in silent:
        connection.close()
