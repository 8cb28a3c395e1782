"""The middleware's answers (RFC 6750 section 3), and the example API itself."""

import importlib.util
import pathlib

import pytest
from fastapi.testclient import TestClient

from fake_issuer import AUDIENCE
from postern_verifier import Verifier
from postern_verifier.fastapi import require

EXAMPLE = pathlib.Path(__file__).parents[1] / "example/app.py"


@pytest.fixture
def api(issuer, monkeypatch):
    """The example as it stands, without a feed."""
    monkeypatch.setenv("POSTERN_ISSUER", issuer.url)
    monkeypatch.setenv("POSTERN_AUDIENCE", AUDIENCE)
    specification = importlib.util.spec_from_file_location("example_app", EXAMPLE)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    with TestClient(module.app) as client:
        yield client


def ask(api, token, method="GET", path="/orders"):
    return api.request(method, path, headers={"Authorization": f"Bearer {token}"})


def test_an_accepted_token_lets_in(api, issuer):
    answer = ask(api, issuer.token(issuer.open_list()))
    assert answer.status_code == 200
    assert answer.json()["account"] == "018f3c1e-7a00-7000-8000-00000000ac01"
    lower = api.get("/orders", headers={"Authorization": f"bearer {issuer.token(issuer.open_list())}"})
    assert lower.status_code == 200


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic dTpw"}, {"Authorization": ""}])
def test_without_a_token_the_challenge_tells_no_error(api, headers):
    answer = api.get("/orders", headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("credentials", ["Bearer", "Bearer ", "Bearer a b", "Bearer a,b", "Bearer ä"])
def test_malformed_credentials(api, credentials):
    answer = api.get("/orders", headers={"Authorization": credentials.encode()})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith('Bearer error="invalid_token", error_description="')


def test_two_headers_are_one_too_many(api, issuer):
    token = issuer.token(issuer.open_list())
    answer = api.get("/orders", headers=[("Authorization", f"Bearer {token}"), ("Authorization", "Bearer x")])
    assert answer.status_code == 400
    assert 'error="invalid_request"' in answer.headers["www-authenticate"]


def test_revoked_and_expired_tokens_say_so(api, issuer):
    list_id = issuer.open_list(revoked=[1])
    for token, words in (
        (issuer.token(list_id, 1), "The token has been revoked"),
        (issuer.token(list_id, exp=1), "The token has expired"),
        (issuer.token(list_id, aud="https://other.example"), "The token is for another audience"),
    ):
        answer = ask(api, token)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == f'Bearer error="invalid_token", error_description="{words}"'
        assert answer.json() == {"detail": words}


def test_scopes_all_of_them_and_roles_any_of_them(api, issuer):
    list_id = issuer.open_list()
    refused = ask(api, issuer.token(list_id, scope="orders:read"), "POST")
    assert refused.status_code == 403
    assert refused.headers["www-authenticate"] == (
        'Bearer error="insufficient_scope", error_description="The token lacks a scope", scope="orders:write"'
    )
    assert ask(api, issuer.token(list_id, scope="orders:read orders:write"), "POST").status_code == 200
    assert ask(api, issuer.token(list_id, roles=["clerk"]), path="/reports").status_code == 403
    assert ask(api, issuer.token(list_id, roles=["clerk", "auditor"]), path="/reports").status_code == 200
    assert ask(api, issuer.token(list_id, roles=[]), path="/reports").status_code == 403


def test_an_issuer_that_is_away_is_503_and_logs_nobody_out(api, issuer):
    list_id = issuer.open_list()
    assert ask(api, issuer.token(list_id)).status_code == 200
    other = issuer.open_list()
    issuer.answers[f"/status-lists/{other}"] = lambda handler: handler.answer(500, "{}")
    answer = ask(api, issuer.token(other))
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1" and "www-authenticate" not in answer.headers


def test_the_document_names_the_scheme(api):
    assert api.get("/openapi.json").json()["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"


@pytest.mark.parametrize("scope", ["two words", 'quote"', "", "back\\slash", "é"])
def test_a_scope_that_cannot_stand_in_a_header_is_a_mistake_at_start(scope):
    with pytest.raises(ValueError, match="is not one scope"):
        require(Verifier("https://auth.example.com", AUDIENCE), scopes=[scope])
