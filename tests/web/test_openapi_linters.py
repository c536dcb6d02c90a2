"""The OpenAPI document, as the linters see it that people run before they generate a client."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any, Final

import orjson
import pytest

from tests.service import Service
from ticker.web.app import OPERATIONS
from ticker.web.described import openapi

ROOT: Final = Path(__file__).parents[2]
TOOLS: Final = ROOT / "node_modules" / ".bin"


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("described") / "openapi.json"
    path.write_bytes(orjson.dumps(openapi.document(OPERATIONS)))
    return path


def test_redocly_finds_nothing(document: Path) -> None:
    assert _problems("redocly", "lint", "--config", "redocly.yaml", "--format", "json", document)["problems"] == []


def test_spectral_finds_nothing(document: Path) -> None:
    assert _problems("spectral", "lint", "--ruleset", ".spectral.yaml", "--format", "json", "--quiet", document) == []


def _problems(tool: str, *arguments: str | Path) -> Any:
    """Run a linter and return its report, read from JSON."""
    quiet = {**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    run = subprocess.run([TOOLS / tool, *arguments], cwd=ROOT, env=quiet, capture_output=True, text=True, check=False)
    assert run.stdout, run.stderr
    return orjson.loads(run.stdout)


def test_reading_is_described_as_open_to_all_and_filing_is_not() -> None:
    described = openapi.document(OPERATIONS)
    assert described["security"] == []
    dispatches = described["paths"]["/v1/feeds/{feed}/dispatches"]
    assert "security" not in dispatches["get"]
    assert dispatches["post"]["security"] == [{"key": ["correspondent"]}, {"session": ["correspondent"]}]


def test_no_example_has_an_idempotency_key_that_every_reader_of_it_would_send() -> None:
    assert "example" not in openapi.document(OPERATIONS)["components"]["parameters"]["IdempotencyKey"]


def test_no_field_of_a_request_has_a_default_which_generators_take_for_required() -> None:
    schemas = openapi.document(OPERATIONS)["components"]["schemas"]
    bodies = [schemas[name] for name in ("Draft", "Correction", "AirSwitch")]
    assert [field for body in bodies for field in body["properties"].values() if "default" in field] == []
    assert schemas["Draft"]["properties"]["urgency"]["description"].endswith("Default: normal.")


def test_on_the_page_every_term_has_a_description(service: Service) -> None:
    # HTML standard, the dl element: groups of dt are followed by dd. Without one the list is invalid.
    page = service.http.get("/docs").text
    terms = re.findall(r"</dt>\s*<(/?\w+)", page)
    assert len(terms) > 200
    assert set(terms) == {"dd"}
