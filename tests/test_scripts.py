"""The scripts: on machines that lack something they print that first, with what to do; and which checks they run."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
TOOLS = ("sh", "dirname", "cmp", "cp", "id", "env", "echo", "cat", "mkdir", "touch", "tee")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A checkout's scripts and lock files, and a PATH with the tools of the system alone."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    for lock in ROOT.glob("requirements*.lock"):
        shutil.copy(lock, tmp_path)
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        if found := shutil.which(tool):
            (tmp_path / "bin" / tool).symlink_to(found)
    return tmp_path


def program(machine: Path, name: str, script: str) -> None:
    path = machine / "bin" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def run(machine: Path, script: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": str(machine / "bin"), "MACHINE": str(machine)}
    return subprocess.run(
        ["sh", f"scripts/{script}"], cwd=machine, env=env, capture_output=True, text=True, check=False
    )


def python(machine: Path) -> None:
    """A Python whose pip prints its arguments to stderr and installs nothing."""
    program(
        machine,
        "python3",
        """
case "$*" in
  *version_info*) exit 0 ;;
  "-m venv .venv") mkdir -p .venv/bin; cat >.venv/bin/pip <<'END'
#!/bin/sh
echo "pip $*" >&2
END
    chmod +x .venv/bin/pip ;;
esac""",
    )
    found = shutil.which("chmod")
    assert found
    (machine / "bin" / "chmod").symlink_to(found)


def test_the_demo_says_at_once_that_it_installs_and_only_then(machine: Path) -> None:
    python(machine)
    first = run(machine, "install").stderr.splitlines()
    assert first[0].startswith("Installing into .venv")
    assert [line.split()[0] for line in first[1:]] == ["pip", "pip"]
    assert run(machine, "install").stderr == "", "what is installed is not installed again"
    (machine / "requirements.lock").write_text("other")
    assert run(machine, "install").stderr.startswith("Installing into .venv")


@pytest.mark.parametrize("node", [None, "exit 1"], ids=["none", "too old"])
def test_the_tests_look_for_node_before_they_install_anything(machine: Path, node: str | None) -> None:
    python(machine)
    program(machine, "apt-get", 'touch "$MACHINE/installed"')
    program(machine, "npm", "exit 0")
    if node is not None:
        program(machine, "node", 'case "$*" in --version) echo v18.20.4 ;; *) exit 1 ;; esac')
    ended = run(machine, "test")
    assert ended.returncode == 1
    what, how = ended.stderr.splitlines()
    assert "Node.js 20 or newer, with npm" in what
    assert ("v18.20.4" if node else "no Node.js") in what
    assert "apt-get install nodejs npm" in how
    assert not (machine / "installed").exists()
    assert not (machine / ".venv").exists()


def test_the_tests_need_npm_too(machine: Path) -> None:
    program(machine, "node", "exit 0")
    assert "with npm" in run(machine, "test").stderr


def test_a_machine_without_python_is_told_how_to_get_it(machine: Path) -> None:
    ended = run(machine, "demo")
    assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1)
    assert "apt-get install python3 python3-venv" in ended.stderr


def hooks() -> list[dict[str, str]]:
    repos = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    assert [repo["repo"] for repo in repos] == ["local"], (
        "a hook from elsewhere would be downloaded for each contributor"
    )
    found: list[dict[str, str]] = repos[0]["hooks"]
    return found


def test_a_commit_is_checked_as_the_tests_check_it() -> None:
    checks = (ROOT / "scripts/lint").read_text("utf-8").split("set -x\n")[1].splitlines()
    of_hooks = [hook["entry"].removeprefix(".venv/bin/").replace(" --force-exclude", "") for hook in hooks()]
    assert sorted(of_hooks) == sorted("shellcheck" if line.startswith("shellcheck ") else line for line in checks)
    assert {hook["language"] for hook in hooks()} == {"system"}, "with the tools that are locked, and no others"


def test_every_shell_script_is_checked() -> None:
    (line,) = [
        line for line in (ROOT / "scripts/lint").read_text("utf-8").splitlines() if line.startswith("shellcheck ")
    ]
    scripts = [path for folder in ("scripts", ".ci") for path in (ROOT / folder).iterdir() if path.is_file()]
    of_shell = [path for path in scripts if path.read_text("utf-8").startswith("#!/bin/sh")]
    assert sorted(line.split()[1:]) == sorted(str(path.relative_to(ROOT)) for path in of_shell)


def test_the_tests_begin_with_these_checks() -> None:
    steps = (ROOT / "scripts/test").read_text("utf-8").split("set -x\n")[1].splitlines()
    assert steps[0] == "sh scripts/lint"
