"""Tokens per second of CPU: the library warm (signature remembered) and cold, and bare PyJWT. Prints JSON."""

import itertools
import json
import pathlib
import sys
import time

import jwt

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "vectors"))
from fake_issuer import AUDIENCE, FakeIssuer  # noqa: E402
from postern_verifier import Verifier  # noqa: E402

SECONDS = 1.0  # of CPU: what else the machine does must not count
TOKENS = 2000


def rate_of(action, arguments):
    done, began = 0, time.process_time()
    for argument in arguments:
        action(argument)
        done += 1
        if time.process_time() - began > SECONDS:
            break
    return round(done / (time.process_time() - began))


def main():
    with FakeIssuer() as issuer:
        list_id = issuer.open_list()
        tokens = [issuer.token(list_id, index % 1024) for index in range(TOKENS)]
        with Verifier(issuer.url, AUDIENCE) as verifier:
            verifier.verify(tokens[0])
            cold = rate_of(verifier.verify, tokens[1:])
            warm = rate_of(verifier.verify, itertools.cycle(tokens))
        key = jwt.PyJWKClient(issuer.url + "/.well-known/jwks.json").get_signing_key_from_jwt(tokens[0])

        def bare(token):
            jwt.decode(token, key, algorithms=["ES256"], audience=AUDIENCE, issuer=issuer.url)

        print(json.dumps({"warm": warm, "cold": cold, "bare": rate_of(bare, itertools.cycle(tokens))}))


if __name__ == "__main__":
    main()
