"""Arabic dispatches with Latin names and numbers in them, measured letter by letter on the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, NamedTuple

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.service import Service

DISPATCHES: Final[list[tuple[str | None, str]]] = [
    ("رويترز", "شركة SpaceX تطلق 23 قمرا صناعيا عند 18:30 من Cape Canaveral"),
    ("Reuters نقلا عن SpaceX", "عاد المعزز إلى السفينة A Shortfall of Gravitas في المحيط"),
    (None, "737 راكبا على متن طائرة Boeing 737 MAX ثم هبطت"),
    ("NASA", "السعر يرتفع 2.5% إلى 84.30 دولار"),
]
"""Source and text, each of which begins or ends with, or holds, something that is written from the left."""

RUN: Final = re.compile(r"[!-$&-~]+(?: [!-$&-~]+)*")
"""What is read from the left within a dispatch that is read from the right: a name, a number, an hour.

Not the sign for per cent: in Arabic it stands to the left of its number (UAX #9, rule W2).
"""

LETTERS: Final = """element => {
  const nodes = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const letters = [];
  while (nodes.nextNode()) {
    for (let at = 0; at < nodes.currentNode.data.length; at++) {
      const range = document.createRange();
      range.setStart(nodes.currentNode, at);
      range.setEnd(nodes.currentNode, at + 1);
      const {left, right, top, bottom} = range.getBoundingClientRect();
      letters.push([left, right, top, bottom]);
    }
  }
  return letters;
}"""


class Box(NamedTuple):
    """Where something stands, in CSS pixels."""

    left: float
    right: float
    top: float
    bottom: float

    def under(self, other: Box) -> bool:
        """Whether this stands on a later line."""
        return (self.top + self.bottom) / 2 > other.bottom

    def after_rightwards(self, other: Box) -> bool:
        """Whether this follows the other for who reads from the left."""
        return self.under(other) or self.left >= other.right - 1

    def after_leftwards(self, other: Box) -> bool:
        """Whether this follows the other for who reads from the right."""
        return self.under(other) or self.right <= other.left + 1


def letters(element: Locator) -> list[Box]:
    return [Box(*letter) for letter in element.evaluate(LETTERS)]


def around(boxes: list[Box]) -> Box:
    left, right, top, bottom = zip(*boxes, strict=True)
    return Box(min(left), max(right), min(top), max(bottom))


def room(element: Locator) -> Box:
    box = element.bounding_box()
    assert box is not None
    return Box(box["x"], box["x"] + box["width"], box["y"], box["y"] + box["height"])


@pytest.fixture(scope="module")
def feed(service: Service) -> str:
    """An Arabic feed with these dispatches, all of one story, and an English one between them."""
    name = service.open_feed("ar")
    for source, text in DISPATCHES:
        service.file(name, text, story="ghost", **({"source": source} if source else {}))
    service.file(name, "Booster lands", source="NASA", language="en", story="ghost")
    return name


@pytest.fixture(params=["", "/stories/ghost"], ids=["feed", "story"])
def path(request: pytest.FixtureRequest, feed: str) -> str:
    return f"/feeds/{feed}{request.param}"


@pytest.fixture(params=[360, 1280])
def page(request: pytest.FixtureRequest, browser: Browser, service: Service, path: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": request.param, "height": 900})
    tab = context.new_page()
    tab.goto(service.url + path)
    expect(tab.locator("#badge")).to_have_attribute("data-state", "live", timeout=20_000)
    yield tab
    context.close()


def dispatch(page: Page, text: str) -> Locator:
    return page.locator(".dispatch").filter(has_text=text)


def test_a_dispatch_starts_at_the_right_with_its_source(page: Page) -> None:
    for source, text in DISPATCHES:
        shown = dispatch(page, text)
        edge = room(shown.locator(".text")).right
        words = around(letters(shown.locator(".words"))[: text.index(" ")])
        if source is None:
            assert words.right == pytest.approx(edge, abs=1)
            continue
        *said, colon = letters(shown.locator(".source"))
        assert around(said[: len(source.split()[0])]).right == pytest.approx(edge, abs=1)
        assert colon.after_leftwards(said[-1] if source != "NASA" else said[0]), "the colon is not thrown to the front"
        assert words.after_leftwards(colon)


def test_words_go_from_right_to_left_and_what_is_latin_from_left_to_right(page: Page) -> None:
    for source, text in DISPATCHES:
        shown = dispatch(page, text)
        for said, where in ((text, ".words"), (source, ".source bdi")):
            if said is None:
                continue
            boxes = letters(shown.locator(where))
            assert len(boxes) == len(said)
            runs = [range(*run.span()) for run in RUN.finditer(said)]
            words = [range(*word.span()) for word in re.finditer(r"\S+", said)]
            for before, after in pairwise(words):
                together = any(before[0] in run and after[0] in run for run in runs)
                first, then = (around([boxes[letter] for letter in word]) for word in (before, after))
                follows = then.after_rightwards if together else then.after_leftwards
                assert follows(first), said[before[0] : after[-1] + 1]
            for run in runs:
                spelled = [boxes[letter] for letter in run if said[letter] != " "]
                assert all(after.after_rightwards(before) for before, after in pairwise(spelled)), said
            for sign in [index for index, letter in enumerate(said) if letter == "%"]:
                assert boxes[sign].after_leftwards(boxes[sign - 1])


def test_an_english_dispatch_between_them_starts_at_the_left(page: Page) -> None:
    shown = dispatch(page, "Booster lands")
    source, words = (around(letters(shown.locator(where))) for where in (".source", ".words"))
    assert source.left == pytest.approx(room(shown.locator(".text")).left, abs=1)
    assert words.after_rightwards(source)


def test_the_runs_are_the_ones_that_are_meant() -> None:
    assert [run for _, text in DISPATCHES for run in RUN.findall(text)] == [
        *("SpaceX", "23", "18:30", "Cape Canaveral"),
        "A Shortfall of Gravitas",
        *("737", "Boeing 737 MAX"),
        *("2.5", "84.30"),
    ]
