"""Other people's verifiers accept our access tokens through the JWKS, and keep everything else out."""

import json
import pathlib
import subprocess
import threading

import jwt
import pytest
from flask import Flask, jsonify
from flask_jwt_extended import JWTManager, get_jwt, get_jwt_identity, jwt_required
from jwcrypto.jwk import JWK
from werkzeug.serving import make_server

from harness.client import Client, bearer
from harness.site import AUDIENCE, ISSUER, Site
from harness.tokens import claims_of, header_of, with_parts
from harness.wire import Connection

HERE = pathlib.Path(__file__).parent
ALGORITHMS = ("ES256", "EdDSA", "RS256")


@pytest.fixture(scope="module", params=ALGORITHMS)
def signed(request):
    """A node that signs with the algorithm, its tokens, and where its keys are."""
    with Site("sqlite", settings={"tokens.algorithm": request.param}) as site:
        server = site.serve()
        tokens = server.client().sign_in(site.new_account())
        yield request.param, tokens, f"http://127.0.0.1:{server.port}/.well-known/jwks.json"


def tampered(token):
    return with_parts(token, claims=claims_of(token) | {"sub": "someone else"})


def test_pyjwt_verifies_access_tokens_and_nothing_else(signed):
    algorithm, tokens, jwks_url = signed
    keys = jwt.PyJWKClient(jwks_url)

    def verify(token):
        key = keys.get_signing_key_from_jwt(token)
        return jwt.decode(token, key, algorithms=[algorithm], audience=AUDIENCE, issuer=ISSUER)

    assert verify(tokens.access)["sid"] == tokens.session_id
    assert header_of(tokens.access)["alg"] == algorithm
    with pytest.raises(jwt.InvalidSignatureError):
        verify(tampered(tokens.access))
    with pytest.raises(jwt.PyJWKClientError):
        verify(tokens.refresh)


def test_jose_verifies_access_tokens_and_nothing_else(signed):
    algorithm, tokens, jwks_url = signed
    cases = {"access": tokens.access, "refresh": tokens.refresh, "tampered": tampered(tokens.access)}
    question = {"jwks": jwks_url, "issuer": ISSUER, "audience": AUDIENCE, "algorithms": [algorithm], "tokens": cases}
    done = subprocess.run(
        ["node", str(HERE / "verify_with_jose.mjs")],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    verdicts = json.loads(done.stdout)
    assert verdicts["access"]["claims"]["sid"] == tokens.session_id
    assert verdicts["refresh"]["error"] == "ERR_JOSE_ALG_NOT_ALLOWED"
    assert verdicts["tampered"]["error"] == "ERR_JWS_SIGNATURE_VERIFICATION_FAILED"


def flask_application(algorithm, public_key_pem):
    """What the seed's own service might look like: flask-jwt-extended as its manual sets it up."""
    application = Flask("protected")
    application.config.update(
        JWT_ALGORITHM=algorithm,
        JWT_PUBLIC_KEY=public_key_pem,
        JWT_DECODE_AUDIENCE=AUDIENCE,
        JWT_DECODE_ISSUER=ISSUER,
    )
    JWTManager(application)

    @application.get("/protected")
    @jwt_required()
    def protected():
        return jsonify(subject=get_jwt_identity(), session=get_jwt()["sid"])

    @application.get("/refresh-only")
    @jwt_required(refresh=True)
    def refresh_only():
        return jsonify(subject=get_jwt_identity())

    return application


def test_flask_jwt_extended_lets_the_access_token_in_and_keeps_the_refresh_token_out(signed):
    algorithm, tokens, jwks_url = signed
    port = int(jwks_url.split(":")[2].split("/")[0])
    keys = Client(port).call("GET", "/.well-known/jwks.json").json()["keys"]
    jwk = next(key for key in keys if key["kid"] == header_of(tokens.access)["kid"])
    served = make_server("127.0.0.1", 0, flask_application(algorithm, JWK(**jwk).export_to_pem().decode()))
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    try:

        def ask(path, token):
            with Connection(served.server_port) as connection:
                return connection.request("GET", path, headers=bearer(token))

        welcome = ask("/protected", tokens.access)
        assert welcome.status == 200, welcome.body
        assert welcome.json() == {"subject": claims_of(tokens.access)["sub"], "session": tokens.session_id}
        for path, token in (
            ("/protected", tokens.refresh),
            ("/protected", tampered(tokens.access)),
            ("/refresh-only", tokens.access),
            ("/refresh-only", tokens.refresh),
        ):
            assert ask(path, token).status in (401, 422), path
    finally:
        served.shutdown()
        thread.join(10)
        served.server_close()
