"""`ticker tail`: follows a feed in the terminal and resumes by itself."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from typing import Annotated, Any, Final

import httpx
import orjson
import typer
from rich.console import Console
from rich.text import Text

from ticker.changes import KINDS_BY_FRAME
from ticker.cli.client import Service
from ticker.cli.file import Feed
from ticker.cli.look import Shown, line, shown, withdrawn
from ticker.cli.moment import clock
from ticker.cli.receipt import as_json
from ticker.client.request import feed_path
from ticker.dispatch import BREAKING
from ticker.wire import BEAT_INTERVAL

DEAD_AFTER: Final = BEAT_INTERVAL + 3.0
"""Seconds without a frame after which the connection counts as dead."""

LONGEST_WAIT: Final = 30.0
"""Seconds between attempts at the most; each wait is random below a bound that doubles from half a second."""

WARN_AFTER: Final = 2
"""Failed attempts before a warning is shown: any restart of a service costs one."""

_FINAL: Final = (401, 403, 404, 410)
"""Statuses after which retrying is of no use."""


def tail(
    feed: Feed = BREAKING,
    *,
    json: Annotated[bool, typer.Option("--json", help="Print each frame as a line of JSON.")] = False,
) -> None:
    """Follow a feed: the newest dispatches, then each as it comes, with its id. TICKER_URL says where."""
    console = Console(highlight=False, soft_wrap=True)
    seen: dict[str, Shown] = {}
    for frame in follow(Service(), feed):
        if json:
            print(as_json(frame), flush=True)
        else:
            for text in _lines(frame, seen):
                console.print(text)


def follow(service: Service, feed: str) -> Iterator[dict[str, Any]]:
    """Yield a feed's frames for ever, over Server-Sent Events, resuming after the last position seen.

    Raises:
        TickerError: the service says that there is no such feed, or that we may not read it.
    """
    position: str | None = None
    failures = 0
    while True:
        try:
            for frame in _stream(service, feed, position):
                failures = 0
                position = frame.get("position", position)
                yield frame
        except (httpx.HTTPError, ValueError) as error:
            failures += 1
            if failures == WARN_AFTER:
                print(f"ticker: {service.url} cannot be reached ({error}); trying again", file=sys.stderr, flush=True)
        time.sleep(random.uniform(0, min(LONGEST_WAIT, 0.5 * 2 ** min(failures, 10))))  # noqa: S311  # a wait is not a secret


def _stream(service: Service, feed: str, position: str | None) -> Iterator[dict[str, Any]]:
    headers = {"accept": "text/event-stream", **({"last-event-id": position} if position else {})}
    timeout = httpx.Timeout(10.0, read=DEAD_AFTER)
    with (
        service.client(timeout) as client,
        client.stream("GET", service.url + feed_path(feed, "live"), headers=headers) as response,
    ):
        if response.status_code in _FINAL:
            response.read()
            service.refuse(response)
        response.raise_for_status()
        # A frame is one line of JSON, so one `data:` line is one frame.
        for text in response.iter_lines():
            if text.startswith("data: "):
                frame = orjson.loads(text[6:])
                if not isinstance(frame, dict) or not isinstance(frame.get("type"), str):
                    raise ValueError("it sent something that is not a frame")
                yield frame


def _lines(frame: dict[str, Any], seen: dict[str, Shown]) -> Iterator[Text]:
    match frame["type"]:
        case "snapshot":
            if frame["reset"]:
                yield Text("— the feed starts from scratch —", style="dim")
                seen.clear()
            for dispatch in reversed(frame["dispatches"]):
                yield from _dispatch(dispatch, seen)
        case "delayed":
            yield Text(f"— delayed since {clock(frame['since'])} —", style="dim")
        case type if type in KINDS_BY_FRAME:
            view = KINDS_BY_FRAME[type].terminal_view(frame)
            if isinstance(view, dict):
                yield from _dispatch(view, seen)
            elif view is not None:
                yield Text(f"— {view} —", style="dim")


def _dispatch(dispatch: dict[str, Any], seen: dict[str, Shown]) -> Iterator[Text]:
    before = seen.get(dispatch["id"])
    # A reader who resumes gets a kill twice: in the place of the dispatch, and when it was killed.
    if before is not None and before.revision >= dispatch["revision"]:
        return
    seen[dispatch["id"]] = shown(dispatch)
    if dispatch["status"] == "killed":
        yield withdrawn(dispatch, before)
    else:
        yield line(dispatch, corrected=before is not None or dispatch["revision"] > 1)
