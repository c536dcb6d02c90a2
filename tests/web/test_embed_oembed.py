"""oEmbed: what to embed for the URL of a page, and how pages name it (oembed.com, version 1.0)."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import quote

import pytest

from tests.service import Service
from tests.web.test_embed import drawn, file
from ticker.errors import NotFound
from ticker.web.embed.oembed import Target, target

OWN = "https://news.example/ticker"


def asked(service: Service, url: str, status: int = 200, **query: str) -> dict[str, Any]:
    response = service.http.get("/oembed", params={"url": url, **query})
    assert response.status_code == status, response.text
    assert response.headers["access-control-allow-origin"] == "*"
    document: dict[str, Any] = response.json()
    return document


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (OWN, Target("breaking", None)),
        (f"{OWN}/", Target("breaking", None)),
        (f"{OWN}/feeds/sport", Target("sport", None)),
        (f"{OWN}/feeds/sport/", Target("sport", None)),
        (f"{OWN}/feeds/sport?from=mail#top", Target("sport", None)),
        (f"http{OWN.removeprefix('https')}/feeds/sport", Target("sport", None)),
        ("https://NEWS.example/ticker/feeds/sport", Target("sport", None)),
        (f"{OWN}/embed/feeds/sport", Target("sport", None)),
        (f"{OWN}/feeds/sport/01m8", Target("sport", "01m8")),
        (f"{OWN}/embed/feeds/sport/01m8", Target("sport", "01m8")),
        ("/ticker/feeds/sport/01m8", Target("sport", "01m8")),
    ],
)
def test_a_url_of_the_service_leads_to_a_feed_or_a_dispatch(url: str, expected: Target) -> None:
    assert target(url, OWN) == expected


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/ticker/feeds/sport",
        "https://news.example/feeds/sport",
        "https://news.example/tickertape/feeds/sport",
        "https://news.example:8443/ticker/feeds/sport",
        "https://news.example@elsewhere.example/ticker/feeds/sport",
        "//elsewhere.example/ticker/feeds/sport",
        "ftp://news.example/ticker/feeds/sport",
        "javascript:alert(1)",
        "http://[",
        f"{OWN}/docs",
        f"{OWN}/feeds/sport/stories/cup",
    ],
)
def test_what_is_no_page_of_a_feed_here_is_not_found(url: str) -> None:
    with pytest.raises(NotFound):
        target(url, OWN)


def test_a_feed_is_an_iframe_of_a_fixed_size(service: Service) -> None:
    feed = service.open_feed()
    found = asked(service, f"{service.url}/feeds/{feed}")
    src = f"{service.url}/embed/feeds/{feed}"
    assert found == {
        "version": "1.0",
        "type": "rich",
        "title": feed,
        "provider_name": service.url.removeprefix("http://"),
        "provider_url": f"{service.url}/",
        "cache_age": 3600,
        "width": 600,
        "height": 480,
        "html": f'<iframe src="{src}" title="{feed}" width="600" height="480" frameborder="0" loading="lazy"></iframe>',
    }
    assert service.http.get(src).status_code == 200


def test_it_fits_the_room_there_is(service: Service) -> None:
    found = asked(service, f"{service.url}/feeds/breaking", maxwidth="300", maxheight="9999")
    assert (found["width"], found["height"]) == (300, 480)
    assert 'width="300"' in found["html"]
    for name, value in (("maxwidth", "0"), ("maxheight", "x"), ("maxwidth", "-1")):
        assert asked(service, f"{service.url}/feeds/breaking", 422, **{name: value})["field"] == name


def test_a_dispatch_is_its_card_and_its_text_is_in_nothing_that_is_kept(service: Service) -> None:
    feed = service.open_feed()
    (id,) = file(service, feed, "UNSAID")
    found = asked(service, f"{service.url}/feeds/{feed}/{id}")
    assert f'src="{service.url}/embed/feeds/{feed}/{id}"' in found["html"]
    assert found["height"] == 240
    assert re.fullmatch(rf"{feed}, \d{{4}}-\d\d-\d\d \d\d:\d\d UTC", found["title"])
    assert "UNSAID" not in str(found)
    service.http.post(f"/v1/feeds/{feed}/dispatches/{id}/kill", json={"reason": "It was not so"})
    gone = asked(service, f"{service.url}/feeds/{feed}/{id}", 410)
    assert gone["type"] == "urn:ticker:problem:killed"


def test_what_markup_a_title_has_is_escaped(service: Service) -> None:
    name = "oembed-title"
    service.http.post("/v1/feeds", json={"name": name, "title": '"><script>alert(1)</script>'})
    service.until(lambda: service.http.get(f"/v1/feeds/{name}").status_code == 200)
    found = asked(service, f"{service.url}/feeds/{name}")
    assert "<script>" in found["title"]
    assert "<script>" not in found["html"]
    assert html.unescape(found["html"]).count("<script>") == 1


def test_other_forms_are_not_made_and_what_is_not_there_is_not_found(service: Service) -> None:
    assert asked(service, f"{service.url}/feeds/breaking", 501, format="xml")["type"].endswith("not-supported")
    assert asked(service, f"{service.url}/feeds/nowhere", 404)["type"].endswith("not-found")
    assert asked(service, f"{service.url}/feeds/breaking/0nowhere", 404)["type"].endswith("not-found")
    assert asked(service, "https://elsewhere.example/feeds/breaking", 404)["field"] == "url"
    assert service.http.get("/oembed").json()["field"] == "url"
    assert asked(service, f"{service.url}/feeds/breaking", dnt="1")["type"] == "rich"  # WordPress sends it


def test_pages_of_feeds_and_dispatches_name_their_document(service: Service) -> None:
    feed = service.open_feed()
    (id,) = file(service, feed, "Bridge closed")
    for path in (f"/feeds/{feed}", f"/feeds/{feed}/{id}"):
        links = drawn(service, path).all("link")
        (named,) = [link for link in links if link.get("type") == "application/json+oembed"]
        assert named["rel"] == "alternate"
        found = service.http.get(named["href"])
        assert found.json() == asked(service, service.url + path)
        assert quote(path, safe="/") in named["href"]
