"""How a feed's zone, origins, visibility and closing show in what other sites embed; and the public URL."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.service import Service
from tests.web.test_embed import drawn, file
from tests.web.test_pages import HTML

KINDS = ["", "/fragment", "/{id}"]


def edit(service: Service, feed: str, **changes: Any) -> None:
    response = service.http.patch(f"/v1/feeds/{feed}", json=changes)
    assert response.status_code == 200, response.text


def policy(service: Service, path: str) -> str:
    found = re.search(
        r"frame-ancestors ([^;]*)", service.http.get(path, headers=HTML).headers["content-security-policy"]
    )
    assert found is not None
    return found[1]


@pytest.mark.parametrize("kind", KINDS)
def test_times_stand_in_the_feeds_zone(service: Service, kind: str) -> None:
    feed = service.open_feed()
    (id,) = file(service, feed, "Bridge closed")
    edit(service, feed, timezone="Asia/Riyadh")
    path = f"/embed/feeds/{feed}{kind.format(id=id)}"
    service.until(lambda: "UTC+03" in drawn(service, path).texts[id])
    filed = service.snapshot(feed)["dispatches"][0]["filed"]
    hour = (int(filed[11:13]) + 3) % 24
    assert f"{hour:02}:{filed[14:16]} UTC+03" in drawn(service, path).texts[id]


@pytest.mark.parametrize("kind", KINDS)
def test_pages_of_the_feeds_origins_alone_may_frame_it(service: Service, kind: str) -> None:
    feed = service.open_feed()
    (id,) = file(service, feed, "Bridge closed")
    path = f"/embed/feeds/{feed}{kind.format(id=id)}"
    assert policy(service, path) == "*"
    edit(service, feed, origins=["https://news.example", "https://other.example:8443"])
    service.until(lambda: policy(service, path) == "'self' https://news.example https://other.example:8443")
    edit(service, feed, origins=None)
    service.until(lambda: policy(service, path) == "*")


def test_a_private_feed_is_embedded_nowhere(service: Service) -> None:
    feed = service.open_feed()
    (id,) = file(service, feed, "UNSAID")
    edit(service, feed, visibility="private")
    anonymous = {**HTML, "authorization": ""}
    paths = [f"/embed/feeds/{feed}{kind.format(id=id)}" for kind in KINDS]
    paths += [f"/embed?feed={feed}", f"/oembed?url=/feeds/{feed}", f"/oembed?url=/feeds/{feed}/{id}"]
    service.until(lambda: service.http.get(paths[0], headers=anonymous).status_code == 404)
    for path in paths:
        response = service.http.get(path, headers=anonymous)
        assert response.status_code == 404, path
        assert "UNSAID" not in response.text
    assert feed not in service.http.get("/embed", headers=anonymous).text
    # A key that reaches it may, but then it is for nobody else.
    assert service.http.get(paths[1], headers=HTML).headers["cache-control"] == "no-store"
    assert service.http.get(f"/oembed?url=/feeds/{feed}").status_code == 404


def test_an_unlisted_feed_is_embedded_by_those_who_know_its_name(service: Service) -> None:
    feed = service.open_feed()
    file(service, feed, "Bridge closed")
    edit(service, feed, visibility="unlisted")
    service.until(lambda: feed not in service.http.get("/embed", headers=HTML).text)
    assert drawn(service, f"/embed/feeds/{feed}").texts
    assert feed in drawn(service, f"/embed?feed={feed}").text


def test_a_closed_feed_can_be_read_and_its_coverage_has_ended(service: Service) -> None:
    feed = service.open_feed()
    (id,) = file(service, feed, "Bridge closed")
    assert service.http.delete(f"/v1/feeds/{feed}").status_code == 200
    service.until(lambda: service.snapshot(feed).get("closed"))
    page = drawn(service, f"/embed/feeds/{feed}/fragment?schema=auto")
    assert list(page.texts) == [id]
    assert page.data[0]["coverageEndTime"] == service.snapshot(feed)["closed"]
    assert drawn(service, f"/embed/feeds/{feed}/{id}").texts


def test_every_url_begins_with_the_public_one(tmp_path: Path) -> None:
    own = "https://news.example/ticker"
    with Service(tmp_path, public_url=own) as service:
        (id,) = file(service, "breaking", "Bridge closed")
        for prefix in ("", "/ticker"):
            response = service.http.get(f"{prefix}/embed/feeds/breaking/fragment?schema=always", headers=HTML)
            assert response.headers["cache-control"] == "public, max-age=1"
            assert f'<script type="module" src="{own}/embed/v1/ticker.js">' in response.text
            assert f'src="{own}"' in response.text
            assert f'"url":"{own}/feeds/breaking#line-{id}"' in response.text
            assert service.http.get(f"{prefix}/embed/v1/ticker.js").status_code == 200
        for path in (
            "/embed/feeds/breaking",
            f"/embed/feeds/breaking/{id}",
            "/embed",
            "/embed/feeds/breaking/fragment",
        ):
            page = drawn(service, path)
            urls = [
                each.get("href") or each.get("src") or ""
                for tag, each in page.tags
                if tag in ("a", "link", "script", "iframe")
            ]
            assert [url for url in urls if url and not url.startswith((own, "#"))] == []
        found = service.http.get("/oembed", params={"url": f"{own}/feeds/breaking"})
        assert f'src="{own}/embed/feeds/breaking"' in found.json()["html"]
        assert found.headers["cache-control"] == "public, max-age=1"
        for path in ("/feeds/breaking", f"/feeds/breaking/{id}"):
            (named,) = [link for link in drawn(service, path).all("link") if "oembed" in link.get("type", "")]
            assert named["href"].startswith(f"{own}/oembed?url=")
            assert service.http.get(named["href"].removeprefix(own)).json()["provider_url"] == f"{own}/"


@pytest.mark.parametrize("path", ["/embed", "/oembed?url=/feeds/breaking", "/embed/feeds/breaking/fragment"])
def test_an_address_made_of_the_host_is_for_no_shared_cache(service: Service, path: str) -> None:
    response = service.http.get(path, headers={"host": "ticker.example"})
    assert "http://ticker.example" in response.text
    assert response.headers["cache-control"].startswith("private")
    assert service.http.get(path, headers={"host": "<b>"}).status_code == 400
