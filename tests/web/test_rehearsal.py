"""A rehearsal feed: private whatever is asked for, and marked wherever it is shown."""

from __future__ import annotations

from typing import Any

import pytest

from tests.service import Service
from tests.web.desk.desk import signed_in
from tests.web.test_feeds import edit, listed


def rehearsal(service: Service, name: str, **plan: Any) -> dict[str, Any]:
    answer = service.http.post("/v1/feeds", json={"name": name, "rehearsal": True, **plan})
    assert answer.status_code == 201, answer.text
    service.until(lambda: service.http.get(f"/v1/feeds/{name}").status_code == 200)
    opened: dict[str, Any] = answer.json()
    return opened


def test_it_is_private_and_says_so_in_its_settings_and_its_snapshot(service: Service) -> None:
    opened = rehearsal(service, "training")
    assert (opened["rehearsal"], opened["visibility"]) == (True, "private")
    assert service.http.get("/v1/feeds/training", headers={"authorization": ""}).status_code == 404
    assert listed(service.http, "training")["rehearsal"] is True
    assert service.snapshot("training")["rehearsal"] is True
    with signed_in(service.url, key=service.key) as browser:
        assert browser.http.get("/v1/feeds/training").json()["rehearsal"] is True


def test_no_other_feed_has_the_member(service: Service) -> None:
    feed = service.open_feed()
    assert "rehearsal" not in listed(service.http, feed)
    assert "rehearsal" not in service.snapshot(feed)
    assert "rehearsal" not in edit(service, feed, title="One").json()


@pytest.mark.parametrize("visibility", ["public", "unlisted"])
def test_nobody_makes_it_public(service: Service, visibility: str) -> None:
    plan = {"name": f"not-{visibility}", "rehearsal": True, "visibility": visibility}
    refused = service.http.post("/v1/feeds", json=plan)
    assert (refused.status_code, refused.json()["field"]) == (422, "visibility")
    feed = f"training-{visibility}"
    rehearsal(service, feed, visibility="private")
    refused = edit(service, feed, visibility=visibility, title="Real news")
    assert (refused.status_code, refused.json()["field"]) == (422, "visibility")
    assert edit(service, feed, rehearsal=False).status_code == 422
    renamed = edit(service, feed, visibility="private", title="Training")
    assert (renamed.status_code, renamed.json()["title"], renamed.json()["rehearsal"]) == (200, "Training", True)
    assert service.http.delete(f"/v1/feeds/{feed}").json()["rehearsal"] is True


@pytest.mark.parametrize(("language", "word"), [("en", "REHEARSAL"), ("ar", "تدريب"), ("es", "ENSAYO")])
def test_each_page_says_so_before_all_else(service: Service, language: str, word: str) -> None:
    feed = f"training-{language}"
    rehearsal(service, feed, language=language)
    filed = service.file(feed, "The bridge is closed", story="bridge")
    for path in (
        f"/feeds/{feed}",
        f"/feeds/{feed}/{filed['id']}",
        f"/feeds/{feed}/stories/bridge",
        f"/embed/feeds/{feed}",
        f"/embed/feeds/{feed}/{filed['id']}",
    ):
        page = service.http.get(path)
        assert page.status_code == 200, path
        head, _, body = page.text.partition("<body")
        assert word in head.partition("<title>")[2].partition("</title>")[0], path
        assert word in body, path
        assert body.index(word) < body.index("The bridge is closed"), path
    assert word not in service.http.get("/feeds/breaking").text.partition("page-data")[0]
