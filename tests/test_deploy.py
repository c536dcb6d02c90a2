"""The files in deploy/ against the program: each command, flag, setting and image, and what the units may do."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from typer.core import TyperGroup
from typer.exceptions import TyperException

from tests.test_compose import DOCKERFILE, seconds
from tests.test_docs import DOCUMENTS
from ticker.cli.commands import load
from ticker.settings import PREFIX, Settings

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "deploy"
FILES = sorted(path for path in FOLDER.rglob("*") if path.is_file())
UNITS = [path for path in FILES if path.suffix == ".service"]
COMPOSE = [ROOT / "docker-compose.yml", *FOLDER.glob("compose*.yml")]
NAMES = {"TICKER_URL", "TICKER_KEY"} | {PREFIX + name.upper() for name in Settings.model_fields}

IMAGES = re.compile(r"redis:8-alpine|valkey/valkey:8-alpine|(?:prom/prometheus|grafana/grafana):v?\d+\.\d+\.\d+")
"""What is not built from this repository: pinned to a major where data stays readable within it, else to a version."""

MOST_EXPOSED = 1.1
"""What `systemd-analyze security` says of the units: 0 for no exposure, 10 for a service without any hardening."""


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


each_unit = pytest.mark.parametrize("path", UNITS, ids=name_of)
each_compose = pytest.mark.parametrize("path", COMPOSE, ids=name_of)
each_file = pytest.mark.parametrize("path", FILES, ids=name_of)


def check(line: list[str]) -> None:
    """Check what follows `ticker` on a command line, as the program itself would, without running it.

    Raises:
        KeyError: there is no such command.
        TyperException: it has no such flag, or not with such a value.
    """
    name, *rest = line
    command = load(name)
    if isinstance(command, TyperGroup):
        name, *rest = rest
        command.commands[name].make_context(name, rest)
    else:
        command.make_context(name, rest)


def unit(path: Path) -> dict[str, list[str]]:
    """The settings of a unit file, by name, each with all its values in their order."""
    found: dict[str, list[str]] = {}
    for line in path.read_text("utf-8").splitlines():
        if line and not line.startswith(("#", "[")):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def services(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The services of a Compose file; ours are built from this repository."""
    yield from yaml.safe_load(path.read_text("utf-8"))["services"].items()


def interpolated(value: object) -> str:
    """A value with its default for each ${NAME:-default}, and a URL for each ${NAME} and ${NAME:?message}."""
    text = re.sub(r"\$\{\w+:-([^${}]*)\}", r"\1", str(value))
    return re.sub(r"\$\{\w+(:\?[^${}]*)?\}", "http://value", text)


def words(value: str | list[str] | None) -> list[str]:
    return shlex.split(value) if isinstance(value, str) else [interpolated(word) for word in value or []]


def environment(service: dict[str, Any]) -> dict[str, str]:
    given = service.get("environment") or {}
    pairs = given.items() if isinstance(given, dict) else (pair.split("=", 1) for pair in given)
    return {name: "" if value is None else interpolated(value) for name, value in pairs}


@each_file
def test_every_setting_in_it_is_one(path: Path) -> None:
    assert set(re.findall(rf"\b{PREFIX}[A-Z_]*[A-Z]", path.read_text("utf-8"))) <= NAMES


@each_file
def test_a_document_names_it(path: Path) -> None:
    assert any(name_of(path) in text for text in DOCUMENTS.values())


# Units


@each_unit
def test_a_unit_starts_a_command_of_the_program(path: Path) -> None:
    [started] = unit(path)["ExecStart"]
    program, *arguments = shlex.split(started)
    [installed] = re.findall(r"PATH=(\S+?):", DOCKERFILE)
    assert program == f"{installed}/ticker"
    check(arguments)


@each_unit
def test_a_unit_stops_when_the_service_has_drained(path: Path) -> None:
    [allowed] = unit(path)["TimeoutStopSec"]
    default = Settings.model_fields["drain"].default
    assert int(allowed) >= default + 10
    assert int(unit(path)["WatchdogSec"][0]) >= 10


