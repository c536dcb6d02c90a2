"""`ticker tail`: follows a feed in the terminal and resumes by itself."""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import quote

import httpx
import typer
from rich.console import Console
from rich.text import Text

from ticker.cli.client import Service
from ticker.cli.file import Feed
from ticker.dispatch import BREAKING
from ticker.errors import TickerError
from ticker.wire import BEAT_EVERY

DEAD_AFTER: Final = BEAT_EVERY + 3.0
"""Seconds without a frame after which the line counts as dead."""

LONGEST_WAIT: Final = 30.0
"""Seconds between attempts at the most; each wait is random below a bound that doubles from half a second."""

TELL_AFTER: Final = 2
"""Attempts that fail before a word is said: one is what any restart of a service costs."""

_LOOKS: Final = {"flash": "bold white on red", "bulletin": "bold red", "urgent": "bold yellow"}


def tail(
    feed: Feed = BREAKING,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print each frame as a line of JSON.")] = False,
) -> None:
    """Follow a feed: the newest lines, then each as it comes. TICKER_URL says where."""
    console = Console(highlight=False, soft_wrap=True)
    shown: dict[str, int] = {}
    for frame in follow(Service().url, feed):
        if as_json:
            print(json.dumps(frame, ensure_ascii=False, separators=(",", ":")), flush=True)
        else:
            for line in _lines(frame, shown):
                console.print(line)


def follow(url: str, feed: str) -> Iterator[dict[str, Any]]:
    """Yield a feed's frames for ever, over Server-Sent Events, resuming after the last position seen.

    Raises:
        TickerError: the service says that there is no such feed, or that we may not read it.
    """
    position: str | None = None
    failures = 0
    while True:
        try:
            for frame in _stream(url, feed, position):
                failures = 0
                position = frame.get("position", position)
                yield frame
        except (httpx.HTTPError, ValueError) as error:
            failures += 1
            if failures == TELL_AFTER:
                print(f"ticker: {url} cannot be reached ({error}); trying again", file=sys.stderr, flush=True)
        time.sleep(random.uniform(0, min(LONGEST_WAIT, 0.5 * 2 ** min(failures, 10))))  # noqa: S311  # a wait is no secret


def _stream(url: str, feed: str, position: str | None) -> Iterator[dict[str, Any]]:
    headers = {"accept": "text/event-stream", **({"last-event-id": position} if position else {})}
    timeout = httpx.Timeout(10.0, read=DEAD_AFTER)
    with httpx.stream("GET", f"{url}/v1/feeds/{quote(feed)}/live", headers=headers, timeout=timeout) as answer:
        if answer.status_code in (403, 404):
            raise TickerError(json.loads(answer.read()).get("detail", f"the service answered {answer.status_code}"))
        answer.raise_for_status()
        # A frame is one line of JSON, so one `data:` line is one frame.
        for line in answer.iter_lines():
            if line.startswith("data: "):
                yield json.loads(line[6:])


def _lines(frame: dict[str, Any], shown: dict[str, int]) -> Iterator[Text]:
    match frame["type"]:
        case "snapshot":
            if frame["reset"]:
                yield Text("— the feed starts anew —", style="dim")
                shown.clear()
            for dispatch in reversed(frame["dispatches"]):
                yield from _dispatch(dispatch, shown)
        case "dispatch":
            yield from _dispatch(frame["dispatch"], shown)
        case "kill":
            # A reader who was away hears of a kill twice: where the line stood, and when it was killed.
            if shown.get(frame["id"], 0) < frame["revision"]:
                shown[frame["id"]] = frame["revision"]
                yield _withdrawn(frame["at"], frame["reason"])
        case "air":
            yield Text("— on air —" if frame["air"]["on"] else "— off air —", style="dim")
        case "delayed":
            yield Text(f"— delayed since {_clock(frame['since'])} —", style="dim")


def _dispatch(dispatch: dict[str, Any], shown: dict[str, int]) -> Iterator[Text]:
    if shown.get(dispatch["id"], 0) >= dispatch["revision"]:
        return
    corrected = dispatch["id"] in shown or dispatch["revision"] > 1
    shown[dispatch["id"]] = dispatch["revision"]
    if dispatch["status"] == "killed":
        yield _withdrawn(dispatch["updated"], dispatch["reason"])
        return
    line = Text(_clock(dispatch["filed"]) + "  ", style="dim")
    if dispatch["urgency"] != "normal":
        line.append(dispatch["urgency"].upper() + " ", style=_LOOKS[dispatch["urgency"]])
    if corrected:
        line.append("CORRECTED ", style="bold")
    if "source" in dispatch:
        line.append(dispatch["source"] + ": ", style="bold not dim")
    line.append(dispatch["text"], style="not dim")
    yield line


def _withdrawn(at: str, reason: str) -> Text:
    return Text(f"{_clock(at)}  WITHDRAWN: {reason}", style="dim")


def _clock(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone().strftime("%H:%M:%S")
