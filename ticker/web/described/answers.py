"""What the service answers with: a schema for each shape. A client ignores members that it does not know.

The shapes stand in both documents, so they keep to what JSON Schema 2020-12 (OpenAPI 3.1) and draft 7 (AsyncAPI 3.0)
have in common.
"""

from __future__ import annotations

from typing import Final

from ticker import dispatch
from ticker.feed import WINDOW
from ticker.schema import (
    FILED,
    ID,
    POSITION,
    REASON,
    REVISION,
    Schema,
    many,
    moment,
    number,
    or_null,
    ref,
    shape,
    text,
)
from ticker.web.described import bodies

FEED: Final = text("Name of the feed.", pattern=bodies.FEED_NAME)
HELD_ID: Final = text("Id of the held line.", pattern="^h[0-9a-z]{1,63}$")
UPDATED: Final = moment("When it was last changed.")
EDITIONS: Final = many(text("`feed/id`"), "The same line in other languages, each as `feed/id`.")
_CONFIRM_BY: Final = {"confirm_by": moment("Until when a second key may make a flash of it.")}

_SAID: Final[dict[str, Schema]] = {
    "text": text("The line: plain text, never HTML.", minLength=1, maxLength=1000),
    "urgency": text("How urgent it is.", enum=list(dispatch.URGENCIES)),
    "language": text("BCP 47 tag.", pattern=bodies.RULES[dispatch.Language]["pattern"]),
}
_MAY_SAY: Final[dict[str, Schema]] = {
    "source": text("Who says so.", minLength=1, maxLength=200),
    "byline": text("Who filed it.", minLength=1, maxLength=200),
    "sections": many(text("A label.", minLength=1, maxLength=60), "Labels such as Politics."),
    "places": many(text("A label.", minLength=1, maxLength=60), "Labels such as Port Marada."),
    "story": text("Groups the lines of one story.", pattern=bodies.RULES[dispatch.Slug]["pattern"]),
    "link": text("Address of the full article.", maxLength=2000),
    "occurred": moment("When it happened."),
    "edition_of": text("The same line in another language, as `feed/id`."),
}
_NOTE: Final = {"note": text("What this correction says to readers.", minLength=1, maxLength=300)}
_STANDING: Final = {
    "filed": FILED,
    "updated": UPDATED,
    "revision": REVISION,
    "status": text("It may be shown.", const="usable"),
}
_SHOWN: Final = {"id": ID, **_SAID}

_EDITION: Final = shape(
    "An edition of a feed in another language.",
    {"name": FEED, "title": text("What readers see above it."), "language": _SAID["language"]},
)
_PLAN: Final[dict[str, Schema]] = {
    "name": FEED,
    "title": text("What readers see above the feed."),
    "language": text("BCP 47 tag that lines have unless they say otherwise."),
}
_READ_BY: Final[dict[str, Schema]] = {
    "timezone": text("Its time zone, as the IANA names it.", minLength=1),
    "visibility": text("Who may read it.", enum=["public", "unlisted", "private"]),
    "closed": or_null(moment("When it was closed; null while it is open.")),
}
_EDITION_OF: Final = {"edition_of": or_null(text("The feed of which this is an edition in another language."))}
_KEY: Final[dict[str, Schema]] = {
    "id": text("Id of the key; not the key.", pattern="^[0-9a-f]{12}$"),
    "name": text("Who holds it."),
    "role": text("How far it reaches.", enum=["correspondent", "editor", "admin"]),
    "issued": moment("When it was issued."),
    "feeds": many(FEED, "The feeds it works in; none means all."),
    "rate": or_null(number("Changes a minute it may make; null means the service's own limit.", 1)),
}
_COUNTED: Final = shape(
    "A label and its dispatches.", {"label": text("It."), "dispatches": number("How many have it.", 1)}
)
_MILLISECONDS: Final[Schema] = {"type": ["number", "null"], "minimum": 0}
_HELD_STANDING: Final = {
    "id": HELD_ID,
    "held": moment("When it was first held."),
    "updated": UPDATED,
    "revision": number("One more with each change.", 1),
}


