"""GET /status-lists/{id}: lists that any implementation of the draft can read, that caches may keep, and that say what
the server itself says."""

import gzip
import json
import subprocess
import time
import uuid

import jwt
import pytest

from harness.feed import bits_of
from harness.filling import random_slots, revoke_slots
from harness.libraries import NODE_FOLDER, node_library
from harness.site import ISSUER
from harness.tokens import claims_of, header_of
from harness.waiting import percentile, until

TTL_S = 30
LIFE_S = 3600
LIST_SLOTS = 1 << 20


def fetch(client, uri, **headers):
    assert uri.startswith(f"{ISSUER}/status-lists/")
    return client.call(
        "GET", uri.removeprefix(ISSUER), headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


def slot_of(access):
    return claims_of(access)["status"]["status_list"]


def verified(client, token):
    """The claims of a status list, its signature checked by PyJWT under the key that may make one."""
    header = header_of(token)
    assert header["typ"] == "statuslist+jwt"
    keys = client.call("GET", "/.well-known/jwks.json").json()["keys"]
    (key,) = [key for key in keys if key["kid"] == header["kid"]]
    assert key["postern_purpose"] == "status_list"
    return jwt.decode(token, jwt.PyJWK(key), algorithms=[key["alg"]], options={"verify_aud": False})


def says_revoked(client, access):
    slot = slot_of(access)
    claims = verified(client, fetch(client, slot["uri"]).body.decode())
    return slot["idx"] in bits_of(claims["status_list"]["lst"])


def test_says_what_the_draft_asks_for(client, tokens):
    uri = slot_of(tokens.access)["uri"]
    answer = fetch(client, uri)
    assert answer.status == 200
    assert answer.header("Content-Type") == "application/statuslist+jwt"
    assert answer.header("Cache-Control") == f"public, max-age={TTL_S}"
    assert answer.header("Vary") == "Accept-Encoding"
    assert answer.header("Access-Control-Allow-Origin") == "*"
    claims = verified(client, answer.body.decode())
    assert claims["sub"] == uri and claims["ttl"] == TTL_S
    assert claims["exp"] - claims["iat"] == LIFE_S and abs(claims["iat"] - time.time()) <= TTL_S
    assert set(claims["status_list"]) == {"bits", "lst"} and claims["status_list"]["bits"] == 1


def test_a_revocation_is_in_the_list_once_it_is_answered(client, account):
    revoked, kept = client.sign_in(account), client.sign_in(account)
    assert not says_revoked(client, revoked.access)
    assert client.revoke_access(revoked.access).status == 200
    assert says_revoked(client, revoked.access)
    assert not says_revoked(client, kept.access)


@pytest.mark.parametrize("name", [str(uuid.uuid4()), "x", "%2e%2e", "0" * 36, "00000000-0000-0000-0000-000000000000"])
def test_unknown_list(client, name):
    answer = client.call("GET", f"/status-lists/{name}")
    assert answer.status == 404 and answer.json()["code"] == "status_list_unknown"


def test_conditional_requests(client, tokens):
    uri = slot_of(tokens.access)["uri"]
    tag = fetch(client, uri).header("ETag")
    packed_tag = fetch(client, uri, Accept_Encoding="gzip").header("ETag")
    assert tag != packed_tag and not tag.startswith("W/")
    for known, coding, status in (
        (tag, "identity", 304),
        (f'"other", {tag}', "identity", 304),
        ("*", "identity", 304),
        (packed_tag, "identity", 200),
        (packed_tag, "gzip", 304),
        (tag, "gzip", 200),
    ):
        answer = fetch(client, uri, If_None_Match=known, Accept_Encoding=coding)
        assert answer.status == status, (known, coding)
        assert answer.header("ETag") == (packed_tag if coding == "gzip" else tag)
        assert answer.header("Cache-Control") and answer.header("Vary") and (answer.body == b"") == (status == 304)
    client.revoke_access(tokens.access)
    assert fetch(client, uri, If_None_Match=tag).status == 200


@pytest.mark.parametrize(
    ("accept", "packed"),
    [
        ("gzip", True),
        ("GZip;q=0.5, br", True),
        ("br, *", True),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000, *", False),
        ("*;q=0", False),
        ("*;q=0, gzip", True),
    ],
)
def test_content_coding(client, tokens, accept, packed):
    uri = slot_of(tokens.access)["uri"]
    plain, answer = fetch(client, uri), fetch(client, uri, Accept_Encoding=accept)
    assert answer.header("Content-Encoding") == ("gzip" if packed else None)
    assert (gzip.decompress(answer.body) if packed else answer.body) == plain.body


def test_head(client, tokens):
    path = slot_of(tokens.access)["uri"].removeprefix(ISSUER)
    answer = client.call("HEAD", path)
    assert answer.status == 200 and int(answer.header("Content-Length")) > 100 and answer.body == b""


def test_all_lists_are_named(client, tokens):
    answer = client.call("GET", "/status-lists")
    assert slot_of(tokens.access)["uri"] in answer.json()["status_lists"]
    for uri in answer.json()["status_lists"]:
        assert fetch(client, uri).status == 200


def test_every_bit_of_a_revoked_keys_list(make_site, engine):
    site = make_site(engine)
    client = site.serve().client()
    token = client.sign_in(site.new_account()).access
    kid = header_of(token)["kid"]
    site.run("key", "revoke", kid, "--reason", "leaked")
    until(lambda: says_revoked(client, token), seconds=5, what="the list is revoked")
    claims = verified(client, fetch(client, slot_of(token)["uri"]).body.decode())
    assert len(bits_of(claims["status_list"]["lst"])) == LIST_SLOTS


def test_the_list_says_what_the_server_says(make_site, engine):
    """Of each of a few thousand tokens, a third of them revoked."""
    site = make_site(engine, settings={"tokens.live_per_session": 5000})
    client = site.serve().client()
    accounts = [client.sign_in(site.new_account()) for _ in range(4)]
    live, revoked = [], []
    for number in range(3000):
        session = number % len(accounts)
        newer = client.refreshed(accounts[session].refresh)
        access = accounts[session].access
        (revoked if number % 3 == 0 else live).append(access)
        if number % 3 == 0:
            assert client.revoke_access(access).status == 200
        accounts[session] = newer
    lists = {
        uri: bits_of(verified(client, fetch(client, uri).body.decode())["status_list"]["lst"])
        for uri in client.call("GET", "/status-lists").json()["status_lists"]
    }
    for access in live + revoked:
        slot = slot_of(access)
        assert (slot["idx"] not in lists[slot["uri"]]) == client.accepts(access)
    assert sum(map(len, lists.values())) == len(revoked)


def test_another_implementation_reads_it(client, account, tmp_path):
    """The npm package @sd-jwt/jwt-status-list, which has nothing of ours."""
    node_library()
    revoked, kept = client.sign_in(account).access, client.sign_in(account).access
    client.revoke_access(revoked)
    uri = slot_of(revoked)["uri"]
    assert slot_of(kept)["uri"] == uri
    token = fetch(client, uri).body.decode()
    done = subprocess.run(
        ["node", NODE_FOLDER / "test" / "read_status_list.mjs", str(LIST_SLOTS)],
        input=token,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    theirs = json.loads(done.stdout)
    assert slot_of(revoked)["idx"] in theirs and slot_of(kept)["idx"] not in theirs
    assert set(theirs) == bits_of(claims_of(token)["status_list"]["lst"])


def test_a_million_tokens_of_which_one_percent_is_revoked(make_site, capsys):
    site = make_site("sqlite")
    server, account = site.serve(), site.new_account()
    tokens = [server.client().sign_in(account).access for _ in range(20)]
    server.stop()
    uri = slot_of(tokens[-1])["uri"]
    tokens = [token for token in tokens if slot_of(token)["uri"] == uri]
    list_id = uuid.UUID(uri.rpartition("/")[2]).bytes
    given_out = {slot_of(token)["idx"] for token in tokens}
    slots = [slot for slot in random_slots(LIST_SLOTS // 100, LIST_SLOTS) if slot not in given_out]
    revoke_slots(site, list_id, slots)
    client = server.start().client()

    def timed(**headers):
        begin = time.perf_counter()
        answer = fetch(client, uri, **headers)
        return (time.perf_counter() - begin) * 1000, answer

    first, answer = timed()
    first_packed, packed = timed(Accept_Encoding="gzip")
    again = [timed(Accept_Encoding="gzip")[0] for _ in range(200)]
    changed = []
    for token in tokens:
        assert client.revoke_access(token).status == 200
        changed.append(timed(Accept_Encoding="gzip")[0])
    assert bits_of(verified(client, answer.body.decode())["status_list"]["lst"]) == set(slots)
    with capsys.disabled():
        print(
            f"\na million tokens, 1 % revoked: {len(answer.body)} bytes, {len(packed.body)} gzipped; made and served in "
            f"{first:.1f} ms and {first_packed:.1f} ms, again in p50 {percentile(again, 0.5):.2f} ms "
            f"p99 {percentile(again, 0.99):.2f} ms, after one more revocation in p50 {percentile(changed, 0.5):.2f} ms"
        )
    assert len(packed.body) < 22_000
    assert percentile(again, 0.5) < 50 and percentile(changed, 0.5) < 200
