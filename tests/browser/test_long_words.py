"""Words without a space, as long as each field may be, on every page of a phone: none is wider than the screen."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.service import Service

WIDTH = 320


def _word(length: int) -> str:
    return ("Donaudampfschifffahrtsgesellschaft" * 30)[:length]


LONG = {
    "source": _word(200),
    "byline": _word(200),
    "dateline": _word(100),
    "sections": [_word(57) + f"-{number}" for number in range(10)],
    "places": [_word(57) + f"-{number}" for number in range(10)],
    "story": "s" * 64,
    "urgency": "flash",
}


@pytest.fixture(scope="module")
def paths(service: Service) -> dict[str, str]:
    feed = service.open_feed()
    title = {"title": _word(100)}
    assert service.http.patch(f"/v1/feeds/{feed}", json=title).status_code == 200
    address = f"/v1/feeds/{feed}/dispatches"
    corrected, killed = (service.file(feed, _word(1000), **LONG)["id"] for _ in range(2))
    changes = {"text": _word(999), "note": _word(300)}
    assert service.http.patch(f"{address}/{corrected}", json=changes, headers={"if-match": "*"}).status_code == 200
    assert service.http.post(f"{address}/{killed}/kill", json={"reason": _word(300)}).status_code == 200
    assert service.http.put(f"/v1/feeds/{feed}/pin", json={"id": corrected}).status_code == 200
    air = {"on": True, "label": _word(60), "url": f"https://news.example/{_word(500)}"}
    assert service.http.put(f"/v1/feeds/{feed}/air", json=air).status_code == 200
    return {
        "feed": f"/feeds/{feed}",
        "dispatch": f"/feeds/{feed}/{corrected}",
        "killed": f"/feeds/{feed}/{killed}",
        "story": f"/feeds/{feed}/stories/{LONG['story']}",
        "masthead": "/",
        "missing": f"/feeds/{'f' * 64}",
        "frame": f"/embed/feeds/{feed}",
        "card": f"/embed/feeds/{feed}/{corrected}",
        "card of a killed one": f"/embed/feeds/{feed}/{killed}",
        "fragment": f"/embed/feeds/{feed}/fragment",
    }


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_no_page_is_wider_than_a_phone(
    browser: Browser, service: Service, paths: dict[str, str], *, script: bool
) -> None:
    context = browser.new_context(viewport={"width": WIDTH, "height": 640}, java_script_enabled=script)
    tab = context.new_page()
    widths = {}
    for name, path in paths.items():
        response = tab.goto(service.url + path)
        assert response is not None
        assert response.status in (200, 404, 410), name
        widths[name] = tab.evaluate("document.documentElement.scrollWidth")
    context.close()
    assert {name: width for name, width in widths.items() if width > WIDTH} == {}
