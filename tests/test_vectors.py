"""clients/vectors holds what its generator writes, so that nobody edits a vector by hand."""

import shutil
import sys

from harness.libraries import VECTORS, run

WRITTEN = ("access_tokens.json", "status_lists.json", "draft_status_lists.json")


def test_the_committed_vectors_are_what_the_generator_writes(tmp_path):
    made = tmp_path / "vectors"
    shutil.copytree(VECTORS, made, ignore=shutil.ignore_patterns("__pycache__"))
    for name in WRITTEN:
        (made / name).unlink()
    run(sys.executable, made / "make_vectors.py", cwd=made, PYTHONDONTWRITEBYTECODE="1")
    for name in WRITTEN:
        assert (made / name).read_bytes() == (VECTORS / name).read_bytes(), name
