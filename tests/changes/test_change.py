"""Changes as they are asked for: the fingerprint of each request, and what the script is told."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from ticker import changes
from ticker.journal.append import argument
from ticker.journal.holder import Holder

MONA = Holder("mona", "Mona “M” Haddad", "editor", "2026-01-01T00:00:00.000Z")
FIELDS: dict[str, Any] = {"text": "a", "urgency": "flash", "sections": []}
URGENT = FIELDS | {"urgency": "urgent"}
AIR = {"on": True, "label": None, "url": None}
ASK, GIVE, DROP = changes.RequestConfirmation(), changes.GiveConfirmation(), changes.DropConfirmation()

CHANGES: dict[str, tuple[changes.Change, str, dict[str, Any]]] = {
    "file, to be a flash": (
        changes.File(MONA, URGENT, draft=FIELDS, confirmation=ASK),
        "4bcd862b7373021048e31f6d631438741f3e9e1898f6ff5bd0fbb37aaca3668e",
        {"confirm": "request", "confirm_timeout": 60_000},
    ),
    "file": (changes.File(MONA, FIELDS), "719bdbbfce704720f6c62f70f2a7bcf4acc493834b26e2deeca960a463f3a5b9", {}),
    "release": (
        changes.Release(MONA, "h1", FIELDS, revision=1, own_only=True),
        "e30e0ec1701b094aecc52d868866fe059f3d94d8d6c792732b14ffb9fb026cde",
        {"held": "h1", "revision": 1, "own_only": True},
    ),
    "correct": (
        changes.Correct(MONA, "1", FIELDS, correction={"if-match": None, "text": "a"}, confirmation=DROP),
        "577ec189b4319ec1e858bc5875f205bfec72db0607951157eaea28f712e77778",
        {"id": "1", "own_only": False, "confirm": "drop"},
    ),
    "confirm": (
        changes.Correct(MONA, "1", FIELDS, revision=3, confirmation=GIVE),
        "ece1480e39735f6b563eb8b1a757c4d27b49e3e32cec640f5183161278cba709",
        {"id": "1", "revision": 3, "own_only": False, "confirm": "give"},
    ),
    "kill": (
        changes.Kill(MONA, "1", "r", own_only=True),
        "799eae3a6386d1f332d365e0bf5ec83eb8abc36f08ee63d35c56a7d9458d794f",
        {"id": "1", "own_only": True},
    ),
    "pin": (changes.Pin(MONA, "1"), "9e547390b1e279a81f4935b513fd3a745ae5c8b79a9994f97f36c413967021b2", {"id": "1"}),
    "unpin": (changes.Pin(MONA, None), "2eddc4038974ea9e8672d0b9e20ec3a154d5855d16b52ccd0492c5b9a240953f", {}),
    "air": (changes.Air(MONA, AIR), "96c76cfc1d981b0c3cb754a6149a2e608d2ea24538e4d8ff9615431b647adaca", {}),
    "hold": (
        changes.Hold(MONA, FIELDS, 5),
        "bbbf402f8582b5eb7ea872fa1949541d3a6ff8dd85aa8205279670ddcff31cf3",
        {"release_at": 5},
    ),
    "edit": (
        changes.Edit(MONA, "h1", FIELDS, 5, revision=1, edit={"if-match": 1, "text": "a"}),
        "bd313986d1aa7d4369e3fc67345d456f04187815d8ecb0c26c2c8b5245635ddb",
        {"held": "h1", "revision": 1, "own_only": False, "release_at": 5},
    ),
    "spike": (
        changes.Spike(MONA, "h1", "r"),
        "0f0d725eef981038f166cb6dd2b366db5ebfca0e7f2f30885118c04daa06891f",
        {"held": "h1", "own_only": False},
    ),
}
"""Each change, the fingerprint that the first version stored for it, and what the script is told of it alone."""

SPLICED = {"kill": '"reason":"r"', "spike": '"reason":"r"', "air": '{"on":true,"label":null,"url":null}'}


@pytest.mark.parametrize("name", CHANGES)
def test_a_request_is_known_by_the_fingerprint_that_every_version_stores(name: str) -> None:
    change, fingerprint, _ = CHANGES[name]
    assert change.fingerprint() == fingerprint


def test_requests_that_differ_have_other_fingerprints() -> None:
    changed = [changes.Correct(MONA, "2", FIELDS), changes.Hold(MONA, FIELDS, 6), changes.Kill(MONA, "1", "other")]
    prints = [fingerprint for _, fingerprint, _ in CHANGES.values()] + [change.fingerprint() for change in changed]
    assert len(set(prints)) == len(prints)


@pytest.mark.parametrize("name", CHANGES)
def test_the_script_is_told_what_the_change_is(name: str) -> None:
    change, _, particular = CHANGES[name]
    told = orjson.loads(argument(change, "channel", 2))
    assert len(told.pop("random")) == 8
    fields = told.pop("fields", None)
    assert told == {
        "kind": change.kind,
        "channel": "channel",
        "by": '"Mona “M” Haddad"',
        "holder": "mona",
        "key": "mona",
        "entered": 2,
        **particular,
    }
    if change.kind == "pin":
        assert fields is None
    else:
        content = URGENT if name == "file, to be a flash" else FIELDS
        assert fields == SPLICED.get(name, orjson.dumps(content)[1:-1].decode())


@pytest.mark.parametrize("name", CHANGES)
def test_only_a_filing_and_a_correction_write_a_dispatch_into_the_log(name: str) -> None:
    change = CHANGES[name][0]
    written = URGENT if name == "file, to be a flash" else FIELDS
    assert change.written() == (written if change.kind in ("file", "correct") else {})
    assert change.replaced() == {}


def test_a_request_with_an_idempotency_key_is_remembered_for_a_day() -> None:
    change = changes.Kill(MONA, "1", "r", idempotency_key="k")
    told = orjson.loads(argument(change, "channel", 0))
    assert (told["fingerprint"], told["ttl"]) == (change.fingerprint(), 24 * 3600)
