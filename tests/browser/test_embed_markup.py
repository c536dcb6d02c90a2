"""The widget as the service draws it and as its script draws it are one and the same, and the one becomes the other."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.service import Service
from tests.web.test_pages import NASTY

MARKUP = """(element) => {
  const copy = document.createElement("div");
  for (const child of element.shadowRoot.childNodes) copy.append(child.cloneNode(true));
  copy.querySelector("style")?.remove();
  for (const time of copy.querySelectorAll("time")) {  // each writes hours in its own way
    time.textContent = "";
    time.removeAttribute("title");
  }
  copy.querySelector("[part=badge]").textContent = "";  // what may be said of the feed, and as of when
  for (const name of ["data-state", "data-as-of"]) copy.querySelector(".w").removeAttribute(name);
  copy.querySelector("[part=new]").textContent = "";
  for (const each of copy.querySelectorAll("*")) {
    const attributes = [...each.attributes].map(({name, value}) => [name, value.trim()]).sort();
    for (const [name] of attributes) each.removeAttribute(name);
    for (const [name, value] of attributes) if (name !== "class" || value) each.setAttribute(name, value);
  }
  copy.normalize();
  return copy.innerHTML;
}"""

LIVE = "[...document.querySelectorAll('breaking-ticker')].every((each) => each.state === 'live')"

AGAIN = """() => {
  const drawn = document.querySelector("breaking-ticker");
  for (const item of drawn.shadowRoot.querySelectorAll("[data-id]")) item.drawnByTheService = true;
  const fresh = document.createElement("breaking-ticker");
  for (const {name, value} of drawn.attributes) fresh.setAttribute(name, value);
  document.body.append(fresh);
  return import("/embed/v1/ticker.js").then(() => {});
}"""

KEPT = """() => [...document.querySelector("breaking-ticker").shadowRoot.querySelectorAll("[data-id]")]
  .map((item) => Boolean(item.drawnByTheService))"""

EVERYTHING: dict[str, Any] = {
    "source": "Reuters نقلا عن الميناء",
    "byline": "Lena Ortiz",
    "dateline": "Port Marada",
    "urgency": "flash",
    "sections": ["Transport", "<b>"],
    "places": ["Port Marada"],
    "story": "marada-bridge",
    "link": "https://news.example/a?b=1&c='2'",
    "occurred": "2026-03-11T14:09:40Z",
}


def lived(service: Service, language: str) -> str:
    """A feed with each kind of dispatch: bare, whole, pinned, corrected, killed, nasty, in several languages."""
    feed = service.open_feed(language)
    address = f"/v1/feeds/{feed}/dispatches"
    service.file(feed, "Bare")
    for text in NASTY:
        service.file(feed, text, source=text, byline=text, urgency="urgent", language="es")
    pinned = service.file(feed, "All that a dispatch can have", **EVERYTHING)["id"]
    service.file(feed, "كل شيء", **EVERYTHING, language="ar")
    for language_, note in (("es", "& <i>"), ("ar", "كان العدد أربعين"), ("en", None)):
        corrected = service.file(feed, "Forty", **EVERYTHING | {"urgency": "bulletin"}, language=language_)["id"]
        change = {"text": "Sixty"} | ({"note": note} if note else {})
        service.http.patch(f"{address}/{corrected}", json=change, headers={"if-match": "*"})
    killed = service.file(feed, "UNSAID", language="en")["id"]
    service.http.post(f"{address}/{killed}/kill", json={"reason": "It was <b>not</b> so & لم يكن"})
    service.http.put(f"/v1/feeds/{feed}/pin", json={"id": pinned})
    service.until(lambda: service.snapshot(feed)["pinned"] == pinned)
    return feed


@pytest.fixture(scope="module", params=["en", "ar"])
def feed(request: pytest.FixtureRequest, service: Service) -> str:
    return lived(service, request.param)


@pytest.mark.parametrize(
    ("query", "count"),
    [("limit=50", 13), ("limit=50&lang=es", 13), ("layout=strip", 10), ("layout=line", 1), ("min-urgency=flash", 2)],
)
def test_both_make_the_same_markup_and_what_the_service_drew_stays(
    tab: Page, service: Service, feed: str, query: str, count: int
) -> None:
    tab.goto(f"{service.url}/embed/feeds/{feed}/fragment?script=no&{query}")
    template = tab.evaluate(f"({MARKUP})(document.querySelector('breaking-ticker'))")
    assert template.count("data-id=") == count
    tab.evaluate(AGAIN)
    service.until(lambda: tab.evaluate(LIVE))
    taken_over, fresh = (
        tab.evaluate(f"({MARKUP})(document.querySelectorAll('breaking-ticker')[{index}])") for index in (0, 1)
    )
    assert template == fresh
    assert template == taken_over
    assert tab.evaluate(KEPT) == [True] * count


def test_an_empty_feed_is_drawn_alike_too(tab: Page, service: Service) -> None:
    feed = service.open_feed("ar")
    for layout in ("list", "line"):
        tab.goto(f"{service.url}/embed/feeds/{feed}/fragment?script=no&layout={layout}")
        template = tab.evaluate(f"({MARKUP})(document.querySelector('breaking-ticker'))")
        tab.evaluate(AGAIN)
        service.until(lambda: tab.evaluate(LIVE))
        assert template == tab.evaluate(f"({MARKUP})(document.querySelectorAll('breaking-ticker')[1])")


def test_the_words_of_a_killed_dispatch_are_in_neither(browser: Browser, service: Service, feed: str) -> None:
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(f"{service.url}/embed/feeds/{feed}/fragment")
    service.until(lambda: tab.evaluate(LIVE))
    assert "UNSAID" not in tab.evaluate("document.querySelector('breaking-ticker').shadowRoot.textContent")
    context.close()