@each_unit
def test_a_unit_exposes_no_more_than_it_must(path: Path) -> None:
    program = shutil.which("systemd-analyze")
    assert program is not None, "systemd is needed: apt-get install systemd"
    told = subprocess.run(
        [program, "security", "--offline=true", "--no-pager", f"--threshold={int(MOST_EXPOSED * 10)}", str(path)],
        capture_output=True,
        check=False,
        text=True,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    [exposure] = re.findall(r"exposure level for \S+: (\d+\.\d+)", told.stdout)
    assert float(exposure) == MOST_EXPOSED
    assert f"{MOST_EXPOSED}" in DOCUMENTS["docs/deploying.md"]


@each_unit
def test_systemd_knows_every_line_of_a_unit(path: Path, tmp_path: Path) -> None:
    text = path.read_text("utf-8").replace("/opt/ticker/bin/ticker", "/bin/true")
    (tmp_path / path.name).write_text(text)
    program = shutil.which("systemd-analyze") or ""
    told = subprocess.run(
        [program, "verify", str(tmp_path / path.name)], capture_output=True, check=False, text=True, env={**os.environ}
    )
    assert "Unknown" not in told.stderr
    assert path.name not in told.stderr


def test_the_units_are_hardened_alike() -> None:
    ours = [
        {name: values for name, values in unit(path).items() if not re.search("Exec|Environ|State|Descr|Stop", name)}
        for path in UNITS
    ]
    assert ours[0] == ours[-1]


# Compose


@each_compose
def test_a_compose_file_follows_the_specification(path: Path) -> None:
    vendored = resources.files("check_jsonschema.builtin_schemas").joinpath("vendor/compose-spec.json")
    schema = json.loads(vendored.read_bytes())
    jsonschema.validators.validator_for(schema)(schema).validate(yaml.safe_load(path.read_text("utf-8")))


@each_compose
def test_ours_are_built_here_run_a_command_of_the_program_and_take_its_settings(path: Path) -> None:
    ours = {name: service for name, service in services(path) if "build" in service}
    assert ours
    for name, service in ours.items():
        build = service["build"]
        context = build if isinstance(build, str) else build["context"]
        assert (path.parent / context).resolve() == ROOT, name
        check(words(service.get("command")) or ["serve"])
        given = {name: value for name, value in environment(service).items() if name.startswith(PREFIX)}
        fields = {name.removeprefix(PREFIX).lower(): value for name, value in given.items() if value}
        Settings.model_validate({field: value for field, value in fields.items() if field in Settings.model_fields})


@each_compose
def test_other_images_are_pinned(path: Path) -> None:
    for name, service in services(path):
        assert "build" in service or IMAGES.fullmatch(service["image"]), name


@each_compose
def test_no_service_has_more_power_than_it_needs(path: Path) -> None:
    for name, service in services(path):
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not service.keys() & {"privileged", "cap_add", "devices", "pid", "ipc", "network_mode"}, name
        assert service["restart"] == "unless-stopped", name


@each_compose
def test_ours_have_time_to_drain(path: Path) -> None:
    for name, service in services(path):
        if "build" in service:
            assert seconds(service["stop_grace_period"]) > Settings.model_fields["drain"].default + 10, name


@each_compose
def test_what_a_service_depends_on_is_there(path: Path) -> None:
    known = dict(services(path))
    for name, service in known.items():
        assert set(service.get("depends_on") or ()) <= known.keys(), name
        for word in words(service.get("command")):
            hosts = re.findall(r"(?<=//)([a-z][\w-]*)(?=:\d)", word)
            assert set(hosts) <= known.keys(), (name, word)


# The checks themselves


@pytest.mark.parametrize("line", ["serve --prot 8000", "serv", "serve --port many", "tail --feed", "keys lst"])
def test_a_mistake_in_a_command_is_seen(line: str) -> None:
    with pytest.raises((KeyError, TyperException)):
        check(line.split())


@pytest.mark.parametrize("line", ["serve", "serve --port 8000 --workers 2", "keys add --role admin --name N", "tail"])
def test_a_command_without_one_is_not(line: str) -> None:
    check(line.split())
