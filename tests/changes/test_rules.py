"""What an import believes: nothing that a POST would refuse, however well its hashes and checksums fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.cli.command import Here
from tests.service import Service
from ticker.entry import chain
from ticker.errors import BadRequest
from ticker.journal import names
from ticker.journal.redis import Redis
from ticker.journal.transfer import FORMAT, import_feed, read, with_crc

AT = "2026-11-25T20:00:00.000Z"
BEFORE = "2026-11-25T19:59:59.999Z"
ORIGIN = "0" * 40
DISPATCH: dict[str, Any] = {
    "id": "01m822wh3v00000001fk4kfnxc",
    "text": "Bridge closed",
    "urgency": "urgent",
    "language": "en",
    "filed": AT,
    "updated": AT,
    "revision": 1,
    "status": "usable",
}
KILL = {"id": DISPATCH["id"], "reason": "A drill", "filed": AT, "revision": 2}


def forged(*entries: dict[str, Any]) -> list[bytes]:
    """An export in which everything fits that a machine can check."""
    hash, lines = ORIGIN, []
    for offset, content in enumerate(entries, 1):
        text = orjson.dumps({"at": AT, "by": "Mona", **content})
        hash = chain(hash, text)
        lines.append({"offset": offset, "hash": hash, "filer": None, "entry": text.decode()})
    plan = {"name": "forged", "title": "Forged", "language": "en", "opened": AT, "edition_of": None}
    plan["two_person_flash"] = False  # type: ignore[assignment]
    head = {"ticker": FORMAT, "feed": plan, "origin": ORIGIN, "position": f"{len(entries)}-{hash[:12]}"}
    return [with_crc(line) for line in (head, *lines)]


def filed(**fields: Any) -> dict[str, Any]:
    dispatch = {name: value for name, value in (DISPATCH | fields).items() if value is not ...}
    return {"kind": "file", "dispatch": dispatch}


def refused(*entries: dict[str, Any]) -> str:
    with pytest.raises(BadRequest) as fault:
        list(read(forged(*entries))[1])
    return fault.value.detail


def test_what_a_service_wrote_itself_is_taken() -> None:
    full = {
        "source": "Harbour police",
        "byline": "Amal",
        "sections": ["Fire"],
        "places": ["Marrowgate"],
        "story": "harbour-fire",
        "link": "https://news.example/7",
        "occurred": AT,
        "edition_of": "ar/01x",
    }
    entries = (
        filed(**full),
        {"kind": "correct", "dispatch": DISPATCH | full | {"revision": 2, "note": "It was wrong"}},
        {"kind": "kill", **KILL},
        {"kind": "pin", "id": DISPATCH["id"]},
        {"kind": "pin", "id": None},
        {"kind": "air", "air": {"on": True, "label": None, "url": None}},
        {"kind": "air", "air": {"on": False, "label": "Watch", "url": "https://news.example/live"}},
    )
    assert len(list(read(forged(*entries))[1])) == len(entries)


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"link": "javascript:alert(1)"}, "link: is not a full http or https address"),
        ({"link": "data:text/html,x"}, "link: "),
        ({"link": 7}, "link: must be text"),
        ({"urgency": "huge"}, "urgency: must be one of"),
        ({"urgency": ...}, "urgency: is missing"),
        ({"language": ...}, "language: is missing"),
        ({"language": "english"}, "language: is not a language tag"),
        ({"text": "x" * 1001}, "text: has more than 1000 characters"),
        ({"text": "a\nb"}, "text: has a control character"),
        ({"text": "\u200b"}, "text: is empty"),
        ({"text": "a\u2069"}, "text: closes a direction control"),
        ({"text": ...}, "text: is required"),
        ({"text": " x"}, "text: is not in the form that ticker writes"),
        ({"source": "x" * 201}, "source: has more than 200"),
        ({"sections": ["x"] * 11}, "sections: has more than 10"),
        ({"sections": "Fire"}, "sections: "),
        ({"places": [""]}, "places.0: is empty"),
        ({"story": "No Slug"}, "story: must be a slug"),
        ({"occurred": "yesterday"}, "occurred: "),
        ({"occurred": "2026-11-25T20:00:00+01:00"}, "occurred: is not in the form that ticker writes"),
        ({"edition_of": "x"}, "edition_of: "),
        ({"note": "x" * 301}, "note: has more than 300"),
        ({"html": "<b>"}, "html: is not a known field"),
        ({"release_at": AT}, "release_at: is not a field"),
        ({"id": "<b>"}, "id: is not in the form that ticker writes"),
        ({"id": "../x"}, "id: "),
        ({"filed": "now"}, "filed: "),
        ({"updated": "2026-13-25T20:00:00.000Z"}, "updated: "),
        ({"revision": "1"}, "revision: "),
        ({"revision": True}, "revision: "),
        ({"revision": 0}, "revision: "),
        ({"status": "killed"}, "status: "),
    ],
    ids=str,
)
def test_a_dispatch_that_no_post_would_pass_is_refused_with_its_entry(fields: dict[str, Any], fault: str) -> None:
    said = refused(filed(), filed(**fields))
    assert said.startswith(f"line 3, entry 2: {fault}"), said


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ({"kind": "kill", **KILL, "reason": ""}, "reason: is empty"),
        ({"kind": "kill", **KILL, "reason": "x" * 301}, "reason: "),
        ({"kind": "kill", **KILL, "id": "<b>"}, "id: "),
        ({"kind": "kill", **KILL, "filed": "x"}, "filed: "),
        ({"kind": "pin", "id": "a b"}, "id: "),
        ({"kind": "air", "air": {"on": True, "url": "javascript:x"}}, "url: "),
        ({"kind": "air", "air": {"on": 1}}, "on: "),
        ({"kind": "air", "air": {"on": True, "label": "x" * 61}}, "label: "),
        ({"kind": "air", "air": {"on": True}}, "label: is missing"),
        ({"kind": "air", "air": {"on": True, "label": "\u200b", "url": None}}, "label: is not in the form"),
        ({"kind": "kill", **KILL, "reason": " x"}, "reason: is not in the form"),
        ({"kind": "correct", "dispatch": DISPATCH}, "revision: must be 1 when"),
        ({"kind": "correct", "dispatch": DISPATCH | {"updated": BEFORE}}, "updated: is not the time of the entry"),
        ({"kind": "file", "dispatch": DISPATCH | {"revision": 2}}, "revision: must be 1 when"),
        ({"kind": "file", "dispatch": DISPATCH | {"filed": BEFORE}}, "filed: is not the time of the entry"),
        ({"kind": "file", "dispatch": DISPATCH}, "id: does not sort behind"),
        ({"kind": "pin", "id": None, "at": BEFORE}, "at: is before the time of the entry before it"),
        ({"kind": "pin", "id": None, "at": "soon"}, "at: "),
        ({"kind": "pin", "id": None, "by": 7}, "by: "),
    ],
    ids=str,
)
def test_the_other_entries_pass_the_rules_of_their_requests(entry: dict[str, Any], fault: str) -> None:
    said = refused(filed(), entry)
    assert said.startswith(f"line 3, entry 2: {fault}"), said


@pytest.mark.parametrize(
    "entry",
    [
        {"kind": "file", "dispatch": []},
        {"kind": "file", "dispatch": "x"},
        {"kind": "file"},
        {"kind": "kill", "id": "x"},
        {"kind": "air", "air": 7},
        {"kind": "air"},
        {"kind": "pin"},
        {"kind": "pin", "id": 7},
        {"kind": "erase", "id": "x"},
    ],
    ids=str,
)
def test_what_is_no_entry_is_refused_with_its_line(entry: dict[str, Any]) -> None:
    assert refused(filed(), entry).startswith("line 3")


def test_nothing_of_a_forged_export_gets_in(service: Service, here: Here, tmp_path: Path) -> None:
    file = tmp_path / "forged.ndjson"
    file.write_bytes(b"".join(forged(filed(), filed(link="javascript:alert(1)", id="01m822wh3v00000002fk4kfnxc"))))
    said = here({}, "import", str(file), "--data", str(service.data)).complaint
    assert said == "ticker: line 3, entry 2: link: is not a full http or https address\n"
    assert service.http.get("/v1/feeds/forged").status_code == 404


CORRECTED = {"kind": "correct", "dispatch": DISPATCH | {"revision": 2, "text": "Bridge open"}}


@pytest.mark.parametrize(
    ("entries", "fault"),
    [
        ([filed(), {"kind": "kill", **KILL}, CORRECTED], "3: it changes a dispatch that was killed before"),
        ([filed(), {"kind": "kill", **KILL}, {"kind": "kill", **KILL}], "3: it changes a dispatch that was killed"),
        ([filed(), {"kind": "kill", **KILL}, {"kind": "pin", "id": DISPATCH["id"]}], "3: it changes a dispatch that"),
        ([CORRECTED], "1: it changes a dispatch that was not filed before"),
        ([{"kind": "kill", **KILL}], "1: it changes a dispatch that was not filed before"),
        ([{"kind": "pin", "id": DISPATCH["id"]}], "1: it changes a dispatch that was not filed before"),
        ([filed(), CORRECTED, CORRECTED], "3: it is not the next revision of its dispatch"),
        ([filed(), {"kind": "kill", **KILL, "filed": BEFORE}], "2: it is not the next revision of its dispatch"),
    ],
    ids=str,
)
@pytest.mark.anyio
async def test_an_entry_that_cannot_follow_is_refused(redis: Redis, entries: list[dict[str, Any]], fault: str) -> None:
    """Above all, nothing brings back what was killed."""
    with pytest.raises(BadRequest) as refusal:
        async for _ in import_feed(redis, forged(*entries)):
            pass
    assert refusal.value.detail.startswith(f"entry {fault}")
    kept = await redis("HMGET", names.state("forged"), "offset")
    assert kept == [b"%d" % (len(entries) - 1)], "what came before is in, and nothing after"
    assert not await redis("HEXISTS", names.FEEDS, "forged"), "and the feed is not open"


def test_a_page_shows_what_an_import_of_an_early_version_believed() -> None:
    from ticker.web import pages

    template = pages._TEMPLATES.from_string(
        '{% import "line.html" as m with context %}{{ m.line(dispatch, feed, words, "") }}'
    )
    feed = {"name": "breaking", "language": "en", "direction": "ltr"}
    words = {"language": "en", "direction": "ltr"}
    html = template.render(dispatch=DISPATCH | {"urgency": "shouted", "direction": "ltr"}, feed=feed, words=words)
    assert "Bridge closed" in html
    assert 'class="urgency"' not in html


def test_a_page_links_to_the_web_alone() -> None:
    """Whatever is in the log of an earlier version."""
    from ticker.web import pages

    template = pages._TEMPLATES.from_string(
        '{% import "line.html" as m with context %}{{ m.line(dispatch, feed, words, "") }}'
    )
    feed = {"name": "breaking", "language": "en", "direction": "ltr"}
    for link, shown in (
        ("javascript:alert(1)", False),
        (" javascript:x", False),
        ("data:text/html,x", False),
        ("https://news.example/7", True),
        ("HTTP://news.example", True),
    ):
        words = dict.fromkeys(("full_story", "urgent"), "x") | {"language": "en", "direction": "ltr"}
        html = template.render(dispatch=DISPATCH | {"link": link, "direction": "ltr"}, feed=feed, words=words)
        assert (link in html) == shown, html
