"""Mail, from the request that causes it to a real mail server, also one that refuses, hangs or dies half way."""

import email.policy
import json
import re
import sqlite3
import stat
import time
from email import message_from_bytes

import pytest
from prometheus_client.parser import text_string_to_metric_families

from harness import smtp
from harness.client import BASE
from harness.process import free_port
from harness.site import PASSWORD, ROOT
from harness.smtp import Certificate, SmtpServer
from harness.waiting import until

# Short, so that a test sees several attempts.
QUICK = {"mail.retry_time": "200ms", "mail.time": "1s"}


@pytest.fixture
def mail_server():
    with SmtpServer() as server:
        yield server


@pytest.fixture
def start(make_site):
    """Starts a node that sends its mail to `server`: start(server, {further settings}) gives (site, client)."""

    def make(server, settings=(), **options):
        site = make_site("sqlite", settings=server.settings() | QUICK | dict(settings), **options)
        return site, site.serve().client()

    return make


def sign_up(client, address, **more):
    answer = client.call("POST", f"{BASE}/signup", body={"email": address, "password": PASSWORD, **more})
    assert answer.status == 202, (answer.status, answer.body)


def outbox(site):
    """Every mail, oldest first, as the store has it."""
    with sqlite3.connect(f"file:{site.database_file}?mode=ro", uri=True) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute("SELECT * FROM outbox WHERE kind = 'mail' ORDER BY id")]


def wait_for_state(site, state, seconds=10):
    """The one mail, once it is in that state."""

    def reached():
        rows = outbox(site)
        return len(rows) == 1 and rows[0]["state"] == state and rows[0]

    return until(reached, seconds=seconds, what=f"the mail is {state}", pause=0.02)


def log_of(site, event):
    return [record for record in site.servers[0].log_records() if record["event"] == event]


def audited(site, event):
    with sqlite3.connect(f"file:{site.database_file}?mode=ro", uri=True) as database:
        return database.execute("SELECT COUNT(*) FROM audit_records WHERE event = ?", [event]).fetchone()[0]


# --- what is sent -----------------------------------------------------------------------------------------------------


def test_mail_of_a_sign_up_arrives_and_its_link_works(mail_server, start):
    site, client = start(mail_server, {"links.front_end": "https://app.example.com/account"})
    sign_up(client, "ann@example.org")
    mail = mail_server.wait_for("ann@example.org")
    assert mail.sender == "auth@example.com" and mail.recipients == ["ann@example.org"]
    assert mail.message["From"] == "Example <auth@example.com>" and mail.message["To"] == "ann@example.org"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert mail.message["Date"].datetime.timestamp() == pytest.approx(time.time(), abs=30)
    assert mail.message["Message-ID"].endswith("@example.com>")
    assert mail.subject == "Confirm your address for Postern"
    assert mail.message.get_content_type() == "multipart/alternative"
    assert all(line.isascii() and len(line) <= 78 for line in mail.raw.splitlines())
    assert mail.link().startswith("https://app.example.com/account/verify?token=")
    assert client.call("POST", f"{BASE}/email/verify", body={"token": mail.token()}).status == 200
    assert client.login("ann@example.org", PASSWORD).status == 200
    row = wait_for_state(site, "sent")
    assert row["attempts"] == 1 and row["last_error"] == ""
    assert mail.token() not in json.dumps({key: str(value) for key, value in row.items()})
    assert mail.token() not in site.servers[0].log()


def test_mail_is_in_the_language_of_the_account(mail_server, start):
    _, client = start(mail_server)
    sign_up(client, "franz@example.org", locale="de-AT")
    mail = mail_server.wait_for("franz@example.org")
    assert mail.subject == "Bestätigen Sie Ihre Adresse für Postern"
    assert "bestätigen" in mail.text and '<html lang="de">' in mail.html


def test_mail_goes_to_an_internationalised_domain_as_a_labels(mail_server, start):
    _, client = start(mail_server)
    sign_up(client, "ann@bücher.example")
    assert mail_server.wait_for("ann@xn--bcher-kva.example").message["To"] == "ann@xn--bcher-kva.example"


