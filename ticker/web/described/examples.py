"""One evening in an invented city, told in every shape the service knows: the examples of both documents."""

from __future__ import annotations

from typing import Any, Final

from ticker.changes import KINDS, KINDS_BY_FRAME, file

BRIDGE_ID: Final = file.EXAMPLE["id"]
BUDGET_ID: Final = "01KAPN3V11000000117Q2MZX4H"
KILLED_ID: Final = KINDS["kill"].example["id"]
HELD_ID: Final = "h01kapn3v1445g2mzx4h"

DRAFT: Final[dict[str, Any]] = {
    "text": "Bridge over the Marada river closed in both directions after a barge strikes its central pier",
    "source": "Civil Defence spokesman",
    "byline": "Lena Ortiz",
    "urgency": "flash",
    "language": "en",
    "sections": ["Transport"],
    "places": ["Port Marada"],
    "story": "marada-bridge",
    "link": "https://news.example/marada-bridge",
    "occurred": "2026-03-11T17:09:40.25+03:00",
}

BRIDGE: Final = file.EXAMPLE

BUDGET: Final[dict[str, Any]] = {
    "id": BUDGET_ID,
    "text": "Parliament will meet at 18:00 to vote on the emergency budget",
    "urgency": "urgent",
    "language": "en",
    "source": "Speaker of parliament",
    "note": "the session starts at 18:00, not 16:00",
    "filed": "2026-03-11T14:11:00.250Z",
    "updated": "2026-03-11T14:20:00.250Z",
    "revision": 2,
    "status": "usable",
}

BUDGET_BEFORE: Final[dict[str, Any]] = {
    "id": BUDGET_ID,
    "text": "Parliament will meet at 16:00 to vote on the emergency budget",
    "urgency": "urgent",
    "language": "en",
    "source": "Speaker of parliament",
    "filed": "2026-03-11T14:11:00.250Z",
    "updated": "2026-03-11T14:11:00.250Z",
    "revision": 1,
    "status": "usable",
}

TOMBSTONE: Final[dict[str, Any]] = {
    "id": KILLED_ID,
    "filed": "2026-03-11T14:10:00.250Z",
    "updated": "2026-03-11T14:19:00.250Z",
    "revision": 2,
    "status": "killed",
    "reason": "the source withdrew the statement",
}

ON_AIR: Final[dict[str, Any]] = KINDS["air"].example["air"]

SNAPSHOT: Final[dict[str, Any]] = {
    "type": "snapshot",
    "feed": "breaking",
    "position": "42-0019f519f70a",
    "at": "2026-03-11T14:21:10.250Z",
    "reset": False,
    "air": {"on": True, "label": "Watch on Channel 4", "url": "https://news.example/live"},
    "pinned": BRIDGE_ID,
    "dispatches": [BRIDGE, BUDGET, TOMBSTONE],
}

FRAMES: Final[list[dict[str, Any]]] = [
    SNAPSHOT,
    *(kind.example for kind in KINDS_BY_FRAME.values()),
    {"type": "beat", "position": "50-001ee6d5c492", "at": "2026-03-11T14:22:10.250Z", "watching": 10342},
    {"type": "delayed", "since": "2026-03-11T14:22:30.250Z"},
    {"type": "move", "within": 30000},
]
"""One of each type. They are among the golden frames that the tests of every client read."""

_EMBARGOED: Final[dict[str, Any]] = {
    "text": "Central bank cuts its key rate by half a point",
    "source": "Central bank",
    "urgency": "bulletin",
    "language": "en",
}

HELD: Final[dict[str, Any]] = {
    "id": HELD_ID,
    **_EMBARGOED,
    "release_at": "2026-03-11T15:00:00.000Z",
    "held": "2026-03-11T14:14:00.250Z",
    "updated": "2026-03-11T14:14:00.250Z",
    "by": "Business desk",
    "revision": 1,
    "status": "held",
}

RELEASED: Final[dict[str, Any]] = {
    "id": HELD_ID,
    "held": "2026-03-11T14:14:00.250Z",
    "updated": "2026-03-11T15:00:00.112Z",
    "revision": 2,
    "status": "released",
    "dispatch": "01KAPPRT1G0000001F2Q2MZX4H",
}

SPIKED: Final[dict[str, Any]] = {
    "id": HELD_ID,
    "held": "2026-03-11T14:14:00.250Z",
    "updated": "2026-03-11T14:40:00.250Z",
    "revision": 2,
    "status": "spiked",
    "reason": "the decision was put off",
}

FILED: Final[dict[str, Any]] = {
    "id": BRIDGE_ID,
    "position": "43-001a935170bb",
    "revision": 1,
    "filed": "2026-03-11T14:12:00.250Z",
    "similar": [
        {
            "id": "01KAPN3V0Z0000000Z7Q2MZX4H",
            "source": "Harbour police",
            "filed": "2026-03-11T14:09:30.250Z",
            "likeness": 0.87,
        }
    ],
}

