"""The demo's newsroom: everything it says is fit to be filed, and it goes on whatever happens. No network."""

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
from ticker.cli.newsroom import EDITIONS, LINES, Newsroom
from ticker.dispatch import BREAKING, Air, Body, Correction, Draft, Kill, check, direction, read

LANGUAGES = [language for _, language in EDITIONS.values()]
Said = tuple[str, str, dict[str, Any]]


@pytest.mark.parametrize("number", range(len(LINES)))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_line_is_a_valid_draft_in_each_of_its_languages(number: int, language: str) -> None:
    line, index = LINES[number], LANGUAGES.index(language)
    said: dict[str, Any] = {
        "text": line.text[index],
        "source": line.source[index],
        "urgency": line.urgency,
        "sections": [line.section[index]],
        "language": language,
    }
    draft = check(Draft, said)
    assert (draft.text, draft.source, draft.sections) == (line.text[index], line.source[index], [line.section[index]])
    if line.corrected is not None:
        assert check(Correction, {"text": line.corrected[index]}).text != draft.text
    if line.killed is not None:
        assert check(Kill, {"reason": line.killed[index]}).reason == line.killed[index]
    arabic = re.search("[\u0600-\u06ff]", draft.text) is not None
    assert arabic == (direction(language) == "rtl"), "each edition is in its own script"


def test_the_editions_are_feeds_and_breaking_is_one_of_them() -> None:
    assert BREAKING in EDITIONS
    for name, (title, language) in EDITIONS.items():
        assert check(FeedPlan, {"name": name, "title": title, "language": language}).title == title


def test_the_night_has_something_of_everything() -> None:
    assert {line.urgency for line in LINES} >= {"bulletin", "urgent", "normal"}
    assert any(line.corrected for line in LINES)
    assert any(line.killed for line in LINES)
    assert not any(line.corrected and line.killed for line in LINES)


class Enough(BaseException):
    """The newsroom has worked long enough."""


class Desk:
    """A service that takes everything the newsroom says, checks it, and keeps what it said."""

    def __init__(self, requests: int, fails: Callable[[int, httpx.Request], bool] = lambda number, request: False):
        self.said: list[Said] = []
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
            ("POST", "kill"): Kill,
            ("PUT", "air"): Air,
        }
        read(models.get((request.method, path.rsplit("/", 1)[1]), Correction), request.content)
        assert request.headers["authorization"] == "Bearer tk_demo"
        assert request.method != "PATCH" or request.headers["if-match"]
        id = next(self._ids)
        self.said.append((request.method, path, orjson.loads(request.content) | {"id": id}))
        return httpx.Response(201, json={"id": id, "revision": 1})

    def filed(self, feed: str) -> list[dict[str, Any]]:
        return [body for _, path, body in self.said if path == f"/v1/feeds/{feed}/dispatches"]


def _work(monkeypatch: pytest.MonkeyPatch, desk: Desk) -> None:
    async def no_pause() -> None:
        await asyncio.sleep(0)

    async def work() -> None:
        room = Newsroom("http://desk.example", "tk_demo")
        await room._http.aclose()
        room._http = httpx.AsyncClient(
            base_url="http://desk.example",
            headers={"authorization": "Bearer tk_demo"},
            transport=httpx.MockTransport(desk),
        )
        with pytest.raises(Enough):
            await room.work()

    monkeypatch.setattr(newsroom, "_pause", no_pause)
    asyncio.run(work())


def test_a_whole_night_is_filed_in_every_edition_and_nothing_of_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(200)
    _work(monkeypatch, desk)
    for index, feed in enumerate(EDITIONS):
        assert {body["text"] for body in desk.filed(feed)} == {line.text[index] for line in LINES}
    changed = [(method, path) for method, path, _ in desk.said if path.count("/") > 4]
    assert {method for method, _ in changed} == {"PATCH", "POST"}
    homes = {body["id"]: path for _, path, body in desk.said if path.endswith("/dispatches")}
    for _, path in changed:
        id = path.removesuffix("/kill").rsplit("/", 1)[1]
        assert path.startswith(homes[id]), "it changes a line where that was filed"


def test_what_is_corrected_or_killed_is_the_line_that_was_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(200)
    _work(monkeypatch, desk)
    texts = {body["id"]: body["text"] for _, path, body in desk.said if path.endswith("/dispatches")}
    wrong = {line.text[index]: line for line in LINES for index in range(len(LANGUAGES))}
    for method, path, body in desk.said:
        if method == "PATCH":
            assert body["text"] in (wrong[texts[path.rsplit("/", 1)[1]]].corrected or ())
        elif path.endswith("/kill"):
            assert body["reason"] in (wrong[texts[path.split("/")[-2]]].killed or ())


def test_a_service_that_is_away_for_a_moment_costs_a_line_and_not_the_newsroom(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(200, lambda number, request: number % 7 == 0 and not request.url.path.endswith("/feeds"))
    _work(monkeypatch, desk)
    for feed in EDITIONS:
        assert len(desk.filed(feed)) > len(LINES)


def test_a_service_that_is_away_at_the_first_word_does_not_end_the_newsroom(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(60, lambda number, request: number == 1)
    _work(monkeypatch, desk)
    assert len(desk.filed(BREAKING)) > len(LINES)
