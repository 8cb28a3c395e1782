"""The served document: it says what the contract's documents say, and the server does what it says."""

import json
import pathlib
import subprocess
import sys

import pytest

from harness.oauth import ServiceClient
from harness.site import AUDIENCE, environment

CONTRACT = sorted((pathlib.Path(__file__).parent / "contract").glob("*.json"))
EXAMPLES = 50


@pytest.fixture(scope="module")
def document(sqlite_site):
    answer = sqlite_site.servers[0].client().call("GET", "/auth/v1/openapi.json")
    assert answer.status == 200 and answer.header("Content-Type") == "application/json"
    return answer.json()


def resolve(document, node):
    while isinstance(node, dict) and "$ref" in node:
        place = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            place = place[step]
        node = place
    return node


def operations(document):
    """{(path under /auth/v1, method): operation}, whether the base is in the paths or in the servers."""
    base = document.get("servers", [{"url": "/auth/v1"}])[0]["url"].rstrip("/")
    found = {}
    for path, item in document["paths"].items():
        short = path.removeprefix("/auth/v1") if not base.endswith("/auth/v1") else path
        for method in {"get", "post", "put", "patch", "delete"} & set(item):
            found[short, method] = item[method]
    return found


def assert_schema_agrees(ours, our_schema, theirs, their_schema, where):
    """Every field, type, requirement and bound that the contract names stands in ours as well."""
    mine, wanted = resolve(ours, our_schema), resolve(theirs, their_schema)
    for word in ("type", "format", "minLength", "default", "additionalProperties"):
        if word in wanted:
            assert mine.get(word) == wanted[word], (where, word)
    assert set(mine.get("required", [])) == set(wanted.get("required", [])) or where.endswith("ErrorResponse"), where
    assert set(wanted.get("required", [])) <= set(mine.get("required", [])), where
    if where.endswith("request"):
        assert set(mine["properties"]) == set(wanted["properties"]), where
    for name, schema in wanted.get("properties", {}).items():
        assert name in mine["properties"], (where, name)
        assert_schema_agrees(ours, mine["properties"][name], theirs, schema, f"{where}.{name}")


@pytest.mark.parametrize("path", CONTRACT, ids=lambda path: path.stem)
def test_document_agrees_with_the_contract(document, path):
    contract = json.loads(path.read_text(encoding="utf-8"))
    ours = operations(document)
    for (route, method), wanted in operations(contract).items():
        where = f"{method} {route}"
        assert (route, method) in ours, where
        mine = ours[route, method]
        if "requestBody" in wanted:
            assert mine["requestBody"]["required"] is wanted["requestBody"]["required"]
            for media, content in wanted["requestBody"]["content"].items():
                schema = mine["requestBody"]["content"][media]["schema"]
                assert_schema_agrees(document, schema, contract, content["schema"], f"{where} request")
        for status, answer in wanted["responses"].items():
            assert status in mine["responses"], (where, status)
            for media, content in answer["content"].items():
                schema = resolve(document, mine["responses"][status])["content"][media]["schema"]
                name = content["schema"].get("$ref", "").rpartition("/")[2]
                assert_schema_agrees(document, schema, contract, content["schema"], f"{where} {status} {name}")
        if contract.get("security"):
            assert_bearer(document, mine, where)


def assert_bearer(document, operation, where):
    schemes = document["components"]["securitySchemes"]
    used = [name for entry in operation.get("security", document.get("security", [])) for name in entry]
    assert used, where
    for name in used:
        assert schemes[name]["type"] == "http" and schemes[name]["scheme"] == "bearer", where


def test_contract_is_there():
    assert len(CONTRACT) == 2


def test_every_route_of_the_document_is_served(document, sqlite_site):
    client = sqlite_site.servers[0].client()
    base = "" if any(path.startswith("/auth/v1") for path in document["paths"]) else "/auth/v1"
    for path, item in document["paths"].items():
        for method in {"get", "post", "put", "patch", "delete"} & set(item):
            prefix = "" if path.startswith("/.well-known") else base
            answer = client.call(method.upper(), prefix + path)
            assert answer.status not in (404, 405), (method, path)
            assert str(answer.status) in item[method]["responses"], (method, path, answer.status)


def assert_schemathesis_finds_nothing(server, tmp_path, base, authorization, *more):
    command = [
        sys.executable,
        "-m",
        "schemathesis.cli",
        "run",
        f"http://127.0.0.1:{server.port}{base}/openapi.json",
        "--url",
        f"http://127.0.0.1:{server.port}{base}",
        "--checks",
        "all",
        "--max-examples",
        str(EXAMPLES),
        "--seed",
        "7",
        "--no-color",
        "--request-timeout",
        "10",
        *more,
    ]
    if authorization:
        command += ["--header", f"Authorization: Bearer {authorization}"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, cwd=tmp_path, env=environment(), check=False
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert server.process.poll() is None


# A schema can say what a password or a link's token looks like, not which password is too well known or which link is
# used up: there a well-formed request may be refused with 400 too. So is a grant that is none of ours, and a client's
# secret in a form beside the one in the header.
REFUSED_BY_MEANING = """
[[operations]]
include-operation-id = ["signUp", "verifyEmail", "resetPassword", "acceptInvitation", "confirmEmail", "changeMe",
  "createAccount", "setClaims", "createClient", "changeClient", "grant", "introspect", "revoke", "verify"]
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "401", "403", "404", "409", "429"]
"""


@pytest.mark.parametrize("authorization", ["without", "access", "refresh"])
def test_schemathesis_finds_nothing(make_site, tmp_path, authorization):
    site = make_site("sqlite", settings={"mail.mode": "file", "throttle.network_requests": 100_000})
    server = site.serve()
    (tmp_path / "schemathesis.toml").write_text(REFUSED_BY_MEANING, encoding="utf-8")
    token = None
    if authorization != "without":
        token = getattr(server.client().sign_in(site.new_account()), authorization)
    assert_schemathesis_finds_nothing(server, tmp_path, "/auth/v1", token)


@pytest.mark.parametrize("who", ["nobody", "customer", "administrator"])
def test_schemathesis_finds_nothing_in_the_administration(make_site, tmp_path, who):
    """The only administrator of its site, so that no request can take its rights away; its sessions it may end."""
    site = make_site("sqlite", settings={"mail.mode": "file"})
    server = site.serve()
    token = None
    if who != "nobody":
        flags = ("--activated", "--admin") if who == "administrator" else ("--activated",)
        token = server.client().sign_in(site.new_account(*flags)).access
    (tmp_path / "schemathesis.toml").write_text(REFUSED_BY_MEANING, encoding="utf-8")
    assert_schemathesis_finds_nothing(server, tmp_path, "/admin/v1", token)


@pytest.mark.parametrize("who", ["nobody", "client"])
def test_schemathesis_finds_nothing_at_the_oauth_endpoints(make_site, tmp_path, who):
    site = make_site("sqlite")
    server = site.serve()
    more = []
    if who == "client":
        made = ServiceClient(site, "api", AUDIENCE, scopes=("read",))
        name, value = next(iter(made.headers.items()))
        more = ["--header", f"{name}: {value}"]
    (tmp_path / "schemathesis.toml").write_text(REFUSED_BY_MEANING, encoding="utf-8")
    assert_schemathesis_finds_nothing(server, tmp_path, "/oauth2", None, *more)
