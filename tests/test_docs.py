"""Documents as tests: what the code has is in them, and what they name exists."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from starlette.routing import Route, WebSocketRoute
from typer.core import TyperGroup

from tests.service import Service
from ticker.cli.commands import COMMANDS, load
from ticker.dispatch import URGENCIES, Draft
from ticker.errors import TickerError
from ticker.settings import PREFIX, Settings
from ticker.web.app import ROUTES
from ticker.wire import CloseCode

ROOT = Path(__file__).parents[1]
MANUALS = ("README.md", "PROTOCOL.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
DOCUMENTS = {name: (ROOT / name).read_text("utf-8") for name in MANUALS} | {
    f"docs/{path.name}": path.read_text("utf-8") for path in sorted((ROOT / "docs").glob("*.md"))
}
README, PROTOCOL, OPERATIONS = DOCUMENTS["README.md"], DOCUMENTS["PROTOCOL.md"], DOCUMENTS["docs/operations.md"]
GOLDEN = [case["frame"] for case in json.loads((ROOT / "tests/golden/frames.json").read_text("utf-8"))]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def rows(document: str) -> list[list[str]]:
    """Rows of all tables, cell by cell, without their rules."""
    lines = [line for line in document.splitlines() if line.startswith("|") and not line.startswith("|-")]
    return [[cell.strip() for cell in line.strip("|").split(" |")] for line in lines]


def named(document: str, column: int = 0) -> set[str]:
    """What is written as code in one column of a document's tables."""
    cells = [row[column] for row in rows(document) if column < len(row)]
    return set(re.findall(r"`([^`]+)`", " ".join(cells)))


def section(document: str, title: str) -> str:
    """The text under a heading, up to the next one of its level or above."""
    found = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^#{{1,2}} |\Z)", document, re.MULTILINE | re.DOTALL)
    assert found is not None, title
    level = len(found[1])
    return re.split(rf"^#{{1,{level}}} ", found[2], flags=re.MULTILINE)[0]


def blocks(document: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", document, re.MULTILINE | re.DOTALL)


def errors(kind: type[TickerError] = TickerError) -> Iterator[type[TickerError]]:
    """Every kind of error that HTTP responses can have."""
    if "Never reaches HTTP" not in (kind.__doc__ or ""):
        yield kind
    for heir in kind.__subclasses__():
        yield from errors(heir)


def commands() -> Iterator[str]:
    """Every command as it is typed."""
    for name in COMMANDS:
        found = load(name)
        if isinstance(found, TyperGroup):
            yield from (f"ticker {name} {inner}" for inner in found.commands)
        else:
            yield f"ticker {name}"


def paths() -> list[tuple[str, str]]:
    """Method and path of every route; WebSockets begin as a GET."""
    found = set()
    for route in ROUTES:
        assert isinstance(route, Route | WebSocketRoute)
        methods = (route.methods or set()) - {"HEAD"} if isinstance(route, Route) else {"GET"}
        found |= {(method, route.path) for method in methods}
    return sorted(found)


# Settings, numbers and commands in the operator's manual


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_stands_in_the_manual_with_its_default(name: str) -> None:
    default = Settings.model_fields[name].default
    shown = "none" if default is None else f"`{default}`"
    (row,) = [row for row in rows(section(OPERATIONS, "Settings")) if row[0] == f"`{PREFIX}{name.upper()}`"]
    assert row[1] == shown


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_manual_says_of_a_setting_what_the_setting_says_of_itself(name: str) -> None:
    (row,) = [row for row in rows(section(OPERATIONS, "Settings")) if row[0] == f"`{PREFIX}{name.upper()}`"]
    description = (Settings.model_fields[name].description or "").split(";")[0].removesuffix(".")
    ours, theirs = (set(re.findall(r"[a-z]{4,}", text.lower())) for text in (description, row[2]))
    assert len(ours & theirs) * 2 > len(ours), (description, row[2])


def test_the_manual_has_no_setting_that_is_not_there() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields} | {"TICKER_URL", "TICKER_KEY"}
    for document in DOCUMENTS.values():
        assert set(re.findall(r"TICKER_[A-Z_]+", document)) <= known


