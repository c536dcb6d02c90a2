"""`ticker file`, `correct` and `kill` against a real service."""

from __future__ import annotations

import json

from tests.cli.command import at, run_command
from tests.service import Service


def test_file_correct_and_kill_print_their_receipts(service: Service) -> None:
    where, feed = at(service), service.open_feed()
    details = [
        "--source",
        "Harbour police",
        "--byline",
        "Amal",
        "--dateline",
        "Quay",
        "--urgency",
        "flash",
        "--language",
        "en-GB",
    ]
    details += ["--section", "Local", "--section", "Fire", "--place", "Marrowgate", "--story", "harbour-fire"]
    details += ["--link", "https://news.example/7", "--occurred", "2026-11-22T18:04:05+03:00"]
    receipt = json.loads(run_command(where, "file", "Bridge closed", "--feed", feed, *details).printed)
    address = f"/v1/feeds/{feed}/dispatches/{receipt['id']}"
    found = service.http.get(address).json()
    assert [found[name] for name in ("text", "source", "byline", "dateline", "urgency", "language")] == [
        *("Bridge closed", "Harbour police", "Amal", "Quay", "flash", "en-GB")
    ]
    assert [found[name] for name in ("sections", "places", "story", "link", "occurred", "revision")] == [
        *(["Local", "Fire"], ["Marrowgate"], "harbour-fire", "https://news.example/7", "2026-11-22T15:04:05.000Z", 1)
    ]
    changes = ["--feed", feed, "--text", "Bridge open", "--note", "It was reopened"]
    assert json.loads(run_command(where, "correct", receipt["id"], *changes).printed)["revision"] == 2
    assert service.http.get(address).json()["note"] == "It was reopened"
    stale = run_command(where, "correct", receipt["id"], *changes, "--revision", "1")
    assert "current revision is 2" in stale.complaint
    killed = json.loads(run_command(where, "kill", receipt["id"], "--feed", feed, "--reason", "A drill").printed)
    assert killed["id"] == receipt["id"]
    assert service.http.get(address).json()["dispatch"]["reason"] == "A drill"


def test_the_text_can_come_from_standard_input(service: Service) -> None:
    feed, text = service.open_feed("ar"), "عاجل: إغلاق الميناء"
    receipt = json.loads(run_command(at(service), "file", "-", "--feed", feed, stdin=f"{text}\n".encode()).printed)
    assert service.http.get(f"/v1/feeds/{feed}/dispatches/{receipt['id']}").json()["text"] == text


def test_standard_input_of_several_lines_is_refused(service: Service) -> None:
    for stdin in (b"one\ntwo\n", b"caf\xe9"):
        refused = run_command(at(service), "file", "-", stdin=stdin)
        assert "text" in refused.complaint or "UTF-8" in refused.complaint
