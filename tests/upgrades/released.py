"""The program as it was released, taken from version control and run beside today's."""

from __future__ import annotations

import contextlib
import io
import subprocess
import tarfile
from pathlib import Path
from typing import Final

import pytest

from tests.service import Service

ROOT: Final = Path(__file__).parents[2]

COMMITS: Final = {"0.1.0": "99fbb95a80fbecfaecdf81dc64804755c1dbc888"}
"""Version → the commit that it was made from."""


def unpack(version: str, into: Path) -> Path:
    """Unpack the program of a version; skip the test where its history is not at hand, as in a source distribution."""
    command = ["git", "archive", COMMITS[version], "ticker", "clients"]
    archived = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if archived.returncode != 0:
        pytest.skip(f"the history of {version} is not here: {archived.stderr.decode().strip()}")
    with tarfile.open(fileobj=io.BytesIO(archived.stdout)) as archive:
        archive.extractall(into, filter="data")
    return into


class Released(Service):
    """`ticker serve` of a version, with the dependencies that are installed here."""

    def __init__(self, program: Path, data: Path, **settings: str) -> None:
        super().__init__(data, **settings)
        self.program = program

    def start(self) -> None:
        with contextlib.chdir(self.program):  # `python -m` looks there first, and so do its workers
            super().start()