def test_every_metric_stands_in_the_manual_with_its_kind_and_no_other(service: Service) -> None:
    service.until(lambda: "ticker_responses_total" in service.http.get("/metrics").text)  # once there was a response
    kinds = dict(re.findall(r"^# TYPE (\w+) (\w+)$", service.http.get("/metrics").text, re.MULTILINE))
    metrics = [row for row in rows(section(OPERATIONS, "Health")) if row[0].startswith("`ticker_")]
    assert {row[0].strip("`"): row[1].partition(",")[0] for row in metrics} == kinds


def test_a_metric_that_is_said_to_be_per_feed_is(service: Service) -> None:
    text = service.http.get("/metrics").text
    per_feed = set(re.findall(r'^(\w+)\{feed="breaking"\}', text, re.MULTILINE))
    assert {row[0].strip("`") for row in rows(OPERATIONS) if row[1].endswith("per feed")} == per_feed


@pytest.mark.parametrize("command", list(commands()))
def test_every_command_is_shown(command: str) -> None:
    assert re.search(rf"{re.escape(command)}\b", README + OPERATIONS)


# The wire contract


@pytest.mark.parametrize(("method", "path"), paths())
def test_every_route_stands_in_the_protocol(method: str, path: str) -> None:
    assert f"{method} {path}" in named(section(PROTOCOL, "Routes"))


def test_the_protocol_has_no_route_that_is_not_there() -> None:
    requests = [name.split(" ") for name in named(section(PROTOCOL, "Routes")) if re.match(r"[A-Z]+ /", name)]
    assert sorted((method, path) for method, path in requests) == paths()


@pytest.mark.parametrize("field", Draft.model_fields)
def test_every_field_of_a_dispatch_stands_in_the_protocol(field: str) -> None:
    assert field in named(section(PROTOCOL, "A dispatch"))


@pytest.mark.parametrize("urgency", URGENCIES)
def test_every_urgency_stands_in_the_protocol(urgency: str) -> None:
    assert urgency in named(section(PROTOCOL, "A dispatch"), column=1)


def test_every_kind_of_problem_stands_in_the_protocol_with_its_status_and_no_other() -> None:
    table = {(row[0], row[1].strip("`")) for row in rows(section(PROTOCOL, "Problems")) if row[0].isdigit()}
    assert table == {(str(error.status), error.slug) for error in errors()}


@pytest.mark.parametrize("code", list(CloseCode))
def test_every_close_code_stands_in_the_protocol(code: CloseCode) -> None:
    codes = {code.strip() for row in rows(section(PROTOCOL, "Close codes")) for code in row[0].split(",")}
    assert str(int(code)) in codes


@pytest.mark.parametrize("type", sorted({frame["type"] for frame in GOLDEN}))
def test_every_type_of_frame_has_an_example_that_is_golden(type: str) -> None:
    examples = [json.loads(block) for block in blocks(section(PROTOCOL, "Frames"), "json")]
    of_type = [example for example in examples if example["type"] == type]
    assert of_type
    assert all(example in GOLDEN for example in of_type)
    assert f"`{type}`: " in section(PROTOCOL, "Frames")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_example_is_json(document: str) -> None:
    for block in blocks(DOCUMENTS[document], "json"):
        assert isinstance(json.loads(block), dict)


def test_the_example_of_a_problem_is_what_the_service_answers(service: Service) -> None:
    (example,) = [json.loads(block) for block in blocks(section(PROTOCOL, "Problems"), "json")]
    response = service.http.post("/v1/feeds/breaking/dispatches", json={"text": ""})
    assert (response.status_code, response.json()) == (example["status"], example)


