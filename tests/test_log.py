"""The log: its two formats, the request in a line, and how many lines one statement may log."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.service import Service
from ticker.log import BURST, REFILL, JsonFormat, LoggedRequest, Quota, TextFormat, configure, request
from ticker.settings import Settings


@pytest.fixture
def in_request() -> Iterator[None]:
    token = request.set(LoggedRequest("f00d", "192.0.2.7"))
    yield
    request.reset(token)


@pytest.fixture
def unconfigured() -> Iterator[None]:
    """Put the root logger back as pytest had it."""
    root, ours = logging.getLogger(), logging.getLogger("ticker")
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    ours.setLevel(logging.NOTSET)


def _record(message: str, *arguments: object, line: int = 1) -> logging.LogRecord:
    record = logging.LogRecord("ticker.web", logging.WARNING, "web.py", line, message, arguments, None)
    record.created = 1_767_225_600.5
    return record


def test_a_line_of_text_has_time_level_and_message() -> None:
    assert TextFormat().format(_record("%d lost", 3)) == "2026-01-01T00:00:00.500Z warning: 3 lost"


@pytest.mark.usefixtures("in_request")
def test_a_line_of_text_names_the_request_and_its_client() -> None:
    assert TextFormat().format(_record("lost")).endswith(" warning: lost (request f00d from 192.0.2.7)")


def test_what_a_stranger_sends_cannot_begin_a_line_of_its_own() -> None:
    assert TextFormat().format(_record("GET %s", "/\n2026 error: \x1b[2J")).endswith(r"GET /\n2026 error: \x1b[2J")


@pytest.mark.usefixtures("in_request")
def test_a_json_line_is_one_object() -> None:
    assert orjson.loads(JsonFormat().format(_record("lost\n"))) == {
        "time": "2026-01-01T00:00:00.500Z",
        "level": "warning",
        "logger": "ticker.web",
        "message": "lost\n",
        "request": "f00d",
        "client": "192.0.2.7",
    }


def test_a_traceback_follows_the_line_and_is_a_member_of_the_object() -> None:
    record = _record("failed")
    try:
        raise LookupError("here")
    except LookupError:
        record.exc_info = sys.exc_info()
    assert TextFormat().format(record).splitlines()[-1] == "LookupError: here"
    assert orjson.loads(JsonFormat().format(record))["traceback"].endswith("LookupError: here")


def test_a_statement_logs_a_burst_then_one_line_for_each_refill_and_counts_the_rest() -> None:
    now = 0.0
    quota = Quota(lambda: now)
    passed = [quota.filter(_record("bad")) for _ in range(BURST + 5)]
    assert passed == [True] * BURST + [False] * 5
    assert quota.filter(_record("another", line=2))
    now = REFILL
    later = _record("bad %s", "again")
    assert quota.filter(later)
    assert later.getMessage() == "bad again (5 more like this were not logged)"
    assert not quota.filter(_record("bad"))
    now += 100 * REFILL
    assert [quota.filter(_record("bad")) for _ in range(BURST + 1)] == [True] * BURST + [False]


@pytest.mark.usefixtures("unconfigured")
@pytest.mark.parametrize("form", ["text", "json"])
def test_the_settings_decide_the_format_the_level_and_the_access_log(
    monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    stderr = io.StringIO()
    monkeypatch.setattr("sys.stderr", stderr)
    configure(Settings.read(log_format=form, log_level="warning", access_log=True))
    logging.getLogger("ticker.web").info("not this")
    logging.getLogger("ticker.web").warning("this")
    logging.getLogger("ticker.access").info("and this")
    lines = stderr.getvalue().splitlines()
    assert len(lines) == 2
    assert (lines[0][0] == "{") == (form == "json")


def test_a_service_logs_each_request_if_asked_with_the_id_of_the_proxy(tmp_path: Path) -> None:
    with Service(tmp_path, log_format="json", access_log="true") as service:
        proxied = {"x-request-id": "from-the-proxy", "x-forwarded-for": "198.51.100.1, 203.0.113.9"}
        response = service.http.get("/v1/feeds/nothing", headers=proxied)
        assert (response.status_code, response.headers["x-request-id"]) == (404, "from-the-proxy")
        own = service.http.get("/healthz", headers={"x-request-id": "not one\t!"}).headers["x-request-id"]
        assert len(own) == 16
        counted = service.http.get("/metrics").text
    assert 'ticker_responses_total{status="404"} 1\n' in counted
    lines = {line["request"]: line for line in map(orjson.loads, service.errors) if line["logger"] == "ticker.access"}
    logged = lines["from-the-proxy"]
    assert {name: logged[name] for name in ("level", "method", "path", "status", "client")} == {
        "level": "info",
        "method": "GET",
        "path": "/v1/feeds/nothing",
        "status": 404,
        "client": "203.0.113.9",  # the loopback address is that of a trusted proxy
    }
    assert logged["bytes"] > 0
    assert lines[own]["client"] == "127.0.0.1"
