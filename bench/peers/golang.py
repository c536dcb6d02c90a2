"""How Go peers are built: a small main of ours around the library, its modules from the Go module proxy."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from bench.peers import HERE, Missing

FOLDER = Path(tempfile.gettempdir()) / "ticker-bench-go"
BUILD_TIMEOUT = 300.0


def build(source: str, *modules: str) -> str:
    """Return the program built from one of our Go files; built the first time only."""
    go = shutil.which("go")
    if go is None:
        raise Missing("go is not installed")
    folder = FOLDER / source.removesuffix(".go")
    program = folder / "server"
    text = (HERE / source).read_text()
    if program.exists() and (folder / "main.go").read_text() == text:
        return str(program)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "main.go").write_text(text)
    steps = [["mod", "init", "bench"], ["get", *modules], ["mod", "tidy"], ["build", "-o", "server", "."]]
    for step in steps:
        try:
            done = subprocess.run(
                [go, *step], cwd=folder, capture_output=True, text=True, timeout=BUILD_TIMEOUT, check=False
            )
        except subprocess.TimeoutExpired:
            raise Missing(f"go {step[0]} took more than {BUILD_TIMEOUT:.0f} s") from None
        if done.returncode:
            raise Missing(f"go {step[0]} failed: {done.stderr.strip().splitlines()[-1]}")
    return str(program)
