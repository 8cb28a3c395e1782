"""Writes the test vectors: python clients/vectors/make_vectors.py. README.md says what they are.

The output is committed, and is the same at every run (tests/test_vectors.py checks that).
"""

import base64
import json
import pathlib
import zlib

import access_cases
import draft_examples
import status_list_cases
from signing import published
from world import AUDIENCE, ISSUER, NOW, UNKNOWN_KEY_KIND

HERE = pathlib.Path(__file__).parent


def jwks():
    purposes = {
        "access_es256": "access",
        "access_es256_retired": "access",
        "access_eddsa": "access",
        "access_rs256": "access",
        "status_list_es256": "status_list",
        "status_list_eddsa": "status_list",
        "audit_es256": "audit",
    }
    return {"keys": [published(name, purpose) for name, purpose in purposes.items()] + [UNKNOWN_KEY_KIND]}


def write(name, document):
    (HERE / name).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def checked(cases):
    names = [case["name"] for case in cases]
    assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)
    return cases


def decoded(lst):
    return zlib.decompress(base64.urlsafe_b64decode(lst + "=" * (-len(lst) % 4)))


def main():
    world = {"issuer": ISSUER, "audience": AUDIENCE, "now": NOW, "jwks": jwks()}
    write(
        "access_tokens.json",
        world | {"status_lists": access_cases.status_lists(), "cases": checked(list(access_cases.cases()))},
    )
    write(
        "status_lists.json",
        {"issuer": ISSUER, "now": NOW, "jwks": jwks(), "cases": checked(list(status_list_cases.cases()))},
    )
    for example in draft_examples.EXAMPLES:
        assert len(decoded(example["lst"])) * 8 // example["bits"] == example["size"], example["name"]
    write("draft_status_lists.json", {"source": draft_examples.SOURCE, "cases": draft_examples.EXAMPLES})


if __name__ == "__main__":
    main()
