"""Made test_keys.json, once. Run it again only to replace every vector: the keys are random, the vectors are not."""

import base64
import json
import pathlib
import secrets

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwcrypto.jwk import JWK

HERE = pathlib.Path(__file__).parent
WARNING = "TEST KEYS. They are public, and protect nothing. Never trust a token that one of them has signed."


def main():
    p256 = lambda: ec.generate_private_key(ec.SECP256R1())  # noqa: E731
    keys = {
        "access_es256": p256(),
        "access_es256_retired": p256(),
        "access_eddsa": Ed25519PrivateKey.generate(),
        "access_rs256": rsa.generate_private_key(65537, 2048),
        "status_list_es256": p256(),
        "status_list_eddsa": Ed25519PrivateKey.generate(),
        "audit_es256": p256(),
        "unpublished_es256": p256(),
    }
    document = {"warning": WARNING}
    for name, key in keys.items():
        document[name] = json.loads(JWK.from_pyca(key).export_private()) | {"kid": JWK.from_pyca(key).thumbprint()}
    document["refresh_hs256"] = {
        "kty": "oct",
        "k": base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode(),
        "kid": base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode(),
    }
    (HERE / "test_keys.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