def test_names_cannot_write_headers_or_tags(mail_server, start):
    _, client = start(mail_server, {"service_name": '<b>"Acme" & Söhne</b>'})
    sign_up(client, "ann@example.org")
    mail = mail_server.wait_for("ann@example.org")
    assert mail.subject == 'Confirm your address for <b>"Acme" & Söhne</b>'
    assert "<b>" not in mail.html and "&lt;b&gt;&quot;Acme&quot; &amp; Söhne" in mail.html


def test_request_does_not_wait_for_the_mail_server(mail_server, start):
    mail_server.mode = smtp.HANG
    _, client = start(mail_server, {"mail.time": "30s"})
    begin = time.monotonic()
    sign_up(client, "ann@example.org")
    assert time.monotonic() - begin < 15


# --- a mail server in trouble ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [smtp.TEMPORARY, smtp.HANG, smtp.DROP_IN_DATA, smtp.DROP_AFTER_DATA])
def test_mail_is_sent_again_until_the_server_takes_it(mail_server, start, mode):
    mail_server.mode = mode
    site, client = start(mail_server)
    sign_up(client, "ann@example.org")
    until(lambda: mail_server.attempts >= 2, seconds=15, what="a second attempt", pause=0.02)
    row = outbox(site)[0]
    assert row["state"] == "pending" and "mail server" in row["last_error"]
    mail_server.mode = smtp.ACCEPT
    mail = mail_server.wait_for("ann@example.org")
    assert wait_for_state(site, "sent")["attempts"] >= 3
    time.sleep(1)
    assert len(mail_server.mails) == 1
    # What a server kept without saying so can be told from the mail that was taken: it is the same one.
    assert {each.message["Message-ID"] for each in mail_server.unanswered} <= {mail.message["Message-ID"]}
    assert len(mail_server.unanswered) >= 2 if mode == smtp.DROP_AFTER_DATA else not mail_server.unanswered


@pytest.mark.parametrize("mode", [smtp.REFUSE_RECIPIENT, smtp.REFUSE_CONTENT])
def test_refusal_of_the_recipient_or_the_mail_is_final(mail_server, start, mode):
    mail_server.mode = mode
    site, client = start(mail_server)
    sign_up(client, "nobody@example.org")
    row = wait_for_state(site, "failed")
    assert row["attempts"] == 1 and ("No such mailbox" in row["last_error"] or "Not wanted" in row["last_error"])
    assert audited(site, "mail.failed") == 1
    assert [record["attempts"] for record in log_of(site, "mail_failed")] == [1]
    time.sleep(1)
    assert mail_server.attempts == 1
    # The next mail goes out as if nothing had been.
    mail_server.mode = smtp.ACCEPT
    sign_up(client, "ann@example.org")
    mail_server.wait_for("ann@example.org")


def test_mail_waits_while_the_server_is_down(make_site):
    port = free_port()
    with SmtpServer(port=port) as first:
        settings = first.settings() | QUICK
    site = make_site("sqlite", settings=settings)
    client = site.serve().client()
    sign_up(client, "ann@example.org")
    until(lambda: outbox(site)[0]["attempts"] >= 2, seconds=10, what="attempts", pause=0.02)
    with SmtpServer(port=port) as second:
        second.wait_for("ann@example.org")
        wait_for_state(site, "sent")


def test_wrong_password_loses_no_mail_and_is_never_shown(start, tmp_path):
    secret = "a wrong smtp password"
    (tmp_path / "password").write_text(secret + "\n")
    with SmtpServer(login=("postern", "the right password")) as server:
        settings = {"mail.smtp_user": "postern", "mail.smtp_password_file": str(tmp_path / "password")}
        site, client = start(server, settings)
        sign_up(client, "ann@example.org")
        until(lambda: server.logins, seconds=10, what="a login", pause=0.02)
        assert server.logins[0] == ("postern", secret)
        until(lambda: log_of(site, "mail_not_sent"), seconds=10, what="a line in the log", pause=0.02)
        assert "refused the authentication: 535" in log_of(site, "mail_not_sent")[0]["error"]
        doctor = site.command("doctor", "--json")
        assert any("refused the authentication" in each["message"] for each in json.loads(doctor.stdout))
        row = outbox(site)[0]
        assert row["state"] == "pending"
        shown = site.servers[0].log() + doctor.stdout + doctor.stderr + row["last_error"]
        assert secret not in shown and "535" in shown
        # Put right by the operator, who need not do anything else.
        (tmp_path / "password").write_text("the right password\n")
        site.servers[0].restart()
        server.wait_for("ann@example.org", seconds=20)


