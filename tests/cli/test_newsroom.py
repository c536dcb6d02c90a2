"""The demo's newsroom: everything it sends can be filed, and it goes on whatever happens. No network."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest

from ticker.admin import FeedPlan
from ticker.cli import newsroom
from ticker.cli.newsroom import EDITIONS, SCRIPT, Newsroom
from ticker.dispatch import BREAKING, AirSwitchBody, Body, Correction, Draft, KillBody, check, direction, read

LANGUAGES = [language for _, language in EDITIONS.values()]
Said = tuple[str, str, dict[str, Any]]


@pytest.mark.parametrize("number", range(len(SCRIPT)))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_dispatch_is_a_valid_draft_in_each_of_its_languages(number: int, language: str) -> None:
    dispatch, index = SCRIPT[number], LANGUAGES.index(language)
    fields: dict[str, Any] = {
        "text": dispatch.text[index],
        "source": dispatch.source[index],
        "urgency": dispatch.urgency,
        "sections": [dispatch.section[index]],
        "language": language,
    }
    draft = check(Draft, fields)
    assert (draft.text, draft.source, draft.sections) == (
        dispatch.text[index],
        dispatch.source[index],
        [dispatch.section[index]],
    )
    if dispatch.corrected is not None:
        assert check(Correction, {"text": dispatch.corrected[index]}).text != draft.text
    if dispatch.killed is not None:
        assert check(KillBody, {"reason": dispatch.killed[index]}).reason == dispatch.killed[index]
    arabic = re.search("[\u0600-\u06ff]", draft.text) is not None
    assert arabic == (direction(language) == "rtl"), "each edition is in its own script"


def test_the_editions_are_feeds_and_breaking_is_one_of_them() -> None:
    assert BREAKING in EDITIONS
    for name, (title, language) in EDITIONS.items():
        assert check(FeedPlan, {"name": name, "title": title, "language": language}).title == title


def test_the_night_has_something_of_everything() -> None:
    assert {dispatch.urgency for dispatch in SCRIPT} >= {"bulletin", "urgent", "normal"}
    assert any(dispatch.corrected for dispatch in SCRIPT)
    assert any(dispatch.killed for dispatch in SCRIPT)
    assert not any(dispatch.corrected and dispatch.killed for dispatch in SCRIPT)


class Enough(BaseException):
    """The newsroom has worked long enough."""


class Desk:
    """A service that takes all requests of the newsroom, checks them, and keeps them."""

    def __init__(self, requests: int, fails: Callable[[int, httpx.Request], bool] = lambda number, request: False):
        self.sent: list[Said] = []
        self._left = requests
        self._number = 0
        self._fails = fails
        self._ids = (f"id{number}" for number in itertools.count())

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if not self._left:
            raise Enough
        self._left -= 1
        self._number += 1
        if self._fails(self._number, request):
            raise httpx.ReadTimeout("the service is away", request=request)
        path = request.url.path
        models: dict[tuple[str, str], type[Body]] = {
            ("POST", "feeds"): FeedPlan,
            ("POST", "dispatches"): Draft,
            ("POST", "kill"): KillBody,
            ("PUT", "air"): AirSwitchBody,
        }
        read(models.get((request.method, path.rsplit("/", 1)[1]), Correction), request.content)
        assert request.headers["authorization"] == "Bearer tk_demo"
        assert request.method != "PATCH" or request.headers["if-match"]
        id = next(self._ids)
        self.sent.append((request.method, path, orjson.loads(request.content) | {"id": id}))
        return httpx.Response(201, json={"id": id, "revision": 1})

    def filed(self, feed: str) -> list[dict[str, Any]]:
        return [body for _, path, body in self.sent if path == f"/v1/feeds/{feed}/dispatches"]


def _work(monkeypatch: pytest.MonkeyPatch, desk: Desk) -> None:
    async def no_pause() -> None:
        await asyncio.sleep(0)

    async def work() -> None:
        room = Newsroom("http://desk.example", "tk_demo")
        for client in (room._admin, room._desk._http):
            await client.aclose()
        for owner, name in ((room, "_admin"), (room._desk, "_http")):
            http = httpx.AsyncClient(
                base_url="http://desk.example",
                headers={"authorization": "Bearer tk_demo"},
                transport=httpx.MockTransport(desk),
            )
            setattr(owner, name, http)
        room._desk._sleep = lambda _: no_pause()
        with pytest.raises(Enough):
            await room.work()

    monkeypatch.setattr(newsroom, "_pause", no_pause)
    asyncio.run(work())


def test_a_whole_night_is_filed_in_every_edition_and_nothing_of_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(200)
    _work(monkeypatch, desk)
    for index, feed in enumerate(EDITIONS):
        assert {body["text"] for body in desk.filed(feed)} == {dispatch.text[index] for dispatch in SCRIPT}
    changed = [(method, path) for method, path, _ in desk.sent if path.count("/") > 4]
    assert {method for method, _ in changed} == {"PATCH", "POST"}
    homes = {body["id"]: path for _, path, body in desk.sent if path.endswith("/dispatches")}
    for _, path in changed:
        id = path.removesuffix("/kill").rsplit("/", 1)[1]
        assert path.startswith(homes[id]), "it changes a dispatch in the feed where that was filed"


def test_what_is_corrected_or_killed_is_the_dispatch_that_was_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(200)
    _work(monkeypatch, desk)
    texts = {body["id"]: body["text"] for _, path, body in desk.sent if path.endswith("/dispatches")}
    wrong = {dispatch.text[index]: dispatch for dispatch in SCRIPT for index in range(len(LANGUAGES))}
    for method, path, body in desk.sent:
        if method == "PATCH":
            assert body["text"] in (wrong[texts[path.rsplit("/", 1)[1]]].corrected or ())
        elif path.endswith("/kill"):
            assert body["reason"] in (wrong[texts[path.split("/")[-2]]].killed or ())


def test_a_service_that_is_away_for_a_moment_costs_one_dispatch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk(200, lambda number, request: number % 7 == 0 and not request.url.path.endswith("/feeds"))
    _work(monkeypatch, desk)
    for feed in EDITIONS:
        assert len(desk.filed(feed)) > len(SCRIPT)


def test_a_service_that_is_away_at_the_first_word_does_not_end_the_newsroom(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(60, lambda number, request: number == 1)
    _work(monkeypatch, desk)
    assert len(desk.filed(BREAKING)) > len(SCRIPT)
