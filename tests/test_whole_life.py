"""One account from its sign-up to its deletion, over HTTP and real SMTP, and all of it in the audit trail."""

import json

import pytest

from harness.client import Account
from harness.self_service import Person
from harness.site import PASSWORD
from harness.smtp import SmtpServer
from harness.waiting import until

RESET = "a new sentence after forgetting"
OLD, NEW = "ada@example.org", "lovelace@example.net"

# What the trail must tell of it, in this order; logins, and what mail was asked for in between, are told too.
LIFE = [
    ("account.signed_up", "success"),
    ("account.email_verified", "success"),
    ("login", "success"),
    ("account.password_reset_requested", "success"),
    ("account.password_reset", "password_changed"),
    ("login", "success"),
    ("account.email_change_requested", "success"),
    ("account.email_changed", "email_changed"),
    ("login", "success"),
    ("account.deleted", "account_deleted"),
]


@pytest.fixture
def mail_server():
    with SmtpServer() as made:
        yield made


def trail(site):
    return site.run_json("audit", "tail", "-n", "1000")


def in_order(wanted, told):
    rest = iter(told)
    return all(step in rest for step in wanted)


def test_a_whole_life(make_site, engine, mail_server):
    site = make_site(engine, settings=mail_server.settings())
    ada = Person(site.serve(), mail_server)

    assert ada.sign_up(OLD, PASSWORD, display_name="Ada").status == 202
    assert ada.login(OLD, PASSWORD).status == 403
    assert ada.verify(ada.newest_token(OLD)).status == 200
    first = ada.sign_in(Account(OLD, PASSWORD))
    account_id = ada.me(first.access).json()["id"]

    assert ada.forgot(OLD).status == 202
    assert ada.reset(ada.newest_token(OLD, count=2), RESET).status == 200
    assert not ada.accepts(first.access) and ada.refresh(first.refresh).status == 401
    assert ada.login(OLD, PASSWORD).status == 401
    second = ada.sign_in(Account(OLD, RESET))

    assert ada.change_email(second.access, NEW, RESET).status == 202
    assert ada.confirm_email(ada.newest_token(NEW)).status == 200
    assert not ada.accepts(second.access)
    assert ada.login(OLD, RESET).status == 401
    third = ada.sign_in(Account(NEW, RESET))

    told = [(record["event"], record["outcome"]) for record in trail(site) if record.get("account_id") == account_id]
    assert in_order(LIFE[:-1], told), told
    assert any(OLD in json.dumps(record) for record in trail(site))

    assert ada.delete_me(third.access, RESET).status == 200
    assert not ada.accepts(third.access)
    assert ada.login(NEW, RESET).status == 401
    mail_server.wait_for(NEW, count=2)

    about = [record for record in trail(site) if record.get("account_id") == account_id]
    assert in_order(LIFE, [(record["event"], record["outcome"]) for record in about])
    for address in (OLD, NEW):
        assert address not in json.dumps(about), "what was personal is gone"

    def sealed_and_whole():
        report = site.run_json("audit", "verify")
        return report["unsealed"] == 0 and report

    until(sealed_and_whole, seconds=15, what="the trail is sealed and proven", pause=0.1)
    assert len(mail_server.mails) == 7, [mail.subject for mail in mail_server.mails]