def test_the_example_of_a_receipt_has_the_members_of_one(service: Service) -> None:
    (example,) = [json.loads(block) for block in blocks(section(PROTOCOL, "Receipts"), "json")]
    receipt = service.file("breaking", "a dispatch")
    assert list(example) == list(receipt)
    assert [len(value) for value in map(str, example.values())] == [len(value) for value in map(str, receipt.values())]


# The README


def dependencies() -> list[str]:
    asked: list[str] = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]]
    return [re.split(r"[^\w.-]", requirement)[0] for requirement in asked]


def test_every_dependency_has_a_row_with_its_reason_and_no_other_has() -> None:
    table = rows(section(README, "Dependencies"))
    assert sorted(named(section(README, "Dependencies"))) == sorted(dependencies())
    assert all(len(row) == 2 and row[1] for row in table)


@pytest.mark.parametrize("script", ["demo", "test"])
def test_the_first_two_commands_are_there(script: str) -> None:
    command = f"sh scripts/{script}"
    assert [block.strip() for block in blocks(README, "sh")[:2]].count(command) == 1
    assert (ROOT / "scripts" / script).is_file()


def test_what_every_change_must_pass_is_the_readmes_test_line() -> None:
    assert blocks(README, "sh")[1].strip() in (ROOT / ".ci/run").read_text("utf-8").splitlines()


def test_the_readme_is_read_in_one_sitting() -> None:
    assert len(README.splitlines()) <= 150
    assert len(DOCUMENTS["docs/architecture.md"].splitlines()) <= 120


def test_the_changelog_speaks_of_this_version() -> None:
    assert PROJECT["project"]["version"] in DOCUMENTS["CHANGELOG.md"]


# All of them


def anchor(heading: str) -> str:
    """The fragment that leads to a heading, as forges make it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def links(text: str) -> list[str]:
    """Targets of the links inside the repository."""
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def broken(name: str, text: str) -> list[str]:
    """Links of a document to files or headings that do not exist."""
    found = []
    for link in links(text):
        file, _, fragment = unquote(link).partition("#")
        target = ROOT / name if not file else (ROOT / name).parent / file
        headings = re.findall(r"^#+ (.+)$", text if not file else _text(target), re.MULTILINE)
        if not target.exists() or (fragment and fragment not in map(anchor, headings)):
            found.append(link)
    return found


def _text(path: Path) -> str:
    return path.read_text("utf-8") if path.is_file() else ""


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    assert broken(document, DOCUMENTS[document]) == []


@pytest.mark.parametrize("text", ["[x](docs/nowhere.md)", "[x](#no-such-heading)", "[x](PROTOCOL.md#no-such-heading)"])
def test_a_link_that_leads_nowhere_is_seen(text: str) -> None:
    assert broken("README.md", text)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_is_named_is_there(document: str) -> None:
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", DOCUMENTS[document], flags=re.MULTILINE | re.DOTALL))
    named = [span for span in spans if re.fullmatch(r"(ticker|clients|tests|scripts|docs|deploy|\.ci)/[\w./-]*", span)]
    assert [span for span in named if not (ROOT / span).exists()] == []


def places(text: str) -> list[str]:
    """Names of places on somebody's machine."""
    return re.findall(r"(?<![\w.])/(?:tmp|srv|root|home|Users|var|opt|mnt)\b[\w./-]*", text)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_document_names_a_place_on_a_machine(document: str) -> None:
    assert places(DOCUMENTS[document]) == []


def test_a_place_on_a_machine_is_seen() -> None:
    text = "in /tmp/x, `/srv/main` and (/root) but not at https://news.example/srv or docs/srv"
    assert places(text) == ["/tmp/x", "/srv/main", "/root"]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_lines_end_where_they_end_and_tables_are_whole(document: str) -> None:
    text = DOCUMENTS[document]
    assert text.endswith("\n")
    assert [line for line in text.splitlines() if line != line.rstrip()] == []
    widths: list[Any] = [{len(row) for row in rows(table)} for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)]
    assert all(len(width) == 1 for width in widths)
