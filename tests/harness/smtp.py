"""A real SMTP server on loopback that keeps what it is sent, and misbehaves when asked to."""

import asyncio
import datetime
import email.policy
import ipaddress
import re
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from harness.process import free_port
from harness.waiting import until

# What the server does with a mail, besides accepting it.
ACCEPT = "accept"
REFUSE_RECIPIENT = "refuse recipient"  # 550 to RCPT: for good
REFUSE_CONTENT = "refuse content"  # 554 to the end of DATA: for good
TEMPORARY = "temporary"  # 451 to RCPT
REFUSE_LOGIN = "refuse login"  # 535, whatever the password
HANG = "hang"  # never answers RCPT
DROP_IN_DATA = "drop in data"  # the connection ends in the middle of DATA
DROP_AFTER_DATA = "drop after data"  # all of DATA has come; the connection ends before any answer

LINK = re.compile(r"https?://[^\s\"<>]+")


@dataclass(frozen=True)
class Mail:
    """One mail as it came over the wire."""

    sender: str  # of the envelope
    recipients: list
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        return email.message_from_bytes(self.raw, policy=email.policy.default)

    @property
    def subject(self):
        return self.message["Subject"]

    @property
    def text(self):
        return self._part("plain")

    @property
    def html(self):
        return self._part("html")

    def _part(self, kind):
        return self.message.get_body((kind,)).get_content().replace("\r\n", "\n")

    def link(self):
        """The one link that carries a token. Both parts must have the same."""
        found = {url for url in LINK.findall(self.text) if "token=" in url}
        assert len(found) == 1, found
        (url,) = found
        assert url in self.html, "the HTML part has another link"
        return url

    def token(self):
        return parse_qs(urlsplit(self.link()).query)["token"][0]


class _Session(SMTP):
    def __init__(self, owner, *arguments, **options):
        self.owner = owner
        super().__init__(*arguments, **options)

    async def smtp_DATA(self, arg):
        if self.owner.mode != DROP_IN_DATA:
            await super().smtp_DATA(arg)
            return
        await self.push("354 Go ahead")
        await self._reader.read(40)
        self.owner.note()
        self.transport.abort()


class _Controller(Controller):
    def __init__(self, owner, handler, **options):
        self.owner = owner
        super().__init__(handler, **options)

    def factory(self):
        return _Session(self.owner, self.handler, **self.SMTP_kwargs)


class _Handler:
    def __init__(self, owner):
        self.owner = owner

    async def handle_RCPT(self, server, session, envelope, address, options):
        mode = self.owner.mode
        if mode in (REFUSE_RECIPIENT, TEMPORARY, HANG):
            self.owner.note()
        if mode == HANG:
            await asyncio.sleep(600)
        if mode == REFUSE_RECIPIENT:
            return "550 5.1.1 No such mailbox here"
        if mode == TEMPORARY:
            return "451 4.3.0 Try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mode = self.owner.mode
        self.owner.note()
        mail = Mail(envelope.mail_from, list(envelope.rcpt_tos), envelope.content)
        if mode == DROP_AFTER_DATA:
            self.owner.unanswered.append(mail)
            server.transport.abort()
            return "421 Gone"
        if mode == REFUSE_CONTENT:
            return "554 5.7.1 Not wanted here"
        self.owner.mails.append(mail)
        return "250 OK"


class SmtpServer:
    """Listens from creation until close(). Change `mode` at any time; it counts for what comes next.

    login: (name, password) that every client must give, after STARTTLS or over TLS where there is a certificate.
    certificate: makes it offer STARTTLS, or speak TLS from the first byte with implicit_tls.
    """

    def __init__(self, *, login=None, certificate=None, implicit_tls=False, port=None):
        self.mode = ACCEPT
        self.mails = []  # accepted, in order
        self.unanswered = []  # came whole, but the sender was not told
        self.attempts = 0  # whatever became of them
        self.logins = []  # (name, password) that were tried
        self.login = login
        self.certificate = certificate
        self.implicit_tls = implicit_tls
        self.port = port or free_port()
        context = certificate.server_context() if certificate else None
        self._controller = _Controller(
            self,
            _Handler(self),
            hostname="127.0.0.1",
            port=self.port,
            server_hostname="mail.example.com",
            ssl_context=context if implicit_tls else None,
            tls_context=None if implicit_tls else context,
            require_starttls=context is not None and not implicit_tls,
            authenticator=self._check_login,
            auth_required=login is not None,
            auth_require_tls=context is not None and not implicit_tls,
        )
        self._controller.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """From now on connections are refused. May be called again."""
        if self._controller:
            self._controller.stop()
            self._controller = None

    def settings(self, **more):
        """What a Site needs to send its mail here; `more` are further keys of [mail], such as smtp_user."""
        host = "localhost" if self.certificate else "127.0.0.1"
        security = "none" if not self.certificate else "tls" if self.implicit_tls else "starttls"
        settings = {
            "mail.mode": "smtp",
            "mail.from": "Example <auth@example.com>",
            "mail.smtp_host": host,
            "mail.smtp_port": self.port,
            "mail.smtp_security": security,
        }
        return settings | {"mail." + key: value for key, value in more.items()}

    def mails_to(self, address):
        return [mail for mail in self.mails if address in mail.recipients]

    def wait_for(self, address, *, count=1, seconds=10):
        """The newest mail to `address`, once at least `count` have come."""
        until(
            lambda: len(self.mails_to(address)) >= count,
            seconds=seconds,
            what=f"{count} mails to {address}",
            pause=0.02,
        )
        return self.mails_to(address)[-1]

    def note(self):
        self.attempts += 1

    def _check_login(self, server, session, envelope, mechanism, data):
        given = (data.login.decode(), data.password.decode())
        self.logins.append(given)
        right = self.login is None or given == tuple(self.login)
        return AuthResult(success=right and self.mode != REFUSE_LOGIN, handled=False)


class Certificate:
    """An authority of the test's own and a certificate of it for localhost; the files are in `folder`."""

    def __init__(self, folder, *, names=("localhost",), days=1):
        self.ca_file = folder / "ca.pem"
        self._chain = folder / "server.pem"
        ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        ca_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test authority")])
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Mail server")])
        addresses = [x509.DNSName(text) for text in names]
        if "localhost" in names:
            addresses.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        ca = self._builder(ca_name, ca_name, ca_key, days)
        ca = ca.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        ca = ca.add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
        leaf = self._builder(name, ca_name, key, days)
        leaf = leaf.add_extension(x509.SubjectAlternativeName(addresses), critical=False)
        leaf = leaf.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
        pem = serialization.Encoding.PEM
        self.ca_file.write_bytes(ca.sign(ca_key, hashes.SHA256()).public_bytes(pem))
        self._chain.write_bytes(
            key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
            + leaf.sign(ca_key, hashes.SHA256()).public_bytes(pem)
        )

    @staticmethod
    def _builder(subject, issuer, key, days):
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=days))
        )

    def server_context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._chain)
        return context

    def client_context(self):
        return ssl.create_default_context(cafile=self.ca_file)
