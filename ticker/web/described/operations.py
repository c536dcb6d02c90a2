"""Every route with its methods: what it takes, what it gives back, and how it may say no."""

from __future__ import annotations

from typing import Final

from ticker.dispatch import Air, Correction, Draft, Edit, FeedEdit, FeedPlan, KeyPlan, Kill, Pin
from ticker.web.described.operation import HTML, JSON, Answer, Operation

FEED: Final = "/v1/feeds/{feed}"
LINE: Final = FEED + "/dispatches/{id}"
HELD: Final = FEED + "/held/{id}"

NOT_MODIFIED: Final = Answer(304, "You have it already.", media_type="", headers=("ETag",))
KEPT: Final = ("ETag", "Idempotent-Replayed")

OPERATIONS: Final = [
    Operation(
        "GET",
        "/v1/feeds",
        "listFeeds",
        "Feeds",
        "List the feeds",
        (Answer(200, "The feeds.", ("Feeds",)),),
        description="Those that are public, and those that the key reaches if there is one.",
    ),
    Operation(
        "POST",
        "/v1/feeds",
        "openFeed",
        "Feeds",
        "Open a feed",
        (Answer(201, "It is open.", ("OpenedFeed",), headers=("Location",)),),
        role="admin",
        body=FeedPlan,
        also=("FeedIsOpen",),
    ),
    Operation(
        "GET",
        FEED,
        "readFeed",
        "Feeds",
        "The feed as it stands",
        (Answer(200, "The same object as a `snapshot` frame.", ("Snapshot",), headers=("ETag",)), NOT_MODIFIED),
        parameters=("IfNoneMatch",),
        description="The newest lines, the pin and the air. Served from memory, also while the log is away.",
    ),
    Operation(
        "PATCH",
        FEED,
        "editFeed",
        "Feeds",
        "Edit a feed, or open it again",
        (Answer(200, "As it is now.", ("OpenedFeed",)),),
        role="admin",
        body=FeedEdit,
        description="What is not named stays. At least one field must be named. Every node takes it in at once, and "
        "dismisses the readers who may not read the feed any more.",
    ),
    Operation(
        "DELETE",
        FEED,
        "closeFeed",
        "Feeds",
        "Close a feed",
        (Answer(200, "As it is now; since when it is closed is in `closed`.", ("OpenedFeed",)),),
        role="admin",
        description="Its readers get a last snapshot, and from now on it takes nothing but kills. Its history stays. "
        "Closed again, it keeps the time at which it was closed first.",
    ),
    Operation(
        "GET",
        FEED + "/live",
        "followFeed",
        "Feeds",
        "Follow the feed",
        (
            Answer(101, "A WebSocket: each frame is one text message.", media_type=""),
            Answer(
                200,
                "Server-Sent Events: `event` is the frame's type, `data` the frame, `id` its position.",
                media_type="text/event-stream",
                example='retry: 3000\n\nevent: pin\nid: 47-001d0c2f577f\ndata: {"type":"pin",'
                '"position":"47-001d0c2f577f","id":"01KAPN3V12000000127Q2MZX4H"}\n\n',
            ),
        ),
        parameters=("After", "LastEventId"),
        also=("Closed", "UpgradeRequired"),
        description="A WebSocket when the request asks for one, Server-Sent Events when it has "
        "`Accept: text/event-stream`. /asyncapi.json describes the frames.",
    ),
    Operation(
        "GET",
        FEED + "/labels",
        "listLabels",
        "Feeds",
        "Sections, places and stories, with the number of their lines",
        (Answer(200, "The labels, most used first.", ("Labels",)),),
    ),
    Operation(
        "GET",
        FEED + "/dispatches",
        "readHistory",
        "Dispatches",
        "Lines, newest first",
        (Answer(200, "One page.", ("History",), headers=("Link",)),),
        parameters=("Limit", "Before", "Section", "Place", "Story"),
        also=("InvalidParameter",),
        description='At most one of `section`, `place` and `story`. `Link` with `rel="next"` while there is more.',
    ),
    Operation(
        "POST",
        FEED + "/dispatches",
        "fileDispatch",
        "Dispatches",
        "File a line",
        (
            Answer(
                201,
                "It is kept: on disk, and on as many replicas as the operator asks for. "
                "With `release_at`, it is held until then.",
                ("Filed", "Held"),
                headers=("Location", *KEPT),
            ),
        ),
        role="correspondent",
        body=Draft,
        changes=True,
    ),
    Operation(
        "GET",
        LINE,
        "readDispatch",
        "Dispatches",
        "One line with its earlier revisions",
        (Answer(200, "As it stands.", ("DispatchWithHistory",), headers=("ETag",)), NOT_MODIFIED),
        parameters=("IfNoneMatch",),
        also=("Killed",),
    ),
    Operation(
        "PATCH",
        LINE,
        "correctDispatch",
        "Dispatches",
        "Correct a line",
        (Answer(200, "It is corrected.", ("Corrected",), headers=KEPT),),
        role="correspondent",
        body=Correction,
        changes=True,
        parameters=("IfMatch",),
        also=("Killed", "NotYours"),
        description="What the body does not name stays; null or an empty value takes a field away, "
        "but not `text`, `urgency` or `language`. At least one field must be named.",
    ),
    Operation(
        "POST",
        LINE + "/kill",
        "killDispatch",
        "Dispatches",
        "Kill a line",
        (Answer(200, "It is killed; a tombstone stands in its place.", ("Killed",), headers=KEPT),),
        role="correspondent",
        body=Kill,
        changes=True,
        also=("Killed", "NotYours"),
    ),
    Operation(
        "POST",
        LINE + "/confirm",
        "confirmFlash",
        "Dispatches",
        "Confirm a flash with a second key",
        (Answer(200, "It is a flash now.", ("Corrected",), headers=KEPT),),
        role="correspondent",
        changes=True,
        also=("Killed", "NotYours", "NothingToConfirm", "StaleRevision"),
        description="Where a flash takes two keys, it goes out as urgent. Another key confirms it before `confirm_by`.",
    ),
    Operation(
        "GET",
        LINE + "/receipt",
        "readReceipt",
        "Dispatches",
        "What became of a line",
        (Answer(200, "As measured so far.", ("DispatchReceipt",)),),
        role="correspondent",
    ),
    Operation(
        "GET",
        FEED + "/held",
        "listHeld",
        "Embargo",
        "Lines that wait for their release",
        (Answer(200, "The next one first. A correspondent sees only what is theirs.", ("HeldLines",)),),
        role="correspondent",
    ),
    Operation(
        "GET",
        HELD,
        "readHeld",
        "Embargo",
        "A held line, or what became of it",
        (Answer(200, "As it stands.", ("HeldLine", "ReleasedLine", "SpikedLine"), headers=("ETag",)),),
        role="correspondent",
        also=("NotYours",),
    ),
    Operation(
        "PATCH",
        HELD,
        "editHeld",
        "Embargo",
        "Edit a held line",
        (Answer(200, "It is edited.", ("Held",), headers=KEPT),),
        role="correspondent",
        body=Edit,
        changes=True,
        parameters=("IfMatch",),
        also=("HeldNoLonger", "NotYours"),
        description="As a correction, and `release_at` may be moved. At least one field must be named.",
    ),
    Operation(
        "DELETE",
        HELD,
        "spikeHeld",
        "Embargo",
        "Spike a held line",
        (Answer(200, "It never goes out.", ("Spiked",), headers=KEPT),),
        role="correspondent",
        body=Kill,
        body_required=False,
        changes=True,
        also=("HeldNoLonger", "NotYours"),
    ),
    Operation(
        "POST",
        HELD + "/release",
        "releaseHeld",
        "Embargo",
        "Release a held line now",
        (Answer(201, "It is filed.", ("Filed",), headers=("Location", *KEPT)),),
        role="correspondent",
        changes=True,
        also=("HeldNoLonger", "NotYours", "StaleRevision"),
    ),
    Operation(
        "PUT",
        FEED + "/pin",
        "pin",
        "Desk",
        "Pin a line",
        (Answer(200, "It stands on top.", ("Pinned",), headers=("Idempotent-Replayed",)),),
        role="editor",
        body=Pin,
        changes=True,
        also=("Killed",),
    ),
    Operation(
        "DELETE",
        FEED + "/pin",
        "unpin",
        "Desk",
        "Take the pin away",
        (Answer(200, "Nothing stands on top.", ("Changed",), headers=("Idempotent-Replayed",)),),
        role="editor",
        changes=True,
    ),
    Operation(
        "PUT",
        FEED + "/air",
        "switchAir",
        "Desk",
        "Go on or off the air",
        (Answer(200, "It is switched.", ("Changed",), headers=("Idempotent-Replayed",)),),
        role="editor",
        body=Air,
        changes=True,
        description="Replaces all three: what is not named is null.",
    ),
    Operation(
        "GET",
        FEED + "/audit",
        "readAudit",
        "Desk",
        "Every change of the feed",
        (
            Answer(
                200,
                "Oldest first, one JSON object a line. Killed text is among it.",
                ("AuditLine",),
                media_type="application/x-ndjson",
            ),
        ),
        role="editor",
    ),
    Operation(
        "GET",
        "/v1/keys",
        "listKeys",
        "Keys",
        "List who holds a key",
        (Answer(200, "Never the keys.", ("Keys",)),),
        role="admin",
    ),
    Operation(
        "POST",
        "/v1/keys",
        "issueKey",
        "Keys",
        "Issue a key",
        (Answer(201, "The only time the key is shown.", ("IssuedKey",)),),
        role="admin",
        body=KeyPlan,
    ),
    Operation(
        "DELETE",
        "/v1/keys/{id}",
        "revokeKey",
        "Keys",
        "Revoke a key",
        (Answer(204, "It is worthless at once.", media_type=""),),
        role="admin",
    ),
    Operation("GET", "/healthz", "isAlive", "Operators", "Alive", (Answer(200, "This process answers.", ("Health",)),)),
    Operation(
        "GET",
        "/readyz",
        "isReady",
        "Operators",
        "Level with the log",
        (
            Answer(200, "It may be sent readers and correspondents.", ("Health",)),
            Answer(503, "Not now.", ("Health",)),
        ),
    ),
    Operation(
        "GET",
        "/metrics",
        "readMetrics",
        "Operators",
        "Numbers of one worker",
        (
            Answer(
                200,
                "In the text format that Prometheus reads.",
                media_type="text/plain",
                example="# HELP ticker_readers Readers connected to this worker.\n"
                '# TYPE ticker_readers gauge\nticker_readers{feed="breaking"} 10342\n',
            ),
        ),
    ),
]
"""Everything that programs ask for."""


def _page(path: str, id: str, summary: str, *answers: Answer) -> Operation:
    return Operation("GET", path, id, "Pages", summary, (Answer(200, "A page.", media_type=HTML), *answers))


def _document(path: str, id: str, summary: str, *also: str) -> Operation:
    return Operation("GET", path, id, "Documents", summary, (Answer(200, "The document.", media_type=JSON),), also=also)


PAGES: Final = [
    _page("/", "showBreaking", "The feed `breaking`"),
    _page("/feeds/{feed}", "showFeed", "A feed"),
    _page("/feeds/{feed}/stories/{story}", "showStory", "The lines of one story, from its first"),
    _page("/feeds/{feed}/{id}", "showDispatch", "One line", Answer(410, "It was killed; why.", media_type=HTML)),
    _document("/openapi.json", "describeRequests", "This description (OpenAPI 3.1)"),
    _document("/asyncapi.json", "describeFrames", "The frames of a live stream (AsyncAPI 3.0)", "BadHost"),
    Operation(
        "GET",
        "/docs",
        "showDescription",
        "Documents",
        "This description as a page",
        (Answer(200, "A page.", media_type=HTML),),
    ),
]
"""What people ask for, with a browser, and what machines read about the rest."""
