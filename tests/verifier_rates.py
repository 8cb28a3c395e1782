"""How many tokens each verifier library checks in a second, beside the bare JOSE library that it stands on.

    ninja -C build/release client_cpp_rates && build/venv/bin/python tests/verifier_rates.py

ES256 (C++: EdDSA), per second of CPU, so that what else the machine does counts little. Warm: tokens that were seen
before, so that expiry and revocation are checked and the signature is not; cold: tokens never seen. Takes half a minute.
"""

import json

from harness.libraries import NODE_FOLDER, PYTHON_FOLDER, node_library, python_library, run
from harness.site import ROOT


def main():
    rows = {
        "C++ (OpenSSL)": run(ROOT / "build/release/clients/cpp/client_cpp_rates", cwd=ROOT),
        "Python (PyJWT)": run(python_library(), PYTHON_FOLDER / "tests/rates.py", cwd=PYTHON_FOLDER),
        "Node (jose)": run("node", node_library() / "test/rates.mjs", cwd=NODE_FOLDER),
    }
    print(f"{'tokens per CPU s':<20}{'warm':>12}{'cold':>12}{'bare JOSE':>12}{'warm ÷ bare':>14}{'cold ÷ bare':>14}")
    for name, output in rows.items():
        rates = json.loads(output)
        warm, cold, bare = rates["warm"], rates["cold"], rates["bare"]
        print(f"{name:<20}{warm:>12,}{cold:>12,}{bare:>12,}{warm / bare:>14.1f}{cold / bare:>14.2f}")


if __name__ == "__main__":
    main()
