"""A feed as the service gives it: in the list, as it was opened, and as its readers start from."""

from __future__ import annotations

from typing import Any, Final

from ticker.feed import WINDOW
from ticker.schema import POSITION, Schema, many, moment, number, or_null, shape, text
from ticker.web.described import examples
from ticker.web.parameters import NAME
from ticker.web.shape import Shape
from ticker.web.shapes.dispatch import ALWAYS_GIVEN, EITHER

_PROVEN: Final = "When the node was last proven to be in sync with the log; null"

ON_AIR: Final = Shape(
    "AirState",
    shape(
        "The newsroom's LIVE switch, and where its broadcast can be seen.",
        {
            "on": {"type": "boolean", "description": "Whether the newsroom is on air."},
            "label": or_null(text("What the link to the broadcast says.")),
            "url": or_null(text("Address of the broadcast.")),
        },
    ),
)
REHEARSAL: Final[dict[str, Schema]] = {
    "rehearsal": {"const": True, "description": "Of a feed for training: nothing in it is news."}
}
SNAPSHOT: Final = Shape(
    "Snapshot",
    shape(
        f"All that a feed shows: its newest {WINDOW} dispatches, the pin, and the air.",
        {
            "type": text("Which frame this is.", const="snapshot"),
            "feed": NAME,
            "position": POSITION,
            "at": or_null(moment(f"{_PROVEN} before the first proof.")),
            "reset": {"type": "boolean", "description": "Whether what was shown before is void."},
            "air": ON_AIR,
            "pinned": or_null(text("Id of the dispatch on top; it may be outside the window.")),
            "dispatches": many(EITHER, "Newest first.") | {"maxItems": WINDOW},
        },
        {
            "pinned_dispatch": EITHER
            | {"description": "What is pinned, while it is outside the window and the node knows it."},
            "closed": moment("Of a feed that is closed: since when. No frame follows."),
            **REHEARSAL,
        },
    ),
    examples.SNAPSHOT,
)
CHANGES: Final = Shape(
    "Changes",
    shape(
        "What came after a position.",
        {
            "frames": many(
                {"type": "object", "required": ["type"]},
                "Frames as in a live stream, described in /asyncapi.json, in order.",
            ),
            "position": text("Where the next request continues.", minLength=1, maxLength=64),
            "at": or_null(moment(f"{_PROVEN} while more is to come.")),
        },
    ),
    {
        "frames": [{"type": "dispatch", "position": "43-001a935170bb", "dispatch": examples.BRIDGE}],
        "position": "43-001a935170bb",
        "at": "2026-03-11T14:12:00.250Z",
    },
)

_SETTINGS: Final[dict[str, Schema]] = {
    "name": NAME,
    "title": text("What readers see above the feed."),
    "language": text("BCP 47 tag that dispatches have unless they say otherwise."),
}
_READ_BY: Final[dict[str, Schema]] = {
    "timezone": text("Its time zone, as the IANA names it.", minLength=1),
    "visibility": text("Who may read it.", enum=["public", "unlisted", "private"]),
    "closed": or_null(moment("When it was closed; null while it is open.")),
}
_EDITION_OF: Final = {"edition_of": or_null(text("The feed of which this is an edition in another language."))}
_EDITION: Final = shape(
    "An edition of a feed in another language.",
    {"name": NAME, "title": text("What readers see above it."), "language": ALWAYS_GIVEN["language"]},
)

FEEDS: Final = Shape(
    "Feeds",
    shape(
        "The feeds.",
        {
            "feeds": many(
                Shape(
                    "Feed",
                    shape(
                        "A feed.",
                        {
                            **_SETTINGS,
                            "position": POSITION,
                            "air": ON_AIR,
                            **_EDITION_OF,
                            **_READ_BY,
                            "editions": many(_EDITION, "Its editions in other languages."),
                            "watching": number("Its readers on all nodes, as last counted."),
                        },
                        REHEARSAL,
                    ),
                ),
                "`breaking` is among them, unless it is not public.",
            )
        },
    ),
    {
        "feeds": [
            {
                "name": "breaking",
                "title": "Breaking news",
                "language": "en",
                "position": "43-001a935170bb",
                "air": examples.ON_AIR,
                "edition_of": None,
                "timezone": "UTC",
                "visibility": "public",
                "closed": None,
                "editions": [{"name": "breaking-ar", "title": "عاجل", "language": "ar"}],
                "watching": 10342,
            }
        ]
    },
)
OPENED_FEED: Final = Shape(
    "OpenedFeed",
    shape(
        "A feed as it was opened, and edited since.",
        {
            **_SETTINGS,
            "opened": moment("When it was opened."),
            **_EDITION_OF,
            "two_person_flash": {"type": "boolean", "description": "Whether a flash takes a second key."},
            **_READ_BY,
            "origins": {
                "type": ["array", "null"],
                "items": text("A web origin, or `*`."),
                "description": "Whose pages may read it; null for those of the service.",
            },
        },
        REHEARSAL,
    ),
    {
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
)

_COUNTED: Final[Any] = shape(
    "A label and its dispatches.", {"label": text("It."), "dispatches": number("How many have it.", 1)}
)

LABELS: Final = Shape(
    "Labels",
    shape(
        "What the dispatches of a feed are labelled with, most used first.",
        {
            "feed": NAME,
            "sections": many(_COUNTED, "Its sections."),
            "places": many(_COUNTED, "Its places."),
            "stories": many(_COUNTED, "Its stories."),
        },
    ),
    {
        "feed": "breaking",
        "sections": [{"label": "Transport", "dispatches": 12}],
        "places": [{"label": "Port Marada", "dispatches": 7}],
        "stories": [{"label": "marada-bridge", "dispatches": 5}],
    },
)
