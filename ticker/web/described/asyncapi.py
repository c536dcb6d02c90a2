"""The AsyncAPI 3.0 document: the frames of a live stream, from the side of a reader."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final

from ticker.changes import KINDS_BY_FRAME
from ticker.schema import POSITION, Schema, moment, number, shape, text
from ticker.web import live
from ticker.web.described import examples
from ticker.web.desk import live as desk_live
from ticker.web.shape import Shape, referring
from ticker.web.shapes import desk
from ticker.web.shapes.feed import SNAPSHOT
from ticker.wire import BEAT_INTERVAL

ABOUT: Final = """What a reader of a feed is sent, in order and without a gap. Over a WebSocket each frame is one text
message; there is no subprotocol, and readers send nothing. A reader ignores members and types of frames that it does
not know.

The same address gives the same frames as Server-Sent Events to a request with `Accept: text/event-stream`: `event:`
is the frame's type, `data:` the frame in one line, `id:` its position if it has one. There `Last-Event-ID` does what
`after` does, and wins over it. The first event has a `retry:` of 1000 to 5000, at random.

The first frame is a `snapshot`, unless `after` can be resumed: then every entry after it comes first. If the node has
not reached `after` yet, a `delayed` comes before either. Then a `beat`, or a `delayed` if the node has lost the log;
then frames as they come. A refusal is an HTTP response, described in /openapi.json.

The stream of the desk has frames of the type `desk` as well, each with the whole state of its kind. They have no
position.
"""


def _frame(type: str, description: str, members: dict[str, Schema | Shape]) -> Schema:
    return shape(description, {"type": text("Which frame this is.", const=type), **members})


FRAMES: Final[dict[str, Schema]] = {
    "snapshot": SNAPSHOT.schema,
    **{
        type: _frame(type, kind.description, {"position": POSITION, **kind.schema})
        for type, kind in KINDS_BY_FRAME.items()
    },
    "beat": _frame(
        "beat",
        f"At `at` this node was in sync with the log. Every {BEAT_INTERVAL:.0f} seconds; "
        "nothing else proves a page live.",
        {
            "position": POSITION,
            "at": moment("When, by the clock of the log."),
            "watching": number("Readers of this feed on all nodes, as last counted."),
        },
    ),
    "delayed": _frame(
        "delayed",
        "This node has lost the log, or has not reached your position. "
        f"Again every {BEAT_INTERVAL:.0f} seconds until the next beat.",
        {"since": moment("As old is what it shows.")},
    ),
    "move": _frame(
        "move",
        "This node is leaving: stay, and connect again at a random moment within that many milliseconds.",
        {"within": number("Milliseconds.")},
    ),
}
"""The payload of each type of frame."""

MESSAGES: Final = FRAMES | {f"desk-{kind}": payload for kind, payload in desk.FRAMES.items()}
"""The payload of each message of the desk's stream: the frames of the feed, and each kind of desk frame."""

EXAMPLES: Final = {frame["type"]: frame for frame in examples.FRAMES} | {
    f"desk-{kind}": frame for kind, frame in desk.EXAMPLES.items()
}
"""One of each message."""


def document(base: str) -> dict[str, Any]:
    """Return the whole document for a service whose URLs begin with this: scheme, host and path prefix, if any."""
    host, slash, prefix = base.partition("://")[2].partition("/")
    under = {"pathname": slash + prefix} if prefix else {}
    shapes: dict[str, Shape] = {}
    payloads = {name: referring(payload, shapes) for name, payload in MESSAGES.items()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "ticker, live",
            "version": version("ticker"),
            "description": ABOUT,
            "license": {"name": "Apache 2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "plain": {"host": host, **under, "protocol": "ws", "description": "The service itself."},
            "tls": {"host": host, **under, "protocol": "wss", "description": "Through a proxy with TLS in front."},
        },
        "channels": {
            "live": _channel(live.PATH, "The live stream of a feed", FRAMES),
            "desk": _channel(desk_live.PATH, "The live stream of a feed's desk, for a key or a session", MESSAGES),
        },
        "operations": {
            "follow": _operation(
                "live", "Follow the feed", "Take each frame in as it comes, and remember the last position.", FRAMES
            ),
            "followDesk": _operation(
                "desk", "Follow the feed and its desk", "Replace what you have of a kind by each desk frame.", MESSAGES
            ),
        },
        "components": {
            "schemas": {name: referring(shape.schema, shapes) for name, shape in [*shapes.items()]},
            "messages": {
                name: {
                    "name": name,
                    "contentType": "application/json",
                    "summary": payload["description"],
                    "payload": payload,
                    "examples": [{"payload": EXAMPLES[name]}],
                }
                for name, payload in payloads.items()
            },
        },
    }


def _channel(address: str, title: str, messages: dict[str, Schema]) -> dict[str, Any]:
    return {
        "address": address,
        "title": title,
        "parameters": {"feed": {"description": "Name of the feed.", "default": "breaking", "examples": ["breaking"]}},
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {
            "ws": {
                "method": "GET",
                "query": {
                    "type": "object",
                    "properties": {"after": text("Position to continue from: the last one you have.")},
                },
                "bindingVersion": "0.1.0",
            }
        },
    }


def _operation(channel: str, title: str, summary: str, messages: dict[str, Schema]) -> dict[str, Any]:
    return {
        "action": "receive",
        "channel": {"$ref": f"#/channels/{channel}"},
        "title": title,
        "summary": summary,
        "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in messages],
    }
