"""clients/node, compiled as a user would: its own tests, the shared vectors among them."""

import re

import pytest

from harness.libraries import node_library, run


@pytest.mark.timeout(600)
def test_the_node_librarys_own_tests():
    output = run("npm", "test", "--silent", cwd=node_library())
    passed, failed, skipped = (int(re.search(rf"^# {word} (\d+)$", output, re.M)[1]) for word in ("pass", "fail", "skipped"))
    assert passed > 50 and failed == 0 and skipped == 0, output
