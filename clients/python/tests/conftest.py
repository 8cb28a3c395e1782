import json
import pathlib
import sys

import pytest

VECTORS = pathlib.Path(__file__).resolve().parents[2] / "vectors"
sys.path.insert(0, str(VECTORS))  # the test keys, and what signs with them


@pytest.fixture(scope="session")
def vectors():
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in VECTORS.glob("*.json")}


@pytest.fixture
def issuer():
    from fake_issuer import FakeIssuer

    with FakeIssuer() as made:
        yield made
