"""Run the tests of the pure core, each module's own, and show that they reach every line and branch of it.

What is pure is listed in tests/test_layers.py, and which tests are a module's own follows from tests/test_mirror.py.
Arguments go to pytest.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.test_layers import FILES, PACKAGE, PURE, part  # noqa: E402  # not before the checkout is found
from tests.test_mirror import own_tests  # noqa: E402


def main() -> int:
    """Return 0 if the tests pass and reach everything."""
    core = [path for path in FILES if part(path) in PURE]
    tests = sorted({str(test.relative_to(ROOT)) for path in core for test in own_tests(path.relative_to(PACKAGE))})
    files = ",".join(str(path.relative_to(ROOT)) for path in core)
    with tempfile.TemporaryDirectory() as folder:
        # Of its own, so that it can run beside other measurements.
        environment = os.environ | {"COVERAGE_FILE": f"{folder}/coverage"}
        for step in (
            ["run", "-m", "pytest", "-p", "no:cacheprovider", *tests, *sys.argv[1:]],
            ["combine", "--quiet"],
            ["report", f"--include={files}", "--fail-under=100", "--show-missing", "--skip-covered"],
        ):
            ended = subprocess.run([sys.executable, "-m", "coverage", *step], cwd=ROOT, env=environment, check=False)
            if ended.returncode != 0:
                return ended.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
