"""Events to webhooks: signed, at least once, and to no private address unless allowed."""

import json
import re
import sqlite3
import time

import pytest

from harness.process import free_port
from harness.site import ROOT
from harness.waiting import until
from harness.webhook import WebhookReceiver

SECRET = "thirty-two bytes of a secret, say"
QUICK = {"mail.retry_time": "200ms", "mail.time": "2s"}


@pytest.fixture
def receiver():
    with WebhookReceiver() as made:
        yield made


@pytest.fixture
def start(make_site, tmp_path):
    (tmp_path / "secret").write_text(SECRET + "\n")

    def make(*urls, allowed=True, **more):
        settings = {
            "webhooks.urls": list(urls),
            "webhooks.secret_file": str(tmp_path / "secret"),
            "webhooks.private_addresses": allowed,
        }
        site = make_site("sqlite", settings=QUICK | settings | more)
        site.serve()
        return site

    return make


def deliveries(site):
    with sqlite3.connect(f"file:{site.database_file}?mode=ro", uri=True) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute("SELECT * FROM outbox WHERE kind = 'webhook' ORDER BY id")]


def only_event(name):
    return {"webhooks.events": [name]}


def test_event_is_signed_and_arrives_once(start, receiver):
    site = start(receiver.url("/hook?from=postern"), **only_event("account.created"))
    account = site.new_account()
    event = receiver.wait_for("account.created")
    assert event.path == "/hook?from=postern"
    assert event.headers["content-type"] == "application/json"
    assert event.headers["user-agent"].startswith("Postern/")
    assert event.is_signed_with(SECRET) and not event.is_signed_with("another secret")
    assert event.json()["event"] == "account.created"
    assert account.password not in event.body.decode()
    until(lambda: [row["state"] for row in deliveries(site)] == ["sent"], seconds=10, what="it is sent", pause=0.02)
    time.sleep(1)
    assert len(receiver.events) == 1


def test_event_comes_again_until_it_is_taken(start, receiver):
    answers = iter([(500, {}, b"oops"), (404, {}, b""), (302, {"Location": receiver.url("/elsewhere")}, b"")])
    receiver.answer = lambda event: next(answers, (200, {}, b"ok"))
    site = start(receiver.url(), **only_event("account.created"))
    site.new_account()
    receiver.wait_for("account.created", count=4)
    until(lambda: [row["state"] for row in deliveries(site)] == ["sent"], seconds=10, what="it is sent", pause=0.02)
    assert len({event.delivery for event in receiver.events}) == 1  # so that it can be told for the same
    assert {event.path for event in receiver.events} == {"/hook"}  # a redirect is not followed
    assert all(event.is_signed_with(SECRET) for event in receiver.events)


def test_receiver_that_hangs_keeps_no_other_waiting(start, receiver):
    with WebhookReceiver(lambda event: time.sleep(5) or (200, {}, b"")) as slow:
        site = start(slow.url(), receiver.url(), **only_event("account.created"))
        begin = time.monotonic()
        for _ in range(3):
            site.new_account()
        receiver.wait_for("account.created", count=3)
        assert time.monotonic() - begin < 5
        until(lambda: len(slow.events) >= 4, seconds=15, what="the slow one is tried again", pause=0.05)
    late = [row for row in deliveries(site) if row["recipient"] == slow.url()]
    assert all(row["state"] == "pending" for row in late) and "could not be reached" in late[0]["last_error"]


def test_answer_is_not_read_beyond_a_bound(start, receiver):
    receiver.answer = (200, {}, b"x" * 50_000_000)
    site = start(receiver.url(), **only_event("account.created"))
    before = site.servers[0].resident_kib()
    site.new_account()
    until(lambda: [row["state"] for row in deliveries(site)] == ["sent"], seconds=10, what="it is sent", pause=0.02)
    assert site.servers[0].resident_kib() - before < 30_000


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433"])
def test_private_address_is_not_connected_to_unless_allowed(start, receiver, host):
    site = start(f"http://{host}:{receiver.port}/hook", allowed=False, **only_event("account.created"))
    site.new_account()
    row = until(
        lambda: next((row for row in deliveries(site) if row["attempts"] >= 2), None),
        seconds=10,
        what="two attempts",
        pause=0.02,
    )
    assert row["state"] == "pending" and "private address" in row["last_error"]
    assert not receiver.events


def test_proxy_of_the_environment_is_not_used(make_site, receiver, tmp_path):
    (tmp_path / "secret").write_text(SECRET)
    dead_proxy = f"http://127.0.0.1:{free_port()}"
    settings = {
        "webhooks.urls": [receiver.url()],
        "webhooks.secret_file": str(tmp_path / "secret"),
        "webhooks.private_addresses": True,
    }
    environ = {name: dead_proxy for name in ("http_proxy", "https_proxy", "all_proxy", "ALL_PROXY", "HTTPS_PROXY")}
    site = make_site("sqlite", settings=QUICK | settings, environ=environ)
    site.serve()
    site.new_account()
    receiver.wait_for("account.created")


def test_secret_is_shown_nowhere(start, receiver):
    site = start(receiver.url())
    site.new_account()
    receiver.wait_for("account.created")
    shown = site.servers[0].log() + site.run("doctor", "--json") + site.run("config", "--json")
    assert SECRET not in shown and SECRET not in json.dumps([str(row) for row in deliveries(site)])


def test_check_of_the_documentation_tells_a_true_signature_from_others(start, receiver):
    site = start(receiver.url(), **only_event("account.created"))
    site.new_account()
    event = receiver.wait_for("account.created")
    text = (ROOT / "docs" / "mail.md").read_text(encoding="utf-8")
    names = {}
    exec(re.search(r"^```python\n(.*?)^```", text, re.M | re.S)[1], names)
    check, signature = names["is_from_postern"], event.headers["postern-signature"]
    assert check(SECRET.encode(), signature, event.body)
    assert not check(SECRET.encode(), signature, event.body + b" ")
    assert not check(b"another secret", signature, event.body)
    old = signature.replace("t=1", "t=0", 1)
    assert not check(SECRET.encode(), old, event.body)
