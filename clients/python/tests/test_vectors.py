"""The vectors that all verifiers share: clients/vectors/README.md."""

import json
import resource

import httpx
import pytest

from following import outcome_of
from postern_verifier import Verifier, decode_status_list
from postern_verifier.keys import KeySet, parse_jwks
from postern_verifier.status_list import check_status_list


def world(document, asked):
    """A verifier in the vectors' world, and no other network."""
    lists = {entry["uri"]: entry["jwt"] for entry in document["status_lists"]}

    def answer(request):
        asked.append(str(request.url))
        if request.url.path == "/.well-known/jwks.json":
            return httpx.Response(200, stream=httpx.ByteStream(json.dumps(document["jwks"]).encode()))
        if str(request.url) in lists:
            return httpx.Response(200, stream=httpx.ByteStream(lists[str(request.url)].encode()))
        return httpx.Response(404, stream=httpx.ByteStream(b""))

    return Verifier(
        document["issuer"],
        document["audience"],
        clock=lambda: document["now"],
        transport=httpx.MockTransport(answer),
    )


def test_every_token_has_its_outcome_cold_and_warm(vectors):
    document, asked = vectors["access_tokens"], []
    with world(document, asked) as verifier:
        for _ in range(2):
            outcomes = {case["name"]: outcome_of(verifier, case["token"]) for case in document["cases"]}
            expected = {case["name"]: case["outcome"] for case in document["cases"]}
            assert outcomes == expected
    assert len(outcomes) > 200


def test_nothing_is_asked_for_but_keys_and_lists_of_the_issuer(vectors):
    document, asked = vectors["access_tokens"], []
    with world(document, asked) as verifier:
        for case in document["cases"]:
            outcome_of(verifier, case["token"])
    prefix = document["issuer"] + "/status-lists/"
    assert len({url for url in asked if url.startswith(prefix)}) == 4  # three lists, and the unknown one
    assert all(url.startswith(prefix) or url == document["issuer"] + "/.well-known/jwks.json" for url in asked)


def test_an_accepted_token_tells_what_it_says(vectors):
    document = vectors["access_tokens"]
    tokens = {case["name"]: case["token"] for case in document["cases"]}
    with world(document, []) as verifier:
        rich = verifier.verify(tokens["roles, scope and custom claims"])
        client = verifier.verify(tokens["client's own token, without sid"])
    assert rich.roles == ("admin", "clerk") and rich.scopes == ("orders:read", "orders:write")
    assert rich.claims["plan"] == "gold" and rich.claims["limits"] == {"rate": 1.5}
    assert rich.has_any_role(["clerk"]) and not rich.has_any_role(["owner"])
    assert rich.has_scopes(["orders:read"]) and not rich.has_scopes(["orders:read", "orders:delete"])
    assert client.session_id is None and client.subject == client.client_id
    rich.claims["roles"].append("owner")
    assert rich.roles == ("admin", "clerk") and "owner" not in rich.claims["roles"]


def test_status_lists(vectors):
    document = vectors["status_lists"]
    keys = parse_jwks(json.dumps(document["jwks"]).encode(), KeySet())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for case in document["cases"]:
        try:
            made = check_status_list(case["jwt"], case["uri"], document["issuer"], keys, document["now"])
        except ValueError:
            assert case["outcome"] == "refused", case["name"]
            continue
        assert case["outcome"] == "accepted", case["name"]
        assert len(made.bitmap) * 8 == case["slots"]
        revoked = [index for index in range(case["slots"]) if made.bitmap[index // 8] >> index % 8 & 1]
        assert revoked == (list(range(case["slots"])) if case["revoked"] == "all" else case["revoked"])
    grown_mib = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown_mib < 32, "a list that unpacks to 64 MiB was unpacked"


def test_the_drafts_examples(vectors):
    for case in vectors["draft_status_lists"]["cases"]:
        decoded = decode_status_list(case["lst"], case["bits"])
        assert len(decoded) == case["size"]
        values = {str(index): decoded[index] for index in range(len(decoded)) if decoded[index]}
        assert values == case["values"]
        with pytest.raises(IndexError):
            decoded[case["size"]]
        with pytest.raises(IndexError):
            decoded[-1]
