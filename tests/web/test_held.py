"""Lines under embargo over HTTP: the desk alone knows them until they are released, once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.service import Reader, Service
from ticker.dispatch import rfc3339

SECRET = "The budget speech, word for word"


def soon(**delta: float) -> str:
    return rfc3339(datetime.now(UTC) + timedelta(**delta))


def hold(service: Service, feed: str, text: str = SECRET, /, **fields: Any) -> httpx.Response:
    body = {"text": text, "release_at": soon(hours=1)} | fields
    return service.http.post(f"/v1/feeds/{feed}/dispatches", json=body)


def held(service: Service, feed: str, **fields: Any) -> str:
    """Hold a dispatch and return its address."""
    answer = hold(service, feed, **fields)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


def correspondent(service: Service, feed: str) -> httpx.Client:
    key = service.http.post("/v1/keys", json={"name": "Mona", "role": "correspondent", "feeds": [feed]}).json()["key"]
    return httpx.Client(base_url=service.url, headers={"authorization": f"Bearer {key}"}, timeout=30)


def public_bytes(service: Service, feed: str) -> str:
    """Everything that a reader of the feed can be served."""
    paths = ["/v1/feeds", f"/v1/feeds/{feed}", f"/v1/feeds/{feed}/dispatches", f"/v1/feeds/{feed}/labels"]
    paths += [f"/feeds/{feed}", "/", "/metrics"]
    for dispatch in service.http.get(paths[2]).json()["dispatches"]:
        paths += [f"/v1/feeds/{feed}/dispatches/{dispatch['id']}", f"/feeds/{feed}/{dispatch['id']}"]
    with httpx.Client(base_url=service.url) as nobody:
        return "".join(nobody.get(path).text for path in paths)


def test_a_held_dispatch_is_the_desks_alone(service: Service) -> None:
    feed = service.open_feed()
    with Reader(service, feed) as reader:
        reader.until(lambda page: page.position)
        answer = hold(service, feed, sections=["Budget"], story="budget", source="Treasury")
        receipt = answer.json()
        assert answer.status_code == 201
        assert answer.headers["location"] == f"/v1/feeds/{feed}/held/{receipt['id']}"
        assert answer.headers["etag"] == '"1"'
        assert "position" not in receipt, "it is not in the log"
        after = service.file(feed, "another line")
        reader.until(lambda page: page.texts == ["another line"])
    assert after["position"].startswith("1-")
    assert SECRET not in public_bytes(service, feed)
    assert "Budget" not in public_bytes(service, feed)
    line = service.http.get(answer.headers["location"]).json()
    assert (line["text"], line["status"], line["source"]) == (SECRET, "held", "Treasury")
    assert service.http.get(f"/v1/feeds/{feed}/held").json()["held"] == [line]
    for path in (f"/v1/feeds/{feed}/held", answer.headers["location"]):
        assert httpx.get(service.url + path).status_code == 401


def test_a_correspondent_sees_and_touches_only_what_it_held(service: Service) -> None:
    feed = service.open_feed()
    address = held(service, feed)
    with correspondent(service, feed) as mona:
        mine = mona.post(f"/v1/feeds/{feed}/dispatches", json={"text": "mine", "release_at": soon(hours=2)})
        assert [line["text"] for line in mona.get(f"/v1/feeds/{feed}/held").json()["held"]] == ["mine"]
        assert mona.get(mine.headers["location"]).json()["text"] == "mine"
        match = {"if-match": "*"}
        assert mona.get(address).status_code == 403
        assert mona.patch(address, json={"text": "x"}, headers=match).status_code == 403
        assert mona.delete(address).status_code == 403
        assert mona.post(address + "/release").status_code == 403
        assert mona.post(mine.headers["location"] + "/release").status_code == 201
    assert len(service.http.get(f"/v1/feeds/{feed}/held").json()["held"]) == 1


@pytest.mark.parametrize("moment", [{"seconds": -1}, {"days": 400}])
def test_a_release_that_cannot_be_is_refused_by_name(service: Service, moment: dict[str, float]) -> None:
    feed = service.open_feed()
    answer = hold(service, feed, release_at=soon(**moment))
    assert (answer.status_code, answer.json()["field"]) == (422, "release_at")
    assert service.http.get(f"/v1/feeds/{feed}/held").json()["held"] == []
    assert service.snapshot(feed)["dispatches"] == []


def test_an_edit_needs_the_revision_that_was_seen(service: Service) -> None:
    feed = service.open_feed()
    address, later = held(service, feed), soon(hours=3)
    assert service.http.patch(address, json={"text": "x"}).status_code == 428
    edited = service.http.patch(
        address, json={"text": "better", "release_at": later, "urgency": "urgent"}, headers={"if-match": '"1"'}
    )
    assert (edited.status_code, edited.headers["etag"]) == (200, '"2"')
    stale = service.http.patch(address, json={"text": "worse"}, headers={"if-match": '"1"'})
    assert (stale.status_code, stale.json()["revision"]) == (412, 2)
    line = service.http.get(address).json()
    assert (line["text"], line["urgency"], line["release_at"], line["revision"]) == ("better", "urgent", later, 2)
    over = service.http.patch(address, json={"release_at": soon(hours=-1)}, headers={"if-match": "*"})
    assert (over.status_code, over.json()["field"]) == (422, "release_at")


def test_a_dispatch_is_released_early_once_and_stays_its_authors(service: Service) -> None:
    feed = service.open_feed()
    with correspondent(service, feed) as mona, Reader(service, feed) as reader:
        answer = mona.post(
            f"/v1/feeds/{feed}/dispatches", json={"text": SECRET, "release_at": soon(hours=1), "sections": ["Budget"]}
        )
        address = answer.headers["location"]
        service.file(feed, "before")
        released = service.http.post(address + "/release")
        assert released.status_code == 201
        receipt = released.json()
        assert released.headers["location"] == f"/v1/feeds/{feed}/dispatches/{receipt['id']}"
        reader.until(lambda page: page.texts == ["before", SECRET])
        again = service.http.post(address + "/release")
        assert (again.status_code, again.json()["held"]["dispatch"]) == (409, receipt["id"])
        dispatch = service.http.get(released.headers["location"]).json()
        assert dispatch["filed"] == receipt["filed"] > answer.json()["held"]
        assert "release_at" not in dispatch
        end = service.http.get(address).json()
        assert (end["status"], end["dispatch"]) == ("released", receipt["id"])
        assert SECRET not in str(end)
        corrected = mona.patch(released.headers["location"], json={"text": "mine"}, headers={"if-match": "*"})
        assert corrected.status_code == 200, "who wrote it may correct it"
    assert service.http.get(f"/v1/feeds/{feed}/labels").json()["sections"] == [{"label": "Budget", "dispatches": 1}]


def test_of_many_releases_at_once_one_is_the_release(service: Service) -> None:
    feed = service.open_feed()
    address = held(service, feed)
    with ThreadPoolExecutor(8) as pool:
        statuses = list(
            pool.map(
                lambda _: httpx.post(service.url + address + "/release", headers=service.authorization).status_code,
                range(8),
            )
        )
    assert sorted(statuses) == [201] + [409] * 7
    assert len(service.http.get(f"/v1/feeds/{feed}/dispatches").json()["dispatches"]) == 1


def test_repeated_requests_are_answered_as_the_first_time(service: Service) -> None:
    feed = service.open_feed()
    key, body = {"idempotency-key": "k1"}, {"text": SECRET, "release_at": soon(hours=1)}
    first, again = (service.http.post(f"/v1/feeds/{feed}/dispatches", json=body, headers=key) for _ in range(2))
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert len(service.http.get(f"/v1/feeds/{feed}/held").json()["held"]) == 1
    release = first.headers["location"] + "/release"
    first, again = (service.http.post(release, headers={"idempotency-key": "k2"}) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]
    assert again.headers["idempotent-replayed"] == "true"


def test_a_spiked_dispatch_never_goes_out_and_its_text_is_gone(service: Service) -> None:
    feed = service.open_feed()
    address = held(service, feed)
    assert service.http.request("DELETE", address, json={"reason": "not true"}).status_code == 200
    end = service.http.get(address).json()
    assert (end["status"], end["reason"]) == ("spiked", "not true")
    assert SECRET not in str(end)
    assert service.http.get(f"/v1/feeds/{feed}/held").json()["held"] == []
    for answer in (
        service.http.post(address + "/release"),
        service.http.patch(address, json={"text": "x"}, headers={"if-match": "*"}),
        service.http.delete(address),
    ):
        assert (answer.status_code, answer.json()["held"]["status"]) == (409, "spiked")


def test_what_was_never_held_is_not_found(service: Service) -> None:
    feed = service.open_feed()
    address = f"/v1/feeds/{feed}/held/hnosuch"
    assert service.http.get(address).status_code == 404
    assert service.http.post(address + "/release").status_code == 404
    assert service.http.get("/v1/feeds/nosuch/held").status_code == 404


def test_the_audit_has_the_whole_life_of_a_held_dispatch(service: Service) -> None:
    feed = service.open_feed()
    address = held(service, feed)
    service.http.patch(address, json={"text": "better"}, headers={"if-match": "*"})
    service.http.post(address + "/release")
    service.http.delete(held(service, feed, text="spiked one"))
    lines = service.http.get(f"/v1/feeds/{feed}/audit").text.splitlines()
    changes = [httpx.Response(200, text=line).json() for line in lines]
    # A release and the dispatch it files are written at one moment, so either may come first.
    assert sorted(change["kind"] for change in changes) == ["edit", "file", "hold", "hold", "release", "spike"]
    assert [change["kind"] for change in changes if change["kind"] not in ("file", "release")] == [
        "hold",
        "edit",
        "hold",
        "spike",
    ]
    assert all(change["by"] == "admin" for change in changes)
    edit = next(change for change in changes if change["kind"] == "edit")
    assert (edit["before"]["text"], edit["after"]["text"]) == (SECRET, "better")


def test_a_repeated_hold_is_known_again_when_its_time_is_over(service: Service) -> None:
    feed = service.open_feed()
    key, body = {"idempotency-key": "k"}, {"text": SECRET, "release_at": soon(seconds=2)}
    first = service.http.post(f"/v1/feeds/{feed}/dispatches", json=body, headers=key)
    assert first.status_code == 201
    service.until(lambda: service.snapshot(feed)["dispatches"])
    again = service.http.post(f"/v1/feeds/{feed}/dispatches", json=body, headers=key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert len(service.snapshot(feed)["dispatches"]) == 1


def test_a_held_edition_is_tied_when_it_comes_out(service: Service) -> None:
    original, feed = service.open_feed(), service.open_feed("ar")
    id = service.file(original, "Harbour closed")["id"]
    held(service, feed, edition_of=f"{original}/{id}", release_at=soon(seconds=2))
    service.until(lambda: service.snapshot(feed)["dispatches"])
    [line] = service.snapshot(feed)["dispatches"]
    service.until(
        lambda: service.http.get(f"/v1/feeds/{original}/dispatches/{id}").json()["editions"] == [f"{feed}/{line['id']}"]
    )


def test_a_repeated_edit_is_recognised_after_the_dispatch_was_released_or_moved(service: Service) -> None:
    feed = service.open_feed()
    address = held(service, feed)
    key = {"if-match": "*", "idempotency-key": "k"}
    first = service.http.patch(address, json={"text": "better"}, headers=key)
    service.http.patch(address, json={"release_at": soon(hours=5)}, headers={"if-match": "*"})
    moved = service.http.patch(address, json={"text": "better"}, headers=key)
    assert service.http.post(address + "/release").status_code == 201
    out = service.http.patch(address, json={"text": "better"}, headers=key)
    for again in (moved, out):
        assert (again.status_code, again.json()) == (200, first.json())
        assert again.headers["idempotent-replayed"] == "true"


def test_what_a_revoked_key_held_waits_for_an_editor(service: Service) -> None:
    feed = service.open_feed()
    issued = service.http.post("/v1/keys", json={"name": "Mona", "role": "correspondent", "feeds": [feed]}).json()
    with httpx.Client(base_url=service.url, headers={"authorization": f"Bearer {issued['key']}"}) as mona:
        body = {"text": SECRET, "release_at": soon(seconds=4)}
        address = mona.post(f"/v1/feeds/{feed}/dispatches", json=body).headers["location"]
        assert service.http.delete(f"/v1/keys/{issued['id']}").status_code == 204
        assert mona.get(address).status_code == 401
    # Due after the other.
    later = held(service, feed, text="filed by nobody's key that is revoked", release_at=soon(seconds=4))
    service.until(lambda: service.http.get(later).json()["status"] == "released")
    [listed] = service.http.get(f"/v1/feeds/{feed}/held").json()["held"]
    assert (listed["text"], listed["status"], listed["revision"], listed["by"]) == (SECRET, "held", 2, "Mona")
    assert listed["parked"] < listed["release_at"]
    assert SECRET not in public_bytes(service, feed)
    found = service.http.get(address)
    assert (found.json(), found.headers["etag"]) == (listed, '"2"')
    past = service.http.patch(address, json={"source": "Treasury"}, headers={"if-match": '"2"'})
    assert (past.status_code, past.json()["field"]) == (422, "release_at"), "its time is over: say when, or release it"
    edited = service.http.patch(address, json={"release_at": soon(hours=1)}, headers={"if-match": '"2"'})
    assert edited.status_code == 200
    assert "parked" not in service.http.get(address).json()
    assert service.http.post(address + "/release").status_code == 201
    assert SECRET in public_bytes(service, feed)


def test_the_time_of_release_cannot_be_removed(service: Service) -> None:
    address = held(service, service.open_feed())
    before = service.http.get(address).json()
    for edit in ({"release_at": None}, {"release_at": None, "text": "another"}):
        refused = service.http.patch(address, json=edit, headers={"if-match": "*"})
        assert (refused.status_code, refused.json()["field"]) == (422, "release_at")
    assert service.http.get(address).json() == before