def test_password_can_come_from_the_environment(start):
    with SmtpServer(login=("postern", "s3cret and long")) as server:
        _, client = start(
            server, {"mail.smtp_user": "postern"}, environ={"POSTERN_MAIL_SMTP_PASSWORD": "s3cret and long"}
        )
        sign_up(client, "ann@example.org")
        server.wait_for("ann@example.org")


def test_node_that_is_killed_while_sending_loses_nothing(mail_server, start):
    mail_server.mode = smtp.HANG
    site, client = start(mail_server)
    sign_up(client, "ann@example.org")
    until(lambda: mail_server.attempts >= 1, seconds=10, what="an attempt", pause=0.005)
    site.servers[0].kill()
    mail_server.mode = smtp.ACCEPT
    site.servers[0].start()
    mail_server.wait_for("ann@example.org", seconds=20)  # once the dead node's lease has run out
    wait_for_state(site, "sent")
    assert len(mail_server.mails) == 1


def test_node_stops_soon_while_a_mail_hangs_and_sends_it_after_its_start(mail_server, start):
    mail_server.mode = smtp.HANG
    site, client = start(mail_server, {"mail.time": "60s"})
    sign_up(client, "ann@example.org")
    until(lambda: mail_server.attempts >= 1, seconds=10, what="an attempt", pause=0.005)
    begin = time.monotonic()
    assert site.servers[0].stop() == 0
    assert time.monotonic() - begin < 8
    assert outbox(site)[0]["state"] == "pending"
    mail_server.mode = smtp.ACCEPT
    site.servers[0].start()
    mail_server.wait_for("ann@example.org", seconds=5)


def test_mail_whose_link_was_replaced_does_not_leave(mail_server, start):
    mail_server.mode = smtp.TEMPORARY
    site, client = start(mail_server)
    sign_up(client, "ann@example.org")
    answer = client.call("POST", f"{BASE}/email/verify/resend", body={"email": "ann@example.org"})
    assert answer.status == 202, answer.body
    until(lambda: mail_server.attempts >= 3, seconds=10, what="attempts", pause=0.02)
    mail_server.mode = smtp.ACCEPT
    mail = mail_server.wait_for("ann@example.org")
    until(lambda: [row["state"] for row in outbox(site)] == ["sent"], seconds=10, what="one mail left", pause=0.02)
    assert len(mail_server.mails) == 1
    assert client.call("POST", f"{BASE}/email/verify", body={"token": mail.token()}).status == 200


def test_nodes_of_a_cluster_send_each_mail_once(mail_server, make_site):
    site = make_site("postgresql", settings=mail_server.settings() | QUICK)
    clients = [site.serve().client(), site.serve().client()]
    addresses = [f"user{number}@example.org" for number in range(12)]
    for number, address in enumerate(addresses):
        sign_up(clients[number % 2], address)
    for address in addresses:
        mail_server.wait_for(address)
    time.sleep(1)
    assert sorted(mail.recipients[0] for mail in mail_server.mails) == sorted(addresses)


# --- TLS --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("implicit", [False, True])
def test_mail_goes_over_tls_with_the_operators_authority(start, tmp_path, implicit):
    certificate = Certificate(tmp_path)
    with SmtpServer(login=("postern", "secret enough"), certificate=certificate, implicit_tls=implicit) as server:
        settings = {"mail.smtp_ca_file": str(certificate.ca_file), "mail.smtp_user": "postern"}
        _, client = start(server, settings, environ={"POSTERN_MAIL_SMTP_PASSWORD": "secret enough"})
        sign_up(client, "ann@example.org")
        server.wait_for("ann@example.org")
        assert set(server.logins) == {("postern", "secret enough")}


