"""Responses: content, problems as exceptions, the next page."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from ticker.client.problems import (
    PROBLEMS,
    Closed,
    Conflict,
    Invalid,
    Killed,
    NotFound,
    Problem,
    StaleRevision,
    UnexpectedResponse,
)
from ticker.client.response import Response, content, failure, next_page
from ticker.errors import TickerError


def problem(status: int, slug: str, headers: dict[str, str] | None = None, **members: Any) -> Response:
    whole = {"type": f"urn:ticker:problem:{slug}", "title": "T", "status": status, "detail": "D", **members}
    return Response(status, headers or {}, orjson.dumps(whole))


def test_a_success_is_its_json_and_no_body_is_empty() -> None:
    assert content(Response(200, {}, b'{"a": 1}')) == {"a": 1}
    assert content(Response(204)) == {}


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"7"])
def test_a_success_that_is_no_object_is_unexpected(body: bytes) -> None:
    with pytest.raises(UnexpectedResponse) as caught:
        content(Response(200, {}, body))
    assert caught.value.status == 200


def _slugs(kind: type[TickerError] = TickerError) -> set[str]:
    return {kind.slug}.union(*(_slugs(heir) for heir in kind.__subclasses__()))


def test_every_problem_of_the_service_is_an_exception_here() -> None:
    assert set(PROBLEMS) == _slugs()


def test_a_problem_has_the_words_of_the_service() -> None:
    with pytest.raises(NotFound) as caught:
        content(problem(404, "not-found", {"retry-after": "7"}, field="feed", more=True))
    found = caught.value
    assert (found.status, found.title, found.detail, found.field, found.retry_after) == (404, "T", "D", "feed", 7)
    assert found.members["more"] is True
    assert str(found) == "D"
    assert (found.maybe_kept, found.idempotency_key) == (False, None)


def test_a_problem_of_a_newer_service_is_a_plain_problem() -> None:
    found = failure(problem(418, "teapot", detail=None, field=7))
    assert type(found) is Problem
    assert (str(found), found.field, found.retry_after) == ("T", None, None)


def test_a_problem_without_any_words_says_its_status() -> None:
    assert str(failure(problem(500, "internal", title=None, detail=None))) == "The service responded 500"


def test_the_members_of_problems() -> None:
    killed = failure(problem(410, "killed", dispatch={"id": "i"}))
    assert isinstance(killed, Killed)
    assert killed.dispatch == {"id": "i"}
    closed = failure(problem(410, "closed", closed="T"))
    assert isinstance(closed, Closed)
    assert closed.closed == "T"
    stale = failure(problem(412, "stale-revision", revision=3))
    assert isinstance(stale, StaleRevision)
    assert stale.revision == 3
    invalid = failure(problem(422, "invalid", errors=[{"field": "text", "detail": "is empty"}]))
    assert isinstance(invalid, Invalid)
    assert invalid.errors == [("text", "is empty")]
    conflict = failure(problem(409, "conflict", held={"status": "spiked"}))
    assert isinstance(conflict, Conflict)
    assert conflict.held == {"status": "spiked"}
    other = failure(problem(409, "conflict"))
    assert isinstance(other, Conflict)
    assert other.held is None


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"type": "about:blank"}', b'{"type": 7}'])
def test_what_is_no_problem_of_ours_is_unexpected(body: bytes) -> None:
    found = failure(Response(502, {}, body))
    assert isinstance(found, UnexpectedResponse)
    assert found.status == 502


def test_a_redirect_says_where_it_points() -> None:
    assert "points to https://news.example" in str(failure(Response(308, {"location": "https://news.example/"})))


@pytest.mark.parametrize(
    ("link", "before"),
    [
        (None, None),
        ('<https://elsewhere.example/v1/feeds/f/dispatches?before=01x&limit=100>; rel="next"', "01x"),
        ("</v1/feeds/f/dispatches?limit=100&before=01x>; rel=next", "01x"),
        ('</a?before=1>; rel="prev", </b?before=2>; rel="next"', "2"),
        ('</a?before=1>; rel="prev"', None),
        ('</a?limit=1>; rel="next"', None),
    ],
)
def test_the_next_page_is_named_by_its_link(link: str | None, before: str | None) -> None:
    assert next_page(Response(200, {} if link is None else {"link": link}), "before") == before
