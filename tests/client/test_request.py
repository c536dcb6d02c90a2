"""Requests: paths that cannot be broken out of, keys, times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from ticker.client.request import change_request, feed_path, read_request, rfc3339


def test_each_part_of_a_path_stays_one_part() -> None:
    assert feed_path("breaking", "dispatches", "../../keys?x#y") == (
        "/v1/feeds/breaking/dispatches/..%2F..%2Fkeys%3Fx%23y"
    )


def test_a_read_has_no_body_and_no_key() -> None:
    request = read_request("/v1/feeds/a", [("place", "Washington, D.C."), ("place", "Köln")])
    assert request.path == "/v1/feeds/a?place=Washington%2C+D.C.&place=K%C3%B6ln"
    assert (request.method, request.body, request.idempotency_key) == ("GET", None, None)
    assert read_request("/v1/feeds/a").path == "/v1/feeds/a"


def test_each_change_has_a_fresh_key_unless_one_is_given() -> None:
    one, other = change_request("POST", "/x"), change_request("POST", "/x")
    assert one.idempotency_key != other.idempotency_key
    assert one.headers["idempotency-key"] == f'"{one.idempotency_key}"'
    assert change_request("POST", "/x", idempotency_key="k-1").headers["idempotency-key"] == '"k-1"'


@pytest.mark.parametrize("key", ["", "a b", 'a"b', "é", "a\n", "x" * 256])
def test_a_key_that_no_service_takes_is_refused_before_anything_is_sent(key: str) -> None:
    with pytest.raises(ValueError, match="Idempotency-Key"):
        change_request("POST", "/x", idempotency_key=key)


def test_a_body_is_json_and_no_body_is_none() -> None:
    request = change_request("PUT", "/x", {"text": "é"})
    assert request.body == '{"text":"é"}'.encode()
    assert request.headers["content-type"] == "application/json"
    bare = change_request("DELETE", "/x")
    assert bare.body is None
    assert "content-type" not in bare.headers


def test_if_match_names_a_revision_or_any() -> None:
    assert change_request("PATCH", "/x", if_match=3).headers["if-match"] == '"3"'
    assert change_request("PATCH", "/x", if_match=None).headers["if-match"] == "*"
    assert "if-match" not in change_request("PATCH", "/x").headers


def test_times_are_sent_in_utc_and_text_as_it_is() -> None:
    assert rfc3339(datetime(2026, 3, 11, 14, 0, 0, 250_999, tzinfo=UTC)) == "2026-03-11T14:00:00.250Z"
    assert rfc3339(datetime(2026, 3, 11, 17, tzinfo=timezone(timedelta(hours=3)))) == "2026-03-11T14:00:00.000Z"
    assert rfc3339("18:00") == "18:00"


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        rfc3339(datetime(2026, 3, 11))  # noqa: DTZ001
