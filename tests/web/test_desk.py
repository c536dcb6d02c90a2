"""What the desk gets: similar dispatches, a second key for a flash, rates, editions, labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.service import Reader, Service


def feed_with(service: Service, **plan: Any) -> str:
    """Open a feed with this plan and return its name."""
    name = service.open_feed() + "x"
    answer = service.http.post("/v1/feeds", json={"name": name, **plan})
    assert answer.status_code == 201, answer.text
    service.until(lambda: service.http.get(f"/v1/feeds/{name}").status_code == 200)
    return name


def somebody(service: Service, name: str, role: str = "correspondent", **plan: Any) -> httpx.Client:
    key = service.http.post("/v1/keys", json={"name": name, "role": role, **plan}).json()["key"]
    return httpx.Client(base_url=service.url, headers={"authorization": f"Bearer {key}"}, timeout=30)


# Already filed?


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Fire at fuel depot on Pier 7; harbour closed", "Fire at the fuel depot on Pier 7, harbour closed"),
        (
            "وزارة الداخلية: إغلاق جميع الطرق المؤدية إلى العاصمة",
            "وزارة الداخلية: اغلاق جميع الطرق المؤدّية الى العاصمة",
        ),
    ],
)
def test_two_correspondents_see_each_others_dispatch(service: Service, first: str, second: str) -> None:
    feed = service.open_feed()
    filed = service.file(feed, first, source="Harbour master")
    assert filed["similar"] == []
    service.file(feed, "Nothing to do with it: the cup final is drawn")
    [similar] = service.file(feed, second)["similar"]
    assert (similar["id"], similar["source"], similar["filed"]) == (filed["id"], "Harbour master", filed["filed"])
    assert 0.8 <= similar["likeness"] <= 1


def test_a_killed_dispatch_is_no_longer_named_as_similar(service: Service) -> None:
    feed = service.open_feed()
    id = service.file(feed, "The dam has broken at Qasr")["id"]
    service.http.post(f"/v1/feeds/{feed}/dispatches/{id}/kill", json={"reason": "It has not"})
    assert service.file(feed, "The dam has broken at Qasr")["similar"] == []


def test_a_repeated_request_names_the_same_similar_dispatches(service: Service) -> None:
    feed = service.open_feed()
    service.file(feed, "The dam has broken at Qasr")
    answers = [
        service.http.post(
            f"/v1/feeds/{feed}/dispatches", json={"text": "Dam has broken at Qasr"}, headers={"idempotency-key": "k"}
        )
        for _ in range(2)
    ]
    service.file(feed, "The dam has broken at Qasr")
    answers.append(
        service.http.post(
            f"/v1/feeds/{feed}/dispatches", json={"text": "Dam has broken at Qasr"}, headers={"idempotency-key": "k"}
        )
    )
    assert answers[0].json() == answers[1].json() == answers[2].json()
    assert len(answers[0].json()["similar"]) == 1


# A flash takes two


def test_a_flash_goes_out_as_urgent_until_a_second_key_confirms_it(service: Service) -> None:
    feed = feed_with(service, two_person_flash=True)
    with somebody(service, "Mona") as mona, somebody(service, "Luis") as luis, Reader(service, feed) as reader:
        receipt = mona.post(f"/v1/feeds/{feed}/dispatches", json={"text": "The president resigns", "urgency": "flash"})
        assert receipt.status_code == 201
        assert receipt.json()["confirm_by"] > receipt.json()["filed"]
        confirm = receipt.headers["location"] + "/confirm"
        reader.until(lambda page: [line["urgency"] for line in page.newest] == ["urgent"])
        alone = mona.post(confirm)
        assert (alone.status_code, "second key" in alone.json()["detail"]) == (403, True)
        confirmed = luis.post(confirm)
        assert (confirmed.status_code, confirmed.json()["revision"]) == (200, 2)
        reader.until(lambda page: [line["urgency"] for line in page.newest] == ["flash"])
        assert luis.post(confirm).status_code == 409, "it is one already"
    assert reader.page.offsets[-1] == 2, "one entry raised it"


def test_a_correction_to_flash_takes_two_as_well_and_another_urgency_withdraws_the_request(service: Service) -> None:
    feed = feed_with(service, two_person_flash=True)
    with somebody(service, "Luis") as luis:
        id = service.file(feed, "Shots near the palace")["id"]
        address = f"/v1/feeds/{feed}/dispatches/{id}"
        raised = service.http.patch(address, json={"urgency": "flash"}, headers={"if-match": "*"}).json()
        assert "confirm_by" in raised
        assert service.http.get(address).json()["urgency"] == "urgent"
        service.http.patch(address, json={"text": "Shots at the palace"}, headers={"if-match": "*"})
        assert luis.post(address + "/confirm").status_code == 412, "these are not the words for which it was asked"
        seen = {"if-match": luis.get(address).headers["etag"]}
        confirmed = luis.post(address + "/confirm", headers=seen)
        assert confirmed.status_code == 200, "a corrected word does not withdraw the request"
        found = service.http.get(address).json()
        assert (found["urgency"], found["text"]) == ("flash", "Shots at the palace")
        lowered = service.http.patch(address, json={"urgency": "normal"}, headers={"if-match": "*"})
        assert "confirm_by" not in lowered.json()
        service.http.patch(address, json={"urgency": "flash"}, headers={"if-match": "*"})
        service.http.patch(address, json={"urgency": "bulletin"}, headers={"if-match": "*"})
        assert luis.post(address + "/confirm").status_code == 409


def test_a_flash_that_was_killed_is_not_confirmed(service: Service) -> None:
    feed = feed_with(service, two_person_flash=True)
    with somebody(service, "Luis") as luis:
        id = service.file(feed, "wrong", urgency="flash")["id"]
        service.http.post(f"/v1/feeds/{feed}/dispatches/{id}/kill", json={"reason": "wrong"})
        assert luis.post(f"/v1/feeds/{feed}/dispatches/{id}/confirm").status_code == 410


def test_elsewhere_a_flash_is_a_flash_at_once(service: Service) -> None:
    feed = service.open_feed()
    receipt = service.file(feed, "The president resigns", urgency="flash")
    assert "confirm_by" not in receipt
    address = f"/v1/feeds/{feed}/dispatches/{receipt['id']}"
    assert service.http.get(address).json()["urgency"] == "flash"
    assert service.http.post(address + "/confirm").status_code == 409


# Rates and last use


def test_a_key_makes_only_so_many_changes_a_minute(tmp_path: Path) -> None:
    with Service(tmp_path, rate="5") as service:
        with somebody(service, "Mona") as mona, somebody(service, "Bot", rate=2) as bot:
            for who, rate in ((mona, 5), (bot, 2)):
                answers = [
                    who.post("/v1/feeds/breaking/dispatches", json={"text": str(n)}) for n in range(2 * rate + 1)
                ]
                kept = [answer for answer in answers if answer.status_code == 201]
                refused = [answer for answer in answers if answer.status_code == 429]
                # Should a minute begin in between, twice as many pass, and not one more.
                assert rate <= len(kept) <= 2 * rate
                assert len(kept) + len(refused) == 2 * rate + 1
                assert 0 < int(refused[0].headers["retry-after"]) <= 60
                assert str(rate) in refused[0].json()["detail"]
                assert who.get("/v1/feeds/breaking/held").status_code == 200, "reading is free"
        kept_lines = service.http.get("/v1/feeds/breaking/dispatches").json()["dispatches"]
        assert len(kept_lines) == int(kept_lines and service.snapshot("breaking")["position"].split("-")[0])


def test_a_key_shows_when_it_was_last_used(service: Service) -> None:
    with somebody(service, "Mona") as mona:
        [before] = [
            key for key in service.http.get("/v1/keys").json()["keys"] if key["name"] == "Mona" and not key["used"]
        ][:1]
        feed = service.open_feed()
        issued = before["issued"]
        assert mona.post(f"/v1/feeds/{feed}/dispatches", json={"text": "x"}).status_code == 201
        [after] = [key for key in service.http.get("/v1/keys").json()["keys"] if key["id"] == before["id"]]
        assert after["used"][:16] >= issued[:16]


# Editions


def test_editions_of_a_dispatch_and_of_a_feed_know_each_other(service: Service) -> None:
    english = feed_with(service, language="en", title="Breaking")
    arabic = feed_with(service, language="ar", title="عاجل", edition_of=english)
    spanish = feed_with(service, language="es", title="Última hora", edition_of=english)
    feeds = {feed["name"]: feed for feed in service.http.get("/v1/feeds").json()["feeds"]}
    for name, others in ((english, {arabic, spanish}), (arabic, {english, spanish}), (spanish, {english, arabic})):
        assert {sibling["name"] for sibling in feeds[name]["editions"]} == others
    original = service.file(english, "Harbour closed")["id"]
    tied = {
        feed: service.file(feed, text, edition_of=f"{english}/{original}")["id"]
        for feed, text in ((arabic, "إغلاق الميناء"), (spanish, "Puerto cerrado"))
    }
    names = {f"{english}/{original}", *(f"{feed}/{id}" for feed, id in tied.items())}
    for name in names:
        feed, id = name.split("/")
        found = service.http.get(f"/v1/feeds/{feed}/dispatches/{id}").json()
        assert set(found["editions"]) == names - {name}
    killed = service.http.post(f"/v1/feeds/{english}/dispatches/{original}/kill", json={"reason": "It is open"})
    assert set(killed.json()["editions"]) == names - {f"{english}/{original}"}, "so that they can be killed too"


@pytest.mark.parametrize("name", ["x", "x/", "/y", "a b/c", "../x", "feed/ID"])
def test_what_names_no_dispatch_is_refused(service: Service, name: str) -> None:
    answer = service.http.post("/v1/feeds/breaking/dispatches", json={"text": "x", "edition_of": name})
    assert (answer.status_code, answer.json()["field"]) == (422, "edition_of")


def test_an_edition_is_of_a_feed_that_is_there(service: Service) -> None:
    answer = service.http.post("/v1/feeds", json={"name": "fr", "language": "fr", "edition_of": "nosuch"})
    assert (answer.status_code, answer.json()["field"]) == (422, "edition_of")


# Labels


def test_labels_are_counted_as_dispatches_come_and_change(service: Service) -> None:
    feed = service.open_feed()
    id = service.file(feed, "one", sections=["Politics", "World"], places=["MENA"], story="talks")["id"]
    service.file(feed, "two", sections=["Politics"])
    service.http.patch(
        f"/v1/feeds/{feed}/dispatches/{id}",
        json={"sections": ["Politics", "قسم"], "places": []},
        headers={"if-match": "*"},
    )
    labels = httpx.get(f"{service.url}/v1/feeds/{feed}/labels").json()
    assert labels["sections"] == [{"label": "Politics", "dispatches": 2}, {"label": "قسم", "dispatches": 1}]
    assert labels["places"] == []
    assert labels["stories"] == [{"label": "talks", "dispatches": 1}]
