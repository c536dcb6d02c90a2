"""The client needs nothing of the service; and what it decides, it decides without I/O."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import ticker.client

ROOM = Path(ticker.client.__file__).parent
ADAPTERS = {"exchange", "http", "transports", "async_client", "async_follow", "sync_client", "sync_follow"}
PURE = sorted(path for path in ROOM.glob("*.py") if path.stem not in ADAPTERS | {"__init__"})
IO = {"asyncio", "httpx", "websockets", "socket", "threading", "concurrent", "select", "subprocess"}


def roots(path: Path) -> set[str]:
    """The names of the modules that a file imports; of our own, those within this room."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            parts = node.module.split(".")
            names = [parts[2]] if len(parts) > 2 else [alias.name for alias in node.names]
            found |= set(names) if parts[:2] == ["ticker", "client"] else {parts[0]}
    return found


@pytest.mark.parametrize("path", PURE, ids=lambda path: str(path.stem))
def test_what_decides_knows_no_io(path: Path) -> None:
    assert not roots(path) & (IO | ADAPTERS)


@pytest.mark.parametrize("path", [path for path in PURE if path.stem != "clock"], ids=lambda path: str(path.stem))
def test_what_decides_is_told_the_time_and_the_dice(path: Path) -> None:
    assert not roots(path) & {"time", "random"}


def test_importing_it_imports_nothing_of_the_service() -> None:
    program = (
        "import sys, ticker.client\n"
        "print(*sorted(name for name in sys.modules if name.startswith('ticker.') and name[:13] != 'ticker.client'))\n"
        "print(*sorted({'starlette', 'uvicorn', 'redis', 'pydantic', 'typer', 'jinja2'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []
