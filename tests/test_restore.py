"""What becomes of trust when a backup is put back: the restored server knows nothing of what was revoked since."""

import json
import zlib
from urllib.parse import urlsplit

import pytest

from harness.backups import BUSY, Busy, empty_place, refresh_or_none, take
from harness.example_apis import example_apis, python_command
from harness.libraries import python_library
from harness.oauth import ServiceClient
from harness.site import AUDIENCE
from harness.tokens import claims_of, decode
from harness.waiting import until


@pytest.fixture
def busy_site(make_site, engine):
    site = make_site(engine, settings=BUSY)
    site.serve()
    return site


def test_a_backup_under_load_is_restored_elsewhere(busy_site, make_site, tmp_path):
    site = busy_site
    http = site.servers[0].client()
    accounts = [site.new_account() for _ in range(3)]
    before = http.sign_in(accounts[0])
    service = ServiceClient(site, "reporting", AUDIENCE)
    gone = http.refreshed(before.refresh)
    with Busy(site, accounts).at_work() as busy:
        until(lambda: min(busy.counts.values()) >= 3, seconds=30, what="everybody works")
        told_before = list(busy.signed_up)
        report = site.run_json("backup", "--to", str(tmp_path / "backup"))
        after_copy = dict(busy.counts)
        until(lambda: all(busy.counts[k] > after_copy[k] for k in after_copy), seconds=30, what="nobody was stopped")
    kept = http.refreshed(gone.refresh)  # the backup does not know of this one
    assert http.revoke_access(gone.access).status == 200
    late = http.sign_in(accounts[1])
    late_service = service.token(http)
    site.servers[0].stop()

    place = empty_place(make_site, site)
    done = place.run_json("restore", "--from", str(tmp_path / "backup"))
    assert done["problems"] == [] and done["audit_whole"] is True
    assert done["accounts"] == report["tables"]["accounts"] and done["sessions_ended"] >= 1
    assert done["keys_replaced"] == 3
    assert json.loads(place.command("audit", "verify", "--json").stdout)["whole"] is True
    restored = place.serve().client()
    for token in (before.access, gone.access, kept.access, late.access, late_service):
        assert not restored.accepts(token)
        until(lambda token=token: service.introspect(restored, token) == {"active": False}, seconds=5, what="inactive")
    for token in (before.refresh, gone.refresh, kept.refresh, late.refresh):
        assert refresh_or_none(restored, token) is None
    for account in accounts:
        fresh = restored.sign_in(account)
        assert restored.accepts(fresh.access) and service.is_active(restored, fresh.access)
    known = {row["email"] for row in place.run_json("account", "list")}
    assert set(told_before) <= known, "what was acknowledged before the backup began is in it"
    events = [entry["event"] for entry in audit_of(place)]
    assert events.count("store.restored") == 1 and events.count("key.revoked") == 3
    assert [entry["event"] for entry in audit_of(site)].count("store.backed_up") == 1
    place.servers[0].stop()
    assert json.loads(place.command("audit", "verify", "--json").stdout)["whole"] is True


def audit_of(site):
    lines = site.run("audit", "export", "-").splitlines()
    return [entry for entry in map(json.loads, lines) if "event" in entry]


def test_sessions_are_kept_when_asked(busy_site, make_site, tmp_path):
    site = busy_site
    http = site.servers[0].client()
    account = site.new_account()
    alive = http.sign_in(account)
    moved_on, ended_before = http.sign_in(account), http.sign_in(account)
    assert http.revoke_refresh(ended_before.refresh).status == 200
    folder = take(site, tmp_path / "backup")
    child = http.refreshed(moved_on.refresh)
    later = http.sign_in(account)
    site.servers[0].stop()

    place = empty_place(make_site, site)
    report = place.run_json("restore", "--from", str(folder), "--keep-sessions")
    assert report["sessions_kept"] is True and report["sessions_ended"] == 0
    restored = place.serve().client()
    fresh = refresh_or_none(restored, alive.refresh)
    assert fresh and restored.accepts(fresh.access)
    for token in (alive.access, moved_on.access, child.access, later.access):
        assert not restored.accepts(token), "access tokens of before are refused all the same"
    assert refresh_or_none(restored, ended_before.refresh) is None
    assert refresh_or_none(restored, child.refresh) is None, "its counter is from after the backup"
    assert refresh_or_none(restored, later.refresh) is None
    assert refresh_or_none(restored, moved_on.refresh), "the restored server has not seen it used"


def test_lists_and_slots_of_before_say_nothing_good(busy_site, make_site, tmp_path):
    site = busy_site
    http = site.servers[0].client()
    account = site.new_account()
    before = http.sign_in(account)
    old_keys = {key["kid"] for key in http.call("GET", "/.well-known/jwks.json").json()["keys"]}
    folder = take(site, tmp_path / "backup")
    after = http.sign_in(account)
    site.servers[0].stop()
    place = empty_place(make_site, site)
    place.run("restore", "--from", str(folder))
    restored = place.serve().client()

    keys = {key["kid"] for key in restored.call("GET", "/.well-known/jwks.json").json()["keys"]}
    assert keys and not keys & old_keys
    slot = claims_of(before.access)["status"]["status_list"]
    answer = restored.call("GET", urlsplit(slot["uri"]).path)
    assert answer.status == 200
    bits = zlib.decompress(decode(claims_of(answer.body.decode())["status_list"]["lst"]))
    assert set(bits) == {0xFF}, "every token of the list is told to be revoked"
    fresh = [restored.sign_in(account) for _ in range(3)]
    used = {claims_of(tokens.access)["status"]["status_list"]["uri"] for tokens in fresh}
    assert not used & {claims_of(tokens.access)["status"]["status_list"]["uri"] for tokens in (before, after)}


@pytest.mark.timeout(900)  # the library may have to be installed first
def test_a_verifier_that_follows_learns_of_the_restore(make_site, tmp_path):
    """A Python API with its own copy of keys and lists, whose server comes back at the same address."""
    site = make_site("sqlite", settings=BUSY)
    server = site.serve_at_public_url()
    account = site.new_account()
    service = ServiceClient(site, "api", AUDIENCE)
    before = server.client().sign_in(account)
    folder = take(site, tmp_path / "backup")
    server.restart()  # what it gives out now is in lists that the backup does not know
    after = server.client().sign_in(account)
    commands = {"python": python_command(python_library())}
    with example_apis(commands, site.settings["public_url"], service.id, service.secret, tmp_path) as (api,):

        def status(tokens):
            with api.connect() as connection:
                return api.ask(connection, tokens.access).status

        assert (status(before), status(after)) == (200, 200)
        server.stop()
        site.run("restore", "--from", str(folder), "--replace")
        fresh = server.start().client().sign_in(account)
        until(lambda: status(fresh) == 200, seconds=30, what="the API follows again", pause=0.05)
        assert (status(before), status(after)) == (401, 401)


def test_mailed_links_of_before_are_void(busy_site, make_site, tmp_path):
    site = busy_site
    site.new_account("--activated", email="ada@example.com")
    site.run("account", "reset", "ada@example.com")
    folder = take(site, tmp_path / "backup")
    site.servers[0].stop()
    place = empty_place(make_site, site)
    assert place.run_json("restore", "--from", str(folder))["links_voided"] == 1
