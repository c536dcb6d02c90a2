"""`ticker feeds`, beside the service and over HTTP."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command import Here, at, run_command
from tests.service import Service


@pytest.mark.parametrize("way", ["beside", "over http"])
def test_an_edition_and_a_feed_whose_flashes_take_two(service: Service, here: Here, way: str) -> None:
    original, edition = service.open_feed(), f"{service.open_feed()}-ar"
    where, more = (at(service), []) if way == "over http" else ({}, ["--data", str(service.data)])
    flags = ["--language", "ar", "--edition-of", original, "--two-person-flash"]
    assert here(where, "feeds", "add", edition, *flags, *more).printed == f"{edition}\n"
    service.until(lambda: service.http.get(f"/v1/feeds/{edition}").status_code == 200)
    (listed,) = [feed for feed in service.http.get("/v1/feeds").json()["feeds"] if feed["name"] == edition]
    assert (listed["edition_of"], [feed["name"] for feed in listed["editions"]]) == (original, [original])
    for nothing in ("No Feed", "nowhere", "x"):
        assert "edition_of" in here(where, "feeds", "add", "x", "--edition-of", nothing, *more).complaint
    assert service.http.get("/v1/feeds/x").status_code == 404

    dispatch = service.file(original, "Bridge closed")["id"]
    flash = ["file", "إغلاق الجسر", "--feed", edition, "--edition-of", f"{original}/{dispatch}", "--urgency", "flash"]
    receipt = json.loads(here(at(service), *flash).printed)
    assert receipt["confirm_by"] > receipt["filed"]
    found = service.http.get(f"/v1/feeds/{edition}/dispatches/{receipt['id']}").json()
    assert (found["urgency"], found["edition_of"], found["editions"]) == (
        *("urgent", f"{original}/{dispatch}", [f"{original}/{dispatch}"]),
    )
    assert service.http.get(f"/v1/feeds/{original}/dispatches/{dispatch}").json()["editions"] == [
        f"{edition}/{receipt['id']}"
    ]
    other = service.file(original, "Bridge open")["id"]
    correct = ["correct", receipt["id"], "--feed", edition, "--edition-of", f"{original}/{other}", "--place", "Sanaa"]
    assert json.loads(here(at(service), *correct).printed)["revision"] == 2
    found = service.http.get(f"/v1/feeds/{edition}/dispatches/{receipt['id']}").json()
    assert (found["edition_of"], found["places"]) == (f"{original}/{other}", ["Sanaa"])
    assert "edition_of" in here(at(service), "file", "x", "--edition-of", "nothing").complaint


@pytest.mark.parametrize("way", ["beside", "over http"])
def test_a_feed_is_edited_closed_and_opened_again(service: Service, here: Here, way: str) -> None:
    feed = f"{service.open_feed()}-{way[:4]}"
    where, more = (at(service), []) if way == "over http" else ({}, ["--data", str(service.data)])

    def row() -> list[str]:
        (found,) = [
            row for row in here(where, "feeds", "list", *more).printed.splitlines() if row.startswith(f"{feed}\t")
        ]
        return found.split("\t")[1:]

    flags = ["--timezone", "Asia/Beirut", "--origin", "https://a.example", "--origin", "https://b.example"]
    assert here(where, "feeds", "add", feed, "--visibility", "private", *flags, *more).printed == f"{feed}\n"
    assert row() == ["en", feed, "private"]
    flags = ["--title", "Desk", "--visibility", "unlisted", "--two-person-flash", "--edition-of", "breaking"]
    assert here(where, "feeds", "edit", feed, *flags, *more).printed == f"{feed}\n"
    plan = service.http.patch(f"/v1/feeds/{feed}", json={"closed": None}).json()
    assert (plan["timezone"], plan["origins"]) == ("Asia/Beirut", ["https://a.example", "https://b.example"])
    assert (plan["two_person_flash"], plan["edition_of"]) == (True, "breaking")
    assert row() == ["en", "Desk", "unlisted"]
    flags = ["--origin", "service", "--edition-of", "", "--one-person-flash"]
    assert here(where, "feeds", "edit", feed, *flags, *more).printed == f"{feed}\n"
    plan = service.http.patch(f"/v1/feeds/{feed}", json={"closed": None}).json()
    assert (plan["origins"], plan["two_person_flash"], plan["edition_of"]) == (None, False, None)
    closed = here(where, "feeds", "close", feed, *more).printed.split("\t")
    assert closed[0] == feed
    assert row() == ["en", "Desk", "unlisted", closed[1].strip()]
    assert service.http.post(f"/v1/feeds/{feed}/dispatches", json={"text": "a"}).status_code == 410
    assert here(where, "feeds", "edit", feed, "--reopen", *more).printed == f"{feed}\n"
    assert service.file(feed, "a")["revision"] == 1
    assert "--title" in here(where, "feeds", "edit", feed, *more).complaint
    assert "time zone" in here(where, "feeds", "edit", feed, "--timezone", "Beirut", *more).complaint
    assert "web origin" in here(where, "feeds", "edit", feed, "--origin", "a.example", *more).complaint
    assert "edition_of" in here(where, "feeds", "edit", feed, "--edition-of", "nowhere", *more).complaint
    for act in (["edit", "nowhere", "--title", "x"], ["close", "nowhere"]):
        assert "'nowhere'" in here(where, "feeds", *act, *more).complaint


def test_a_feed_added_to_the_data_can_be_filed_to_at_once(service: Service) -> None:
    assert run_command({}, "feeds", "add", "beside", "--data", str(service.data)).printed == "beside\n"
    assert service.file("beside", "one")["revision"] == 1


def test_feeds_and_keys_made_while_the_service_is_down_are_there_after_it(tmp_path: Path) -> None:
    data = ["--data", str(tmp_path)]
    with Service(tmp_path):
        pass
    assert run_command({}, "feeds", "add", "early", *data).printed == "early\n"
    key = run_command({}, "keys", "add", "--role", "correspondent", "--name", "Amal", *data).printed.strip()
    assert [row.split("\t")[0] for row in run_command({}, "feeds", "list", *data).printed.splitlines()] == [
        "breaking",
        "early",
    ]
    with Service(tmp_path) as service:
        assert json.loads(run_command(at(service, key), "file", "one", "--feed", "early").printed)["revision"] == 1


@pytest.mark.parametrize("way", ["beside", "over http"])
def test_a_rehearsal_is_private_and_listed_as_one(service: Service, here: Here, way: str) -> None:
    name = f"training-{way.replace(' ', '-')}"
    where, more = (at(service), []) if way == "over http" else ({}, ["--data", str(service.data)])
    refused = here(where, "feeds", "add", name, "--rehearsal", "--visibility", "public", *more)
    assert (refused.status != 0, "rehearsal" in refused.complaint) == (True, True)
    assert here(where, "feeds", "add", name, "--rehearsal", *more).printed == f"{name}\n"
    service.until(lambda: service.http.get(f"/v1/feeds/{name}").status_code == 200)
    assert f"{name}\ten\t{name}\tprivate\trehearsal\n" in here(where, "feeds", "list", *more).printed
    assert "rehearsal" in here(where, "feeds", "edit", name, "--visibility", "public", *more).complaint
