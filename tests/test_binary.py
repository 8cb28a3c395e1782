"""The program as a file: what the compiler hardened in it, and whether the bill of materials says what it is made of."""

import json
import os
import pathlib
import platform
import re
import subprocess

import pytest

from harness.site import BINARY, ROOT

BUILD = pathlib.Path(BINARY).resolve().parent
ENDBR64 = b"\xf3\x0f\x1e\xfa"


def readelf(*flags):
    return subprocess.run(["readelf", "-W", *flags, BINARY], capture_output=True, text=True, timeout=60, check=True).stdout


def segments():
    """(type, flags) of every program header."""
    return re.findall(r"^  (\w+) +0x\w+ 0x\w+ 0x\w+ 0x\w+ 0x\w+ ([RWE ]{3})", readelf("-l"), re.M)


def test_it_is_loaded_anywhere_and_its_tables_are_read_only():
    assert re.search(r"Type: +DYN", readelf("-h"))
    dynamic = readelf("-d")
    assert re.search(r"FLAGS_1.*\bPIE\b", dynamic), "position-independent"
    assert "BIND_NOW" in dynamic and "GNU_RELRO" in dict(segments()), "full RELRO"
    assert "TEXTREL" not in dynamic
    assert "RPATH" not in dynamic and "RUNPATH" not in dynamic, "libraries come from the system alone"


def test_no_memory_is_both_written_and_executed():
    found = segments()
    assert "E" not in dict(found)["GNU_STACK"]
    assert [flags for _, flags in found if "W" in flags and "E" in flags] == []
    assert any(kind == "LOAD" and "E" in flags for kind, flags in found), "the headers were read"


def test_overruns_are_noticed():
    wanted = set(re.findall(r"FUNC +GLOBAL +DEFAULT +UND (\w+)", readelf("--dyn-syms")))
    assert "__stack_chk_fail" in wanted, "stack protector"
    assert {name for name in wanted if name.endswith("_chk")}, "_FORTIFY_SOURCE"


@pytest.mark.skipif(platform.machine() != "x86_64", reason="CET is of x86-64")
def test_calls_land_where_functions_begin():
    """Intel CET: each function that a pointer in the data leads to, as those of virtual functions, begins with ENDBR64."""
    content = pathlib.Path(BINARY).read_bytes()
    functions = {int(address, 16) for address in re.findall(r"^ +\d+: (\w+) +\w+ FUNC ", readelf("--syms"), re.M)}
    pointers = {int(addend, 16) for addend in re.findall(r" R_X86_64_RELATIVE +(\w+)$", readelf("-r"), re.M)}
    (load,) = re.findall(r"^  LOAD +0x(\w+) 0x(\w+) 0x\w+ 0x\w+ 0x\w+ R E", readelf("-l"), re.M)
    in_file, in_memory = (int(number, 16) for number in load)
    called = functions & pointers
    assert len(called) > 500
    bare = [address for address in called if not content.startswith(ENDBR64, address - in_memory + in_file)]
    assert bare == []


@pytest.fixture(scope="module")
def bill():
    if not (BUILD / ".ninja_deps").exists():
        pytest.skip(f"{BUILD} is no build folder")
    done = subprocess.run([ROOT / "tools" / "make_sbom", BUILD], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def property_of(component, name):
    return [one["value"] for one in component["properties"] if one["name"] == f"postern:{name}"]


def test_the_bill_names_every_library_of_a_running_server(bill, sqlite_site):
    """Asked of the kernel, not of the tools that the bill was made with."""
    with open(f"/proc/{sqlite_site.servers[0].process.pid}/maps", encoding="utf-8") as maps:
        mapped = {line.split()[-1] for line in maps if ".so" in line}
    assert len(mapped) > 20
    listed = {os.path.realpath(file) for one in bill["components"] for file in property_of(one, "file")}
    assert {os.path.realpath(path) for path in mapped} <= listed


def test_the_bill_has_the_versions_that_are_installed(bill):
    components = bill["components"]
    shown = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${Version}\\n", *(one["name"] for one in components)],
        capture_output=True, text=True, timeout=60, check=True,
    ).stdout
    assert {f"{one['name']} {one['version']}" for one in components} == set(shown.splitlines())


def test_the_bill_names_what_is_compiled_in_and_no_tool_of_the_tests(bill):
    ways = {one["name"]: property_of(one, "how") for one in bill["components"]}
    assert ways["libcli11-dev"] == ways["libboost1.81-dev"] == ["compiled"]
    assert not any("gtest" in name or "rapidcheck" in name for name in ways)


def test_the_bill_is_cyclonedx(bill):
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.5", 1)
    references = [one["bom-ref"] for one in bill["components"]]
    assert len(references) == len(set(references))
    (dependency,) = bill["dependencies"]
    assert dependency["ref"] == bill["metadata"]["component"]["bom-ref"] and dependency["dependsOn"] == references
    for one in bill["components"]:
        assert re.fullmatch(r"pkg:deb/debian/[a-z0-9.+-]+@[^?+]+\?arch=\w+", one["purl"]), one["purl"]
