"""The distributions: the source has everything it builds and tests itself with, and an index can show it."""

from __future__ import annotations

import email
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def build(root: Path, target: str, into: Path) -> Path:
    """Build a distribution as an installer would, with what is installed here."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(into)]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    (built,) = into.glob(f"*.{'whl' if target == 'wheel' else 'tar.gz'}")
    return built


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, unpacked."""
    folder = tmp_path_factory.mktemp("source")
    with tarfile.open(build(ROOT, "sdist", folder)) as archive:
        archive.extractall(folder, filter="data")
    return folder / f"ticker-{PROJECT['version']}"


def tracked() -> set[str]:
    """What version control has; in an unpacked source distribution there is none."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("this is no checkout")
    return {name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()}


def test_the_source_distribution_is_whole(source: Path) -> None:
    there = {path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()}
    assert tracked() - there == set()


def test_its_own_tests_can_be_collected_from_the_source_distribution(source: Path) -> None:
    collected = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"],
        cwd=source,
        env=os.environ | {"PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert collected.returncode == 0, collected.stdout[-2000:]
    imported = subprocess.run(
        [sys.executable, "-c", "import ticker; print(ticker.__file__)"],
        cwd=source,
        env=os.environ | {"PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(imported.stdout.strip()).is_relative_to(source), "and not this checkout"


def test_the_wheel_of_the_source_distribution_is_that_of_the_checkout(source: Path, tmp_path: Path) -> None:
    here, there = (build(root, "wheel", tmp_path / name) for root, name in ((ROOT, "here"), (source, "there")))
    with zipfile.ZipFile(here) as ours, zipfile.ZipFile(there) as theirs:
        names = {name for name in ours.namelist() if "__pycache__" not in name}
        assert names == set(theirs.namelist())
        assert all(ours.read(name) == theirs.read(name) for name in names if "RECORD" not in name)
        assert {"ticker/clients/dist/manifest.json", "ticker/journal/append.lua"} <= names


def test_an_index_is_told_what_it_shows_and_every_link_there_leads_out(source: Path) -> None:
    metadata = email.message_from_string((source / "PKG-INFO").read_text("utf-8"))
    assert metadata["Author"] == "The ticker authors"
    assert {url.split(",")[0] for url in metadata.get_all("Project-URL") or []} == {"Homepage", "Source", "Changelog"}
    assert metadata["License-Expression"] == "Apache-2.0"
    assert f"Programming Language :: Python :: {PROJECT['requires-python'].removeprefix('>=')}" in (
        metadata.get_all("Classifier") or []
    )
    links = re.findall(r"\]\(([^)\s]+)\)", str(metadata.get_payload()))
    assert links
    assert [link for link in links if not link.startswith(("https://", "#"))] == []
    files = [link.removeprefix(PROJECT["urls"]["Source"] + "/") for link in links]
    assert [file for file in files if not (ROOT / file.partition("#")[0]).exists()] == []


def test_classifiers_are_ones_that_indexes_know() -> None:
    from trove_classifiers import classifiers

    assert set(PROJECT["classifiers"]) <= classifiers