CORRECTED: Final[dict[str, Any]] = {
    "id": BUDGET_ID,
    "position": "45-001bcfc0641d",
    "revision": 2,
    "updated": "2026-03-11T14:20:00.250Z",
}

KILLED: Final[dict[str, Any]] = {
    "id": KILLED_ID,
    "position": "46-001c6df7ddce",
    "revision": 2,
    "updated": "2026-03-11T14:21:00.250Z",
    "editions": ["breaking-ar/01KAPN3V1300000013Q2MZX4HT"],
}

AUDIT: Final[list[dict[str, Any]]] = [
    {
        "position": "41-001956e27d59",
        "at": "2026-03-11T14:20:00.250Z",
        "by": "Night desk",
        "kind": "correct",
        "before": BUDGET_BEFORE,
        "after": BUDGET,
    },
    {
        "position": None,
        "at": "2026-03-11T14:14:00.250Z",
        "by": "Business desk",
        "kind": "hold",
        "before": None,
        "after": HELD,
    },
]

_HOLDER: Final = {
    "id": "5f2c9a0b71d4",
    "name": "Lena Ortiz",
    "role": "correspondent",
    "issued": "2026-03-01T08:00:00.000Z",
    "feeds": ["breaking"],
    "rate": None,
}

ANSWERS: Final[dict[str, Any]] = {
    "OEmbed": {
        "version": "1.0",
        "type": "rich",
        "title": "Breaking news",
        "provider_name": "ticker.example",
        "provider_url": "https://ticker.example/",
        "cache_age": 3600,
        "width": 600,
        "height": 480,
        "html": '<iframe src="https://ticker.example/embed/feeds/breaking" title="Breaking news" width="600" '
        'height="480" frameborder="0" loading="lazy"></iframe>',
    },
    "DispatchWithHistory": {**BUDGET, "revisions": [BUDGET_BEFORE], "editions": []},
    "History": {"feed": "breaking", "dispatches": [BRIDGE, BUDGET, TOMBSTONE]},
    "Snapshot": SNAPSHOT,
    "Changes": {
        "frames": [{"type": "dispatch", "position": "43-001a935170bb", "dispatch": BRIDGE}],
        "position": "43-001a935170bb",
        "at": "2026-03-11T14:12:00.250Z",
    },
    "Feeds": {
        "feeds": [
            {
                "name": "breaking",
                "title": "Breaking news",
                "language": "en",
                "position": "43-001a935170bb",
                "air": ON_AIR,
                "edition_of": None,
                "timezone": "UTC",
                "visibility": "public",
                "closed": None,
                "editions": [{"name": "breaking-ar", "title": "عاجل", "language": "ar"}],
                "watching": 10342,
            }
        ]
    },
    "OpenedFeed": {
        "name": "breaking-ar",
        "title": "عاجل",
        "language": "ar",
        "opened": "2026-03-11T08:00:00.000Z",
        "edition_of": "breaking",
        "two_person_flash": False,
        "timezone": "Asia/Beirut",
        "origins": ["https://news.example"],
        "visibility": "public",
        "closed": None,
    },
    "Labels": {
        "feed": "breaking",
        "sections": [{"label": "Transport", "dispatches": 12}],
        "places": [{"label": "Port Marada", "dispatches": 7}],
        "stories": [{"label": "marada-bridge", "dispatches": 5}],
    },
    "Filed": FILED,
    "Held": {
        "id": HELD_ID,
        "release_at": "2026-03-11T15:00:00.000Z",
        "revision": 1,
        "held": "2026-03-11T14:14:00.250Z",
        "updated": "2026-03-11T14:14:00.250Z",
    },
    "Corrected": CORRECTED,
    "Killed": KILLED,
    "Pinned": {"id": BRIDGE_ID, "position": "47-001d0c2f577f", "updated": "2026-03-11T14:21:30.250Z"},
    "Changed": {"position": "49-001e489e4ae1", "updated": "2026-03-11T14:22:00.250Z"},
    "Spiked": {"id": HELD_ID, "revision": 2, "updated": "2026-03-11T14:40:00.250Z"},
    "HeldLine": HELD,
    "ReleasedLine": RELEASED,
    "SpikedLine": SPIKED,
    "HeldLines": {"feed": "breaking", "held": [HELD]},
    "DispatchReceipt": {
        "id": BRIDGE_ID,
        "filed": "2026-03-11T14:12:00.250Z",
        "published": "2026-03-11T14:12:00.250Z",
        "kept": "2026-03-11T14:12:00.254Z",
        "nodes": 2,
        "readers": 10338,
        "set_aside": 4,
        "fan_out_ms": {"p50": 6.412, "p99": 21.087},
    },
    "AuditLine": AUDIT[0],
    "Keys": {"keys": [{**_HOLDER, "used": "2026-03-11T14:12:00.000Z"}]},
    "IssuedKey": {"key": "tk_0Jb3v1bq9mXcE0f2hP7sQm4yTnWk8rLzUa6dGi5oVxY", **_HOLDER},
    "Health": {"status": "ready"},
}
"""What an answer of each shape looks like, by the name of the shape."""
