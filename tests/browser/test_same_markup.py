"""A dispatch drawn by the template and by the script has the same markup."""

import pytest
from playwright.sync_api import Browser, Route

from tests.service import Service
from ticker.web.assets import CLIENTS

COMPARE = """async () => {
  const {draw} = await import("/sources/reader/draw.js");
  const {data, part, setting} = await import("/sources/reader/page.js");
  const page = data();
  const {snapshot} = page;
  const list = part("dispatches");
  const where = setting(list, page);
  const markup = (element) => {
    const copy = element.cloneNode(true);
    for (const time of copy.querySelectorAll("time")) {  // each writes hours in its own way
      time.textContent = "";
      time.removeAttribute("title");
    }
    for (const each of [copy, ...copy.querySelectorAll("*")]) {
      const attributes = [...each.attributes].map(({name, value}) => [name, value]).sort();
      for (const [name] of attributes) each.removeAttribute(name);
      for (const [name, value] of attributes) each.setAttribute(name, value);
    }
    copy.normalize();
    return copy.outerHTML;
  };
  return snapshot.dispatches.map((dispatch) => {
    const drawn = document.createElement("li");
    draw(drawn, dispatch, snapshot.pinned === dispatch.id, where);
    return [markup(document.getElementById(drawn.id)), markup(drawn)];
  });
}"""


def sources(route: Route) -> None:
    """Serve the modules that the bundles are made of, which the service itself does not."""
    route.fulfill(path=CLIENTS / route.request.url.split("/sources/")[1], content_type="text/javascript")


@pytest.mark.parametrize("language", ["en", "ar"])
def test_both_make_the_same_markup(browser: Browser, service: Service, language: str) -> None:
    feed = service.open_feed(language)
    address = f"/v1/feeds/{feed}/dispatches"
    everything = {
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
    service.file(feed, "Bare")
    service.file(feed, "Of a story", story="marada-bridge")
    service.file(feed, "Of another story", story="budget")
    pinned = service.file(feed, "All that a dispatch can have", **everything)["id"]
    service.file(feed, "كل شيء", **everything, language="ar")
    corrected = service.file(feed, "Forty", **everything, language="es")["id"]
    service.http.patch(f"{address}/{corrected}", json={"text": "Sixty", "note": "& <i>"}, headers={"if-match": "*"})
    for length in (99, 100, 219, 220):
        service.file(feed, "x" * length, story="long", urgency="flash")
    killed = service.file(feed, "UNSAID", story="marada-bridge")["id"]
    service.http.post(f"{address}/{killed}/kill", json={"reason": "It was not so"})
    service.http.put(f"/v1/feeds/{feed}/pin", json={"id": pinned})
    service.until(lambda: service.snapshot(feed)["pinned"] == pinned)
    context = browser.new_context()
    tab = context.new_page()
    tab.route("**/sources/**", sources)
    tab.route(
        "**/assets/*.js", lambda route: route.abort()
    )  # the page's own script takes the data block out of the page
    for path, count in (
        ("", 11),
        ("/stories/marada-bridge", 5),
        ("/stories/budget", 1),
        (f"/{pinned}", 1),
        ("/stories/long", 4),
    ):
        tab.goto(f"{service.url}/feeds/{feed}{path}")
        pairs = tab.evaluate(COMPARE)
        assert len(pairs) == count
        for template, script in pairs:
            assert template == script
    context.close()