@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.parametrize(
    ("flaw", "reason"),
    [
        ("unknown authority", "SSL certificate problem: unable to get local issuer"),
        ("another name", "no alternative certificate subject name matches"),
        ("expired", "SSL certificate problem: certificate has expired"),
    ],
)
def test_certificate_that_is_wrong_gets_no_mail_and_no_password(start, tmp_path, flaw, reason, implicit):
    names = ("mail.example.net",) if flaw == "another name" else ("localhost",)
    certificate = Certificate(tmp_path, names=names, days=0.00001 if flaw == "expired" else 1)
    authority = certificate.ca_file
    if flaw == "unknown authority":
        (tmp_path / "other").mkdir()
        authority = Certificate(tmp_path / "other").ca_file
    time.sleep(1 if flaw == "expired" else 0)
    with SmtpServer(login=("postern", "secret enough"), certificate=certificate, implicit_tls=implicit) as server:
        settings = {"mail.smtp_ca_file": str(authority), "mail.smtp_user": "postern"}
        site, client = start(server, settings, environ={"POSTERN_MAIL_SMTP_PASSWORD": "secret enough"})
        sign_up(client, "ann@example.org")
        until(lambda: len(log_of(site, "mail_not_sent")) >= 2, seconds=10, what="two attempts", pause=0.02)
        assert re.search(reason, log_of(site, "mail_not_sent")[0]["error"])
        assert not server.mails and not server.logins and server.attempts == 0
        assert outbox(site)[0]["state"] == "pending"


def test_server_without_starttls_gets_nothing(mail_server, start):
    site, client = start(mail_server, {"mail.smtp_security": "starttls"})
    sign_up(client, "ann@example.org")
    until(lambda: len(log_of(site, "mail_not_sent")) >= 2, seconds=10, what="two attempts", pause=0.02)
    assert "STARTTLS" in log_of(site, "mail_not_sent")[0]["error"]
    assert mail_server.attempts == 0


# --- development ------------------------------------------------------------------------------------------------------


def test_mode_file_writes_the_mail_and_logs_its_link(make_site):
    site = make_site("sqlite", settings={"mail.mode": "file"})
    client = site.serve().client()
    sign_up(client, "ann@example.org")
    line = until(lambda: log_of(site, "mail_written"), seconds=10, what="the mail is written", pause=0.02)[0]
    assert line["recipient"] == "ann@example.org"
    (file,) = (site.data / "mail").iterdir()
    assert str(file) == line["file"] and file.suffix == ".eml" and "-verify_email-" in file.name
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    message = message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert line["link"] in message.get_body(("plain",)).get_content()
    token = line["link"].partition("token=")[2]
    assert client.call("POST", f"{BASE}/email/verify", body={"token": token}).status == 200


# --- the operator -----------------------------------------------------------------------------------------------------


def write_template(folder, name, subject, text, html):
    folder.mkdir(parents=True, exist_ok=True)
    for ending, content in ((".subject", subject), (".txt", text), (".html", html)):
        (folder / (name + ending)).write_text(content, encoding="utf-8")


def test_templates_of_the_operator_go_before(mail_server, start, tmp_path):
    write_template(
        tmp_path, "verify_email", "Welcome to {{service_name}}\n", "Hi {{address}}: {{link}}\n", "<i>{{link}}</i>\n"
    )
    _, client = start(mail_server, {"mail.templates": str(tmp_path), "service_name": "Acme"})
    sign_up(client, "ann@example.org")
    mail = mail_server.wait_for("ann@example.org")
    assert mail.subject == "Welcome to Acme"
    assert mail.text == f"Hi ann@example.org: {mail.link()}\n" and mail.html == f"<i>{mail.link()}</i>\n"