def _ended(description: str, status: str, also: dict[str, Schema]) -> Schema:
    return shape(description, {**_HELD_STANDING, "status": text("What became of it.", const=status), **also})


SCHEMAS: Final[dict[str, Schema]] = {
    "Dispatch": shape("One attributed line.", {**_SHOWN, **_STANDING}, {**_MAY_SAY, **_NOTE}),
    "Tombstone": shape(
        "What stands in the place of a killed dispatch. Nothing of its text is left.",
        {
            "id": ID,
            "filed": FILED,
            "updated": UPDATED,
            "revision": REVISION,
            "status": text("It was killed.", const="killed"),
            "reason": REASON,
        },
    ),
    "DispatchWithHistory": shape(
        "One dispatch as it stands, its earlier revisions, and its editions in other languages.",
        {
            **_SHOWN,
            **_STANDING,
            "revisions": many(ref("Dispatch"), "As it stood before, oldest first."),
            "editions": EDITIONS,
        },
        {**_MAY_SAY, **_NOTE},
    ),
    "History": shape(
        "One page of a feed's dispatches.",
        {"feed": FEED, "dispatches": many({"oneOf": [ref("Dispatch"), ref("Tombstone")]}, "Newest first.")},
    ),
    "OnAir": shape(
        "The newsroom's LIVE switch, and where its broadcast can be seen.",
        {
            "on": {"type": "boolean", "description": "Whether the newsroom is on air."},
            "label": or_null(text("What the link to the broadcast says.")),
            "url": or_null(text("Address of the broadcast.")),
        },
    ),
    "Snapshot": shape(
        f"All that a feed shows: its newest {WINDOW} dispatches, the pin, and the air.",
        {
            "type": text("What this is.", const="snapshot"),
            "feed": FEED,
            "position": POSITION,
            "at": or_null(moment("When the node was last proven level with the log; null before the first proof.")),
            "reset": {"type": "boolean", "description": "Whether what was shown before is void."},
            "air": ref("OnAir"),
            "pinned": or_null(text("Id of the dispatch on top; it may be outside the window.")),
            "dispatches": many({"oneOf": [ref("Dispatch"), ref("Tombstone")]}, "Newest first.") | {"maxItems": WINDOW},
        },
        {
            "pinned_dispatch": {
                "oneOf": [ref("Dispatch"), ref("Tombstone")],
                "description": "What is pinned, while it is outside the window and the node knows it.",
            },
            "closed": moment("Of a feed that is closed: since when. No frame follows."),
        },
    ),
    "Changes": shape(
        "What came after a position.",
        {
            "frames": many(
                {"type": "object", "required": ["type"]},
                "Frames as in a live stream, described in /asyncapi.json, in order.",
            ),
            "position": text("Where the next request goes on from.", minLength=1, maxLength=64),
            "at": or_null(moment("When the node was last proven level with the log; null while more is to come.")),
        },
    ),
    "Feed": shape(
        "A feed.",
        {
            **_PLAN,
            "position": POSITION,
            "air": ref("OnAir"),
            **_EDITION_OF,
            **_READ_BY,
            "editions": many(_EDITION, "Its editions in other languages."),
            "watching": number("Its readers on all nodes, as last counted."),
        },
    ),
    "Feeds": shape("The feeds.", {"feeds": many(ref("Feed"), "`breaking` is among them, unless it is not public.")}),
    "OpenedFeed": shape(
        "A feed as it was opened, and edited since.",
        {
            **_PLAN,
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
    ),
    "Labels": shape(
        "What the lines of a feed are labelled with, most used first.",
        {
            "feed": FEED,
            "sections": many(_COUNTED, "Its sections."),
            "places": many(_COUNTED, "Its places."),
            "stories": many(_COUNTED, "Its stories."),
        },
    ),
    "Filed": shape(
        "Receipt of a dispatch that is kept.",
        {
            "id": ID,
            "position": POSITION,
            "revision": REVISION,
            "filed": FILED,
            "similar": many(
                shape(
                    "A line that says nearly the same.",
                    {
                        "id": ID,
                        "source": or_null(text("Who says so there.")),
                        "filed": FILED,
                        "likeness": {"type": "number", "minimum": 0, "maximum": 1, "description": "1 is the same."},
                    },
                ),
                "Lines of the last ten minutes that say nearly the same, most alike first.",
            ),
        },
        _CONFIRM_BY,
    ),
    "Held": shape(
        "Receipt of a line that is held, or was edited while it is.",
        {**_HELD_STANDING, "release_at": moment("When it goes out.")},
    ),
    "Corrected": shape(
        "Receipt of a correction.",
        {"id": ID, "position": POSITION, "revision": REVISION, "updated": UPDATED},
        _CONFIRM_BY,
    ),
    "Killed": shape(
        "Receipt of a kill. Its editions are to be killed on their own.",
        {"id": ID, "position": POSITION, "revision": REVISION, "updated": UPDATED, "editions": EDITIONS},
    ),
    "Pinned": shape("Receipt of a pin.", {"id": ID, "position": POSITION, "updated": UPDATED}),
    "Changed": shape("Receipt of a change that is of no dispatch.", {"position": POSITION, "updated": UPDATED}),
    "Spiked": shape(
        "Receipt of a held line that never goes out.",
        {"id": HELD_ID, "revision": _HELD_STANDING["revision"], "updated": UPDATED},
    ),
    "HeldLine": shape(
        "A line under embargo.",
        {
            **_HELD_STANDING,
            **_SAID,
            "release_at": moment("When it goes out."),
            "by": text("Whose key wrote it last."),
            "status": text("It waits.", const="held"),
        },
        _MAY_SAY,
    ),
    "ReleasedLine": _ended("A held line that went out.", "released", {"dispatch": ID}),
    "SpikedLine": _ended("A held line that never goes out.", "spiked", {"reason": REASON}),
    "HeldLines": shape("What waits.", {"feed": FEED, "held": many(ref("HeldLine"), "The next one first.")}),
    "DispatchReceipt": shape(
        "What became of a line after it was filed, as the nodes measured it. Known for seven days.",
        {
            "id": ID,
            "filed": FILED,
            "published": moment("When it was published to the nodes."),
            "kept": or_null(moment("When it was known to be kept; null where that was not noted.")),
            "nodes": number("Nodes that have said so far how they wrote it."),
            "readers": number("Readers it was written to at once."),
            "set_aside": number("Readers whose sockets were full then; they get it when they drain."),
            "fan_out_ms": shape(
                "Milliseconds from filing until half, and 99 in 100, of the readers were written to.",
                {"p50": _MILLISECONDS, "p99": _MILLISECONDS},
            ),
        },
    ),
    "AuditLine": shape(
        "One change of a feed, or of a line held for it.",
        {
            "position": or_null(text("Its place in the log; null for changes of held lines.")),
            "at": moment("When."),
            "by": or_null(text("Whose key.")),
            "kind": text(
                "What was done.",
                enum=["file", "correct", "kill", "pin", "air", "hold", "edit", "spike", "release"],
            ),
            "before": {"description": "What stood there before.", "$ref": "#/components/schemas/Standing"},
            "after": {"description": "What stands there since.", "$ref": "#/components/schemas/Standing"},
        },
    ),
    "Standing": {
        "description": "What a change is of: a dispatch, a held line, the air, or the id of the pinned dispatch.",
        "anyOf": [
            *(ref(name) for name in ("Dispatch", "Tombstone", "HeldLine", "ReleasedLine", "SpikedLine", "OnAir")),
            {"type": ["string", "null"]},
        ],
    },
    "Key": shape(
        "Whom a key belongs to; never the key.",
        {**_KEY, "used": or_null(moment("When it was last used, to the minute."))},
    ),
    "Keys": shape("Everybody who holds a key.", {"keys": many(ref("Key"), "Oldest first.")}),
    "IssuedKey": shape("A key, shown this once.", {"key": text("The key itself."), **_KEY}),
    "Health": shape("How the node is.", {"status": text("In a word or two.")}),
}
"""Every shape of an answer, by name."""
