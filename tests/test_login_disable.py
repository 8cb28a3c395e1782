"""A disable or delete that commits while a password is being hashed wins: no token of that login survives."""

import random
import threading

import pytest

from harness.client import Tokens
from harness.tokens import claims_of
from harness.waiting import until

ROUNDS = 25
# Logins that stand in the hash queue before the one that matters: they hold it there for a few hundred milliseconds.
QUEUED_BEFORE = 40


class Login(threading.Thread):
    """A login under way; `answer` once it is joined."""

    def __init__(self, client, account):
        super().__init__()
        self.client, self.account, self.answer = client, account, None
        self.start()

    def run(self):
        self.answer = self.client.login(self.account.email, self.account.password)

    def result(self):
        self.join(30)
        assert self.answer is not None, "the login never came to an end"
        return self.answer


def assert_no_token_survives(client, answer):
    """Whatever the login said, nothing that it handed out may work once the disable has been honoured."""
    if answer.status == 200:
        tokens = Tokens.of(answer)
        until(lambda: not client.accepts(tokens.access), seconds=0.5, what="the access token is refused")
        assert client.refresh(tokens.refresh).status == 401
    else:
        assert answer.status == 401, answer.body
        assert answer.json()["error"] in ("Account is not activated", "Invalid email or password")


def queue_is_busy(client):
    """Fills the hash queue; returns the threads to join."""
    body = {"email": "nobody@example.com", "password": "not anyone's password"}
    threads = [threading.Thread(target=client.post_token, args=(body,)) for _ in range(QUEUED_BEFORE)]
    for thread in threads:
        thread.start()
    return threads


@pytest.mark.parametrize("command", ["disable", "delete"])
def test_login_that_waits_for_its_hash_meanwhile_is_refused(site, client, command):
    """The order is certain: the account is read, then the command commits, then the password is found right."""
    account = site.new_account()
    others = queue_is_busy(client)
    login = Login(client, account)
    site.run("account", command, account.email)
    answer = login.result()
    for thread in others:
        thread.join(30)
    assert answer.status == 401, "the command committed first"
    assert client.login(account.email, account.password).status == 401


def test_login_against_disable_in_every_order(site, client):
    account = site.new_account()
    moment = random.Random(7)
    outcomes = set()
    for _ in range(ROUNDS):
        pause = threading.Event()
        login = Login(client, account)
        pause.wait(moment.uniform(0, 0.06))
        site.run("account", "disable", account.email)
        answer = login.result()
        outcomes.add(answer.status)
        assert_no_token_survives(client, answer)
        assert site.run_json("session", "list", account.email) == []
        site.run("account", "enable", account.email)
        fresh = client.sign_in(account)
        assert client.accepts(fresh.access)
    assert outcomes <= {200, 401}


def test_disable_on_one_node_beats_a_login_on_the_other(make_site):
    site = make_site("postgresql")
    nodes = [site.serve().client(), site.serve().client()]
    account = site.new_account()
    for number in range(6):
        login = Login(nodes[number % 2], account)
        site.run("account", "disable", account.email)
        answer = login.result()
        for node in nodes:
            assert_no_token_survives(node, answer)
        site.run("account", "enable", account.email)


def test_every_token_of_parallel_logins_dies_with_the_account(site, client):
    account = site.new_account()
    logins = [Login(client, account) for _ in range(8)]
    site.run("account", "disable", account.email)
    answers = [login.result() for login in logins]
    for answer in answers:
        assert_no_token_survives(client, answer)
    live = {
        claims_of(Tokens.of(a).access)["sid"]
        for a in answers
        if a.status == 200 and client.accepts(Tokens.of(a).access)
    }
    assert live == set()
