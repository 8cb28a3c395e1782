"""The verifier library for C++, as somebody else builds it: installed, found by find_package, in a program of their own."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

# A build on a busy machine, without ccache, takes its time.
pytestmark = pytest.mark.timeout(900)
ROOT = Path(__file__).resolve().parent.parent


def run(*command):
    environment = os.environ | {"CCACHE_NOHASHDIR": "1", "CCACHE_BASEDIR": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clients_cpp")
    prefix = folder / "installed"
    launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
    run("cmake", "-S", ROOT / "clients/cpp", "-B", folder / "library", "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", *launcher)
    run("cmake", "--build", folder / "library")
    run("cmake", "--install", folder / "library", "--prefix", prefix)
    # A copy, so that nothing of the repository can be found beside it.
    shutil.copytree(ROOT / "clients/cpp/example", folder / "consumer")
    run("cmake", "-S", folder / "consumer", "-B", folder / "built", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}", *launcher)
    run("cmake", "--build", folder / "built")
    return prefix, folder / "built" / "postern-example-api"


def test_the_installed_header_stands_alone(example):
    prefix, _ = example
    headers = [path.relative_to(prefix).as_posix() for path in prefix.rglob("*.hpp")]
    assert headers == ["include/postern/verifier.hpp"]
    text = (prefix / headers[0]).read_text()
    assert all("<" in line for line in text.splitlines() if line.startswith("#include")), "only the standard library"


def test_the_example_says_what_is_wrong_with_its_options(example):
    _, program = example
    done = subprocess.run([program, "--issuer", "http://auth.example.com", "--audience", "x"], capture_output=True, text=True,
                          timeout=20, check=False)
    assert done.returncode == 2
    assert "allow_plain_http" in done.stderr
