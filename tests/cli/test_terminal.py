"""What people see in a terminal, and what scripts go on to read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import Following, Here, at
from tests.cli.terminal import in_terminal
from tests.service import Service


def _second_key(service: Service) -> str:
    key: str = service.http.post("/v1/keys", json={"name": "Second", "role": "editor"}).json()["key"]
    return key


def _flash_feed(service: Service, name: str) -> str:
    service.http.post("/v1/feeds", json={"name": name, "title": name, "two_person_flash": True})
    service.until(lambda: service.http.get(f"/v1/feeds/{name}").status_code == 200)
    return name


def test_a_receipt_for_people_says_what_they_have_to_see(service: Service) -> None:
    feed = _flash_feed(service, "flashes")
    before = service.file(feed, "Bridge closed to all traffic", source="Harbour police")
    seen = in_terminal(at(service), "file", "Bridge closed to traffic", "--feed", feed, "--urgency", "flash")
    assert (seen.status, seen.errors) == (0, "")
    first, similar, confirm, command = seen.output.splitlines()
    assert re.fullmatch(r"Filed at \d\d:\d\d:\d\d  [0-9a-z]{26}", first)
    id = first.split()[-1]
    assert re.match(rf"  SIMILAR  \d+% like {before['id']} of \d\d:\d\d:\d\d, Harbour police$", similar)
    assert re.match(r"  CONFIRM   It is out as urgent\. .* until \d\d:\d\d:\d\d:$", confirm)
    assert command.split()[-4:] == ["confirm", id, "--feed", feed]

    confirmed = in_terminal(at(service, _second_key(service)), "confirm", id, "--feed", feed)
    assert re.fullmatch(rf"Confirmed at \d\d:\d\d:\d\d  {id}  revision 2\n", confirmed.output)
    assert service.http.get(f"/v1/feeds/{feed}/dispatches/{id}").json()["urgency"] == "flash"


def test_the_other_receipts_for_people(service: Service) -> None:
    feed, edition = service.open_feed(), service.open_feed("ar")
    id = service.file(feed, "one")["id"]
    other = service.file(edition, "واحد", edition_of=f"{feed}/{id}")["id"]
    where = ["--feed", feed]
    assert in_terminal(at(service), "correct", id, "--text", "two", *where).output.endswith("revision 2\n")
    assert re.match(rf"Pinned at .*{id}", in_terminal(at(service), "pin", id, *where).output)
    assert re.match(r"Unpinned at \d\d:\d\d:\d\d\n", in_terminal(at(service), "unpin", *where).output)
    assert re.match(r"Off air at \d\d:\d\d:\d\d\n", in_terminal(at(service), "air", "off", *where).output)
    killed, still = in_terminal(at(service), "kill", id, "--reason", "x", *where).output.splitlines()
    assert re.match(rf"Killed at .*{id}", killed)
    assert f"STILL OUT  in {edition}: " in still
    assert f"kill {other} --feed {edition}" in still
    held = in_terminal(at(service), "file", "later", "--release-at", "+1d", *where)
    assert re.match(r"Held until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00:00  \w+\n", held.output)


def test_scripts_read_the_receipt_as_the_service_gave_it(service: Service, here: Here) -> None:
    feed = service.open_feed()
    service.file(feed, "Café fermé", source="Préfecture")
    printed = here(at(service), "file", "Café fermé", "--feed", feed).printed
    receipt = json.loads(printed)
    assert printed == json.dumps(receipt) + "\n"
    assert list(receipt) == ["id", "position", "revision", "filed", "similar"]


def test_pin_unpin_and_air(service: Service, here: Here) -> None:
    feed = service.open_feed()
    id = service.file(feed, "one")["id"]
    assert json.loads(here(at(service), "pin", id, "--feed", feed).printed)["id"] == id
    service.until(lambda: service.snapshot(feed)["pinned"] == id)
    assert "position" in json.loads(here(at(service), "unpin", "--feed", feed).printed)
    service.until(lambda: service.snapshot(feed)["pinned"] is None)
    broadcast = ["--label", "Watch", "--url", "https://news.example/live"]
    here(at(service), "air", "off", *broadcast, "--feed", feed)
    service.until(
        lambda: service.snapshot(feed)["air"] == {"on": False, "label": "Watch", "url": "https://news.example/live"}
    )
    here(at(service), "air", "on", "--feed", feed)
    service.until(lambda: service.snapshot(feed)["air"] == {"on": True, "label": None, "url": None})
    assert "on" in here(at(service), "air", "perhaps", "--feed", feed).complaint
    assert "nowhere" in here(at(service), "pin", "nowhere", "--feed", feed).complaint


def test_a_flash_is_confirmed_by_somebody_else(service: Service, here: Here) -> None:
    feed = _flash_feed(service, "flashes-too")
    id = json.loads(here(at(service), "file", "one", "--feed", feed, "--urgency", "flash").printed)["id"]
    assert "second key" in here(at(service), "confirm", id, "--feed", feed).complaint
    assert json.loads(here(at(service, _second_key(service)), "confirm", id, "--feed", feed).printed)["revision"] == 2


def test_an_empty_value_takes_a_field_away(service: Service, here: Here) -> None:
    feed = service.open_feed()
    fields = {
        "source": "Harbour police",
        "byline": "Amal",
        "sections": ["Fire"],
        "places": ["Marrowgate"],
        "story": "harbour",
        "link": "https://news.example/7",
        "occurred": "2026-11-22T18:04:05Z",
    }
    id = service.file(feed, "one", **fields)["id"]
    options = {"sections": "section", "places": "place"}
    flags = [part for name in fields for part in (f"--{options.get(name, name)}", "")]
    assert json.loads(here(at(service), "correct", id, "--feed", feed, *flags).printed)["revision"] == 2
    found = service.http.get(f"/v1/feeds/{feed}/dispatches/{id}").json()
    assert not fields.keys() & found.keys()
    assert found["text"] == "one"
    for name in ("text", "urgency", "language"):
        assert (
            f"{name}: cannot be taken away"
            in here(at(service), "correct", id, "--feed", feed, f"--{name}", "").complaint
        )


def test_list_is_for_people_and_for_scripts(service: Service, here: Here) -> None:
    feed = service.open_feed()
    first = service.file(feed, "one", source="Harbour police", urgency="urgent", sections=["Fire"])
    second = service.file(feed, "two", story="storm")
    third = service.file(feed, "three")
    service.http.post(f"/v1/feeds/{feed}/dispatches/{second['id']}/kill", json={"reason": "A drill"})
    listed = [line.split("\t") for line in here(at(service), "list", "--feed", feed).printed.splitlines()]
    assert listed == [
        [third["id"], third["filed"], "normal", "", "three"],
        [second["id"], second["filed"], "killed", "", "A drill"],
        [first["id"], first["filed"], "urgent", "Harbour police", "one"],
    ]
    as_json = here(at(service), "list", "--feed", feed, "--json", "--limit", "1").printed
    assert json.loads(as_json)["text"] == "three"
    assert [
        line.split("\t")[0]
        for line in here(at(service), "list", "--feed", feed, "--section", "Fire").printed.splitlines()
    ] == [first["id"]]
    older = here(at(service), "list", "--feed", feed, "--before", second["id"]).printed
    assert older.startswith(first["id"])
    assert "limit" in here(at(service), "list", "--limit", "101").complaint
    seen = in_terminal(at(service), "list", "--feed", feed).output.splitlines()
    assert [line.split("  ", 1)[1] for line in (seen[0], seen[2])] == [
        f"three  {third['id']}",
        f"URGENT Harbour police: one  {first['id']}",
    ]
    assert re.fullmatch(
        rf"\d\d:\d\d:\d\d  Withdrawn at \d\d:\d\d: dispatch of \d\d:\d\d\. Reason: A drill  {second['id']}", seen[1]
    )


def test_delivery_reports_how_a_dispatch_reached_its_readers(service: Service, here: Here) -> None:
    feed = service.open_feed()
    with service.websocket(feed) as reader:
        reader.recv(timeout=30)
        id = service.file(feed, "one")["id"]
        args = ["delivery", id, "--feed", feed]
        service.until(lambda: json.loads(here(at(service), *args).printed)["readers"] == 1)
        service.until(lambda: json.loads(here(at(service), *args).printed)["kept"] is not None)
    seen = in_terminal(at(service), *args).output
    assert [line.split()[0] for line in seen.splitlines()] == ["Filed", "Kept", "Written", "Within"]
    assert "to 1 reader at once, on 1 node\n" in seen
    assert "TICKER_KEY" in here(at(service) | {"key": ""}, *args).complaint


@pytest.fixture
def tail(service: Service) -> Iterator[tuple[str, Following]]:
    feed = service.open_feed()
    with Following("tail", "--feed", feed, url=service.url) as following:
        yield feed, following


def test_a_kill_in_tail_cannot_be_read_as_the_news(service: Service, tail: tuple[str, Following]) -> None:
    feed, following = tail
    filed = service.file(feed, "Second explosion heard", source="Our correspondent", urgency="urgent")
    service.until(lambda: following.lines)
    reason = "There was no second explosion"
    address = f"/v1/feeds/{feed}/dispatches/{filed['id']}/kill"
    killed = service.http.post(address, json={"reason": reason}).json()
    service.until(lambda: len(following.lines) == 2)
    assert following.lines[0].endswith(f"URGENT Our correspondent: Second explosion heard  {filed['id']}\n")
    at, then = killed["updated"][11:16], filed["filed"][11:16]
    assert following.lines[1].partition("  ")[2] == (
        f"Withdrawn at {at}: Our correspondent: urgent dispatch of {then}. Reason: {reason}  {filed['id']}\n"
    )


def test_the_version_is_the_packages(here: Here) -> None:
    pyproject = (Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8")
    version = re.search(r'^version = "(.+)"$', pyproject, re.MULTILINE)
    assert version
    assert here({}, "--version").printed == f"ticker {version[1]}\n"