def test_template_with_a_mistake_is_told_at_the_start(mail_server, make_site, tmp_path):
    write_template(tmp_path, "verify_email", "Welcome\n", "{{lnik}}\n", "{{link}}\n")
    site = make_site("sqlite", settings=mail_server.settings() | {"mail.templates": str(tmp_path)})
    done = site.command("serve", "--listen", f"127.0.0.1:{free_port()}")
    assert done.returncode != 0
    assert 'verify_email.txt names the variable "lnik"' in done.stderr
    assert 'names the variable \\"lnik\\"' in site.command("doctor", "--json").stdout


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"mail.mode": "smtp", "mail.from": "a@example.com"}, "mail.smtp_host is not set"),
        ({"mail.mode": "smtp", "mail.smtp_host": "localhost"}, "mail.from is not set"),
        ({"mail.from": "nobody"}, 'mail.from is "nobody"'),
        ({"mail.from": "A\r\nBcc: b@example.com <a@example.com>"}, "control character"),
        ({"mail.mode": "smtp", "mail.from": "a@example.com", "mail.smtp_host": "smtp://x"}, "name or the address"),
        ({"mail.mode": "smtp", "mail.from": "a@example.com", "mail.smtp_host": "x", "mail.smtp_user": "u"}, "password"),
        ({"links.color": "red"}, '"#rrggbb"'),
        ({"links.front_end": "javascript:alert(1)"}, "http:// or https://"),
        ({"webhooks.urls": ["ftp://example.com"]}, "http:// or https://"),
        ({"webhooks.urls": ["https://example.com"]}, "no secret to sign with"),
        ({"webhooks.urls": ["https://example.com"], "webhooks.secret_file": "/nonexistent"}, "cannot be read"),
    ],
)
def test_configuration_that_cannot_work_is_told_at_the_start(make_site, settings, told):
    site = make_site("sqlite", settings=settings)
    done = site.command("serve", "--listen", f"127.0.0.1:{free_port()}")
    assert done.returncode != 0 and told in done.stderr, done.stderr


def test_doctor_says_how_the_mail_server_is(mail_server, start):
    site, _ = start(mail_server)

    def finding():
        found = json.loads(site.command("doctor", "--json").stdout)
        (mail,) = [each for each in found if each["subject"] == "mail"]
        return mail

    assert finding()["severity"] == "ok" and f"127.0.0.1:{mail_server.port}" in finding()["message"]
    mail_server.close()
    assert finding()["severity"] == "problem" and finding()["advice"]
    assert mail_server.attempts == 0


def test_metrics_tell_of_mail_that_waits(mail_server, start):
    mail_server.mode = smtp.TEMPORARY
    _, client = start(mail_server)
    sign_up(client, "ann@example.org")

    def value(name, **labels):
        text = client.call("GET", "/metrics").body.decode()
        return next(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    until(
        lambda: value("postern_outbox_entries", kind="mail", state="pending") == 1,
        seconds=15,
        what="it is counted",
        pause=0.2,
    )
    assert value("postern_deliveries_total", kind="mail", result="retried") >= 1
    assert value("postern_outbox_oldest_seconds", kind="mail") > 0
    mail_server.mode = smtp.ACCEPT
    until(
        lambda: value("postern_deliveries_total", kind="mail", result="sent") == 1,
        seconds=10,
        what="it is sent",
        pause=0.1,
    )


def test_commands_of_the_documentation_work(make_site, tmp_path):
    """The configuration of docs/mail.md, with a server of the test's own in it, and the commands below."""
    text = (ROOT / "docs" / "mail.md").read_text(encoding="utf-8")
    fences = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S)
    configuration = next(content for language, content in fences if language == "toml")
    commands = [line for _, content in fences for line in content.splitlines() if line.startswith("postern ")]
    assert commands
    certificate = Certificate(tmp_path)
    (tmp_path / "password").write_text("the right password\n")
    with SmtpServer(login=("auth@example.com", "the right password"), certificate=certificate) as server:
        for old, new in {
            '"mail.example.com"': '"localhost"',
            "587": str(server.port),
            "/etc/postern/smtp-password": str(tmp_path / "password"),
        }.items():
            assert old in configuration
            configuration = configuration.replace(old, new)
        site = make_site("sqlite")
        site.serve()
        (site.folder / "postern.toml").write_text(configuration + f'smtp_ca_file = "{certificate.ca_file}"\n')
        for command in commands:
            done = site.shell(command, tmp_path, timeout=30)
            assert done.returncode == 0, (command, done.stdout, done.stderr)
        assert server.logins == [("auth@example.com", "the right password")]
