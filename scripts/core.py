"""Run the tests of the pure core, each module's own, and show that they reach every line and branch of it.

What is pure is listed in tests/test_layers.py, and which tests are a module's own follows from tests/test_mirror.py.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.test_layers import FILES, HOUSE, PURE, part  # noqa: E402  # not before the checkout is found
from tests.test_mirror import own_tests  # noqa: E402


def main() -> int:
    """Return 0 if the tests pass and reach everything."""
    core = [path for path in FILES if part(path) in PURE]
    tests = sorted({str(test) for path in core for test in own_tests(path.relative_to(HOUSE))})
    coverage = [sys.executable, "-m", "coverage"]
    ran = subprocess.run([*coverage, "run", "-m", "pytest", *tests, *sys.argv[1:]], cwd=ROOT, check=False)
    if ran.returncode != 0:
        return ran.returncode
    files = ",".join(str(path.relative_to(ROOT)) for path in core)
    report = [*coverage, "report", f"--include={files}", "--fail-under=100", "--show-missing", "--skip-covered"]
    return subprocess.run(report, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
