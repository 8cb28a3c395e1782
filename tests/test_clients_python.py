"""clients/python, installed as a user would: its own tests, the shared vectors among them."""

import os

import pytest

from harness.libraries import PYTHON_FOLDER, python_library, run


@pytest.mark.timeout(600)
def test_the_python_librarys_own_tests():
    python = python_library()
    environment = {"PYTHONPATH": os.devnull, "PYTHONDONTWRITEBYTECODE": "1"}
    output = run(python, "-m", "pytest", "-q", "tests", cwd=PYTHON_FOLDER, **environment)
    assert " passed" in output and "failed" not in output and "skipped" not in output, output
