"""One table of fields: what a dispatch may say is described, offered and typed everywhere as the model has it."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from typer.core import TyperCommand

from tests.test_docs import PROTOCOL, rows, section
from ticker.cli.commands import load
from ticker.client import Corrections, FullDispatch, HeldDispatch, Usable
from ticker.client import Fields as ClientFields
from ticker.dispatch import ALWAYS, FIELDS, Correction, Draft, FieldChanges, Urgency
from ticker.web.described.asyncapi import FRAMES
from ticker.web.described.bodies import schema
from ticker.web.shapes.dispatch import DISPATCH

ROOT = Path(__file__).parents[1]
SERVERS = {"id", "status", "filed", "updated", "revision"}
"""What the service adds to a dispatch."""

HELD = {"id", "status", "revision", "held", "updated", "by", "release_at", "parked"}
"""What the service adds to a held dispatch."""


def is_list(name: str) -> bool:
    return "array" in schema(Draft)["properties"][name]["type"]


@pytest.mark.parametrize("name", Draft.model_fields)
def test_every_field_is_described(name: str) -> None:
    assert Draft.model_fields[name].description
    default = " Default: normal." if name == "urgency" else ""
    assert schema(Draft)["properties"][name]["description"] == f"{Draft.model_fields[name].description}{default}"


def test_a_draft_and_a_correction_have_the_same_fields() -> None:
    assert tuple(Draft.model_fields) == (*FIELDS, "release_at")
    assert tuple(FieldChanges.model_fields) == FIELDS
    assert tuple(Correction.model_fields) == (*FIELDS, "note")


@pytest.mark.parametrize("name", FIELDS)
def test_a_dispatch_is_described_with_the_limits_of_its_draft(name: str) -> None:
    taken, given = schema(Draft)["properties"][name], DISPATCH.schema["properties"][name]
    assert given["description"].startswith(taken["description"])
    for limit in ("maxLength", "maxItems", "enum"):
        assert given.get(limit) == taken.get(limit)
    assert (name in DISPATCH.schema["required"]) is (name in ALWAYS)


@pytest.mark.parametrize("name", Draft.model_fields)
def test_the_protocol_has_the_limit_of_a_field(name: str) -> None:
    (rule,) = [row[1] for row in rows(section(PROTOCOL, "A dispatch")) if f"`{name}`" in row[0]]
    field: dict[str, Any] = schema(Draft)["properties"][name]
    for limit in (field.get("maxLength"), field.get("maxItems"), field.get("items", {}).get("maxLength")):
        assert limit is None or f"{limit:,}" in rule


@pytest.mark.parametrize(
    ("command", "without", "more"), [("file", {"text"}, {"release_at"}), ("correct", set(), {"note"})]
)
def test_a_command_has_an_option_for_each_field(command: str, without: set[str], more: set[str]) -> None:
    found = load(command)
    assert isinstance(found, TyperCommand)
    options = {option for each in found.params for option in each.opts if option.startswith("--")}
    for name in ({*FIELDS} - without) | more:
        singular = name.removesuffix("s") if name in ("sections", "places") else name
        assert f"--{singular.replace('_', '-')}" in options


def test_the_clients_types_are_made_of_the_table_of_fields() -> None:
    checked = subprocess.run([sys.executable, "scripts/client_types.py", "--check"], cwd=ROOT, check=False)
    assert checked.returncode == 0, "run python scripts/client_types.py"


@pytest.mark.parametrize("path", ["feed/dispatch.d.ts", "widget/dispatch.d.ts"])
def test_the_clients_types_have_each_field_and_no_other(path: str) -> None:
    types = (ROOT / "clients" / path).read_text("utf-8")
    body = next(body for body in re.findall(r"interface \w+ {\n(.*?)\n}", types, re.DOTALL) if '"usable"' in body)
    typed = dict(re.findall(r"^  (\w+\??): (.+);$", body, re.MULTILINE))
    assert {name.removesuffix("?") for name in typed} == {*FIELDS, "note"} | SERVERS
    assert {name for name in typed if not name.endswith("?")} == {*ALWAYS} | SERVERS
    for name in FIELDS:
        assert (typed.get(name) or typed[f"{name}?"]).startswith("string[]") is is_list(name)


@pytest.mark.parametrize("type", FRAMES)
def test_the_clients_types_have_each_frame_with_its_members(type: str) -> None:
    types = (ROOT / "clients/feed/frames.d.ts").read_text("utf-8")
    bodies = re.findall(r"interface \w+ {\n(.*?)\n}", types, re.DOTALL)
    (frame,) = [body for body in bodies if f'type: "{type}";' in body]
    assert set(re.findall(r"^  (\w+)\??: ", frame, re.MULTILINE)) == FRAMES[type]["properties"].keys()


def kind(name: str) -> Any:
    """The type of a field in the Python client."""
    return list[str] if is_list(name) else Urgency if name == "urgency" else str


@pytest.mark.parametrize(
    ("type", "added"),
    [
        (Usable, SERVERS | {"note"}),
        (FullDispatch, SERVERS | {"note", "revisions", "editions"}),
        (HeldDispatch, HELD),
    ],
)
def test_the_python_clients_dispatches_have_each_field_and_no_other(type: Any, added: set[str]) -> None:
    typed = get_type_hints(type)
    assert typed.keys() == {*FIELDS} | added
    assert type.__required_keys__ & {*FIELDS} == {*ALWAYS}
    assert {name: typed[name] for name in FIELDS} == {name: kind(name) for name in FIELDS}


@pytest.mark.parametrize(("type", "without"), [(ClientFields, {"text"}), (Corrections, set())])
def test_the_python_client_sends_each_field_and_no_other(type: Any, without: set[str]) -> None:
    typed = get_type_hints(type)
    assert typed.keys() == {*FIELDS} - without
    for name, value in typed.items():
        sent = datetime | str if name == "occurred" else kind(name)
        assert value == (sent | None if type is Corrections and name not in ALWAYS else sent)
