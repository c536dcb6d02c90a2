"""Editions over HTTP: what they may name, who sees them, and what becomes of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.service import Service
from ticker.entry import Tail
from ticker.feed import Feed
from ticker.web.feeds import originals_of


def edition(service: Service, name: str, original: str, headers: dict[str, str], **rest: Any) -> Any:
    body = {"text": "سطر", "edition_of": original, **rest}
    return service.http.post(f"/v1/feeds/{name}/dispatches", json=body, headers=headers)


def bound_to(service: Service, *feeds: str) -> dict[str, str]:
    plan = {"name": "Mona", "role": "editor", "feeds": feeds}
    return {"authorization": f"Bearer {service.http.post('/v1/keys', json=plan).json()['key']}"}


def editions(service: Service, name: str) -> list[str]:
    feed, id = name.split("/")
    found: list[str] = service.http.get(f"/v1/feeds/{feed}/dispatches/{id}").json()["editions"]
    return found


@pytest.mark.parametrize("act", ["file", "hold", "edit", "correct"])
def test_an_edition_is_of_a_dispatch_that_there_is(service: Service, act: str) -> None:
    english, arabic = service.open_feed(), service.open_feed()
    id = service.file(english, "Harbour closed")["id"]
    own = service.file(arabic, "سطر")["id"]
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    held = service.http.post(f"/v1/feeds/{arabic}/dispatches", json={"text": "a", "release_at": later}).json()["id"]
    base = f"/v1/feeds/{arabic}"
    for original, status in (
        (f"nowhere/{id}", 422),
        (f"{english}/01x", 422),
        (f"{arabic}/{own}", 422),
        (f"{english}/{id}", None),
    ):
        fields = {"edition_of": original}
        match act:
            case "file":
                answer = service.http.post(f"{base}/dispatches", json={"text": "x", **fields})
            case "hold":
                answer = service.http.post(f"{base}/dispatches", json={"text": "x", "release_at": later, **fields})
            case "edit":
                answer = service.http.patch(f"{base}/held/{held}", json=fields, headers={"if-match": "*"})
            case "correct":
                answer = service.http.patch(f"{base}/dispatches/{own}", json=fields, headers={"if-match": "*"})
        assert answer.status_code in ((200, 201) if status is None else (status,)), answer.text
        if status is not None:
            assert answer.json()["field"] == "edition_of"


def test_an_edition_of_a_dispatch_in_a_feed_that_the_key_may_not_read_is_of_none(service: Service) -> None:
    hidden, arabic = service.open_feed(), service.open_feed()
    secret = f"{hidden}/{service.file(hidden, 'Not yet')['id']}"
    service.http.patch(f"/v1/feeds/{hidden}", json={"visibility": "private"}).raise_for_status()
    answer = edition(service, arabic, secret, bound_to(service, arabic))
    nothing = edition(service, arabic, f"nowhere/{secret.split('/')[1]}", bound_to(service, arabic))
    assert (answer.status_code, nothing.status_code) == (422, 422)
    assert answer.json()["detail"].replace(hidden, "nowhere") == nothing.json()["detail"]
    assert edition(service, arabic, secret, bound_to(service, arabic, hidden)).status_code == 201


@pytest.mark.parametrize("released", ["at once", "by hand", "at its time"])
def test_another_feed_shows_an_edition_only_if_its_key_may_write_there(service: Service, released: str) -> None:
    english, arabic = service.open_feed(), service.open_feed()
    original = f"{english}/{service.file(english, 'Harbour closed')['id']}"

    def file(headers: dict[str, str]) -> str:
        if released == "at once":
            return f"{arabic}/{edition(service, arabic, original, headers).json()['id']}"
        wait = timedelta(seconds=3.0 if released == "at its time" else 3600)
        held = edition(service, arabic, original, headers, release_at=(datetime.now(UTC) + wait).isoformat()).json()
        address = f"/v1/feeds/{arabic}/held/{held['id']}"
        if released == "by hand":
            service.http.post(f"{address}/release", headers=headers).raise_for_status()
        service.until(lambda: service.http.get(address).json()["status"] == "released")
        return f"{arabic}/{service.http.get(address).json()['dispatch']}"

    foreign = file(bound_to(service, arabic))
    assert editions(service, foreign) == [original]
    assert editions(service, original) == []
    theirs = file(bound_to(service, arabic, english))
    service.until(lambda: editions(service, original) == [theirs])


def test_a_killed_edition_is_shown_nowhere_and_named_again_to_who_killed_it(service: Service) -> None:
    english, arabic = service.open_feed(), service.open_feed()
    original = f"{english}/{service.file(english, 'Harbour closed')['id']}"
    id = edition(service, arabic, original, {}).json()["id"]
    assert editions(service, original) == [f"{arabic}/{id}"]
    for _ in range(2):
        killed = service.http.post(
            f"/v1/feeds/{arabic}/dispatches/{id}/kill", json={"reason": "No"}, headers={"idempotency-key": "once"}
        )
        assert killed.json()["editions"] == [original]
        assert editions(service, original) == []


# Feeds


@pytest.mark.parametrize(
    ("edition_of", "original"),
    [
        ({"a": None, "b": "a", "c": "b", "d": "c"}, {"a": "a", "b": "a", "c": "a", "d": "a"}),
        ({"d": "c", "c": "b", "b": "a", "a": None}, {"a": "a", "b": "a", "c": "a", "d": "a"}),
        ({"b": "hidden", "c": "b"}, {"b": "hidden", "c": "hidden"}),
        ({"a": "c", "b": "a", "c": "b", "d": "b"}, {"a": "a", "b": "a", "c": "a", "d": "a"}),
        ({"d": "b", "c": "b", "b": "c"}, {"b": "b", "c": "b", "d": "b"}),
    ],
)
def test_an_edition_of_an_edition_goes_back_to_the_same_original(
    edition_of: dict[str, str | None], original: dict[str, str]
) -> None:
    feeds = [Feed(name, name, "en", Tail(0, "0" * 40), edition_of=of) for name, of in edition_of.items()]
    assert originals_of(feeds) == original


def test_all_feeds_of_a_family_list_each_other(service: Service) -> None:
    names = [service.open_feed(language) for language in ("en", "ar", "es")]
    for original, feed in pairwise(names):
        service.http.patch(f"/v1/feeds/{feed}", json={"edition_of": original}).raise_for_status()

    def family(feed: str) -> set[str]:
        listed = {each["name"]: each["editions"] for each in service.http.get("/v1/feeds").json()["feeds"]}
        return {edition["name"] for edition in listed[feed]}

    for around in (None, names[2]):
        service.http.patch(f"/v1/feeds/{names[0]}", json={"edition_of": around}).raise_for_status()
        for feed in names:
            assert family(feed) == set(names) - {feed}
