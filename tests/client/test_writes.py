"""Every change as a request."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from ticker.client import writes
from ticker.client.request import Request

NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)

CASES: list[tuple[Request[Any], str, dict[str, Any] | None]] = [
    (writes.file("f", "t", {}), "POST /v1/feeds/f/dispatches", {"text": "t"}),
    (
        writes.file("f", "t", {"source": "s", "urgency": "flash", "sections": ["a"], "occurred": NOON}),
        "POST /v1/feeds/f/dispatches",
        {"text": "t", "source": "s", "urgency": "flash", "sections": ["a"], "occurred": "2026-03-11T12:00:00.000Z"},
    ),
    (
        writes.hold("f", "t", NOON, {"byline": "b"}),
        "POST /v1/feeds/f/dispatches",
        {"text": "t", "byline": "b", "release_at": "2026-03-11T12:00:00.000Z"},
    ),
    (
        writes.correct("f", "i", {"text": "u", "source": None}),
        "PATCH /v1/feeds/f/dispatches/i",
        {"text": "u", "source": None},
    ),
    (
        writes.correct("f", "i", {"occurred": NOON}, note="n", revision=2),
        "PATCH /v1/feeds/f/dispatches/i",
        {"occurred": "2026-03-11T12:00:00.000Z", "note": "n"},
    ),
    (writes.kill("f", "i", "r"), "POST /v1/feeds/f/dispatches/i/kill", {"reason": "r"}),
    (writes.confirm("f", "i"), "POST /v1/feeds/f/dispatches/i/confirm", None),
    (writes.pin("f", "i"), "PUT /v1/feeds/f/pin", {"id": "i"}),
    (writes.pin("f", None), "DELETE /v1/feeds/f/pin", None),
    (writes.air("f", on=False), "PUT /v1/feeds/f/air", {"on": False}),
    (
        writes.air("f", on=True, label="l", url="https://u.example"),
        "PUT /v1/feeds/f/air",
        {"on": True, "label": "l", "url": "https://u.example"},
    ),
    (writes.edit_held("f", "h", {"text": "u"}), "PATCH /v1/feeds/f/held/h", {"text": "u"}),
    (
        writes.edit_held("f", "h", {}, release_at="2026-03-11T13:00:00Z"),
        "PATCH /v1/feeds/f/held/h",
        {"release_at": "2026-03-11T13:00:00Z"},
    ),
    (writes.release("f", "h"), "POST /v1/feeds/f/held/h/release", None),
    (writes.spike("f", "h"), "DELETE /v1/feeds/f/held/h", None),
    (writes.spike("f", "h", "r"), "DELETE /v1/feeds/f/held/h", {"reason": "r"}),
]


@pytest.mark.parametrize(("request_", "line", "body"), CASES)
def test_a_change_as_the_protocol_writes_it(request_: Request[Any], line: str, body: dict[str, Any] | None) -> None:
    assert f"{request_.method} {request_.path}" == line
    assert (None if request_.body is None else orjson.loads(request_.body)) == body
    assert request_.idempotency_key
    assert ("if-match" in request_.headers) == (request_.method == "PATCH")


def test_what_is_confirmed_is_a_revision_if_one_is_named() -> None:
    assert "if-match" not in writes.confirm("f", "i").headers
    assert writes.confirm("f", "i", revision=3).headers["if-match"] == '"3"'


def test_a_correction_is_of_any_revision_unless_one_is_named() -> None:
    assert writes.correct("f", "i", {"text": "u"}).headers["if-match"] == "*"
    assert writes.correct("f", "i", {"text": "u"}, revision=2).headers["if-match"] == '"2"'
    assert writes.edit_held("f", "h", {"text": "u"}, revision=1).headers["if-match"] == '"1"'
