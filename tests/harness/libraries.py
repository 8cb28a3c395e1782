"""The verifier libraries, installed as their users install them, each beside its own dependencies."""

import fcntl
import os
import shutil
import subprocess
import sys

from harness.site import ROOT

BUILD = ROOT / "build/clients"
PYTHON_FOLDER = ROOT / "clients/python"
NODE_FOLDER = ROOT / "clients/node"
CPP_FOLDER = ROOT / "clients/cpp"
VECTORS = ROOT / "clients/vectors"


def run(*command, cwd, seconds=300, **environment):
    """Runs a command that must succeed, and returns its standard output."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        env=os.environ | environment,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}:\n{done.stdout[-8000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def python_library():
    """The interpreter of a virtual environment that has the library and what its tests need."""
    venv = BUILD / "python-venv"
    python, pins, mark = venv / "bin/python", PYTHON_FOLDER / "requirements-test.txt", venv / "installed.txt"
    with _alone("python"):
        if not mark.exists() or mark.read_bytes() != pins.read_bytes():
            run(sys.executable, "-m", "venv", "--clear", venv, cwd=ROOT)
            run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", pins, cwd=ROOT)
            mark.write_bytes(pins.read_bytes())
        # From a copy: setuptools builds inside the folder that it installs from.
        copy = BUILD / "python-copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(PYTHON_FOLDER, copy, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
        options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--force-reinstall"]
        run(python, "-m", "pip", "install", *options, copy, cwd=ROOT)
    return python


def node_library():
    """Builds the library; returns its folder."""
    lock, mark = NODE_FOLDER / "package-lock.json", NODE_FOLDER / "node_modules/installed.json"
    with _alone("node"):
        if not mark.exists() or mark.read_bytes() != lock.read_bytes():
            run("npm", "ci", "--silent", "--no-audit", "--no-fund", cwd=NODE_FOLDER)
            mark.write_bytes(lock.read_bytes())
        run("npm", "run", "--silent", "build", cwd=NODE_FOLDER)
    return NODE_FOLDER


def cpp_example():
    """Installs the library, and builds its example API as a project of its own; returns the program."""
    library, prefix, example = BUILD / "cpp", BUILD / "cpp-installed", BUILD / "cpp-example"
    options = ["-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release"]
    if shutil.which("ccache"):
        options.append("-DCMAKE_CXX_COMPILER_LAUNCHER=ccache")
    with _alone("cpp"):
        run("cmake", "-S", CPP_FOLDER, "-B", library, f"-DCMAKE_INSTALL_PREFIX={prefix}", *options, cwd=ROOT)
        run("cmake", "--build", library, "--target", "install", cwd=ROOT, seconds=900)
        run("cmake", "-S", CPP_FOLDER / "example", "-B", example, f"-DCMAKE_PREFIX_PATH={prefix}", *options, cwd=ROOT)
        run("cmake", "--build", example, cwd=ROOT, seconds=300)
    return example / "postern-example-api"


class _alone:
    """Two runs of the tests at once must not install over each other."""

    def __init__(self, name):
        BUILD.mkdir(parents=True, exist_ok=True)
        self._path = BUILD / f"{name}.lock"

    def __enter__(self):
        self._file = self._path.open("w", encoding="ascii")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_):
        self._file.close()
