"""`ticker tail`: follows a feed in the terminal and resumes by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final, cast

import typer
from rich.console import Console
from rich.text import Text

from ticker.changes import KINDS_BY_FRAME
from ticker.cli.client import DEADLINE, Service
from ticker.cli.file import Feed
from ticker.cli.look import Shown, line, shown, withdrawn
from ticker.cli.message import tell
from ticker.cli.moment import clock
from ticker.cli.receipt import as_json
from ticker.client import Change, ClientError, Frame, UnexpectedResponse
from ticker.dispatch import BREAKING
from ticker.errors import TickerError

WARN_AFTER: Final = 2
"""Failed attempts before a warning is shown: any restart of a service costs one."""

_WRONG_ADDRESS: Final = (401, 403, 404, 410)
"""Statuses by which something that is not the service says that there will never be a feed at this address."""


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
    """Yield a feed's frames until it is closed, and warn on stderr if the service cannot be reached.

    Raises:
        TickerError: there is no such feed, it is closed, we may not read it, or the address is not that of a service.
    """
    try:
        with service.library(DEADLINE) as client, client.follow(feed, wait_while_closed=False) as changes:
            for change in changes:
                if change.frame is None:
                    _mind_outage(service, change)
                else:
                    yield _as_received(change.frame)
    except ClientError as error:
        raise TickerError(service.explain(error)) from None


def _mind_outage(service: Service, change: Change) -> None:
    """Warn, or give up if something else is at this address."""
    outage = change.status.outage
    if outage is None:
        return
    error, begun = outage.error, change.state.position is not None
    if isinstance(error, UnexpectedResponse) and error.status in _WRONG_ADDRESS and not begun:
        raise error
    if outage.attempts == WARN_AFTER:
        why = service.explain(error) if error else service.unreachable(outage.reason)
        tell(f"{why}; trying again")


def _as_received(frame: Frame) -> dict[str, Any]:
    return frame.get("received", {}) if frame["type"] == "?" else cast("dict[str, Any]", frame)


def _lines(frame: dict[str, Any], seen: dict[str, Shown]) -> Iterator[Text]:
    match frame["type"]:
        case "snapshot":
            if frame.get("reset"):
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
