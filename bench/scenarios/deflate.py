"""What permessage-deflate saves, in the frames that readers get."""

from __future__ import annotations

import time
from statistics import median

from bench.result import Options, Result
from ticker.changes import entry_frame
from ticker.cli.newsroom import EDITIONS, SCRIPT
from ticker.entry import Entry, Position, Tail
from ticker.feed import Feed
from ticker.wire import Frame, beat_frame, snapshot_frame

WHAT = """The demo newsroom's dispatches as frames: plain, and deflated with no context taken over, so that the same
bytes serve every reader. Bytes are of the WebSocket frames, without the headers of TCP and IP; the time is what the
service takes to deflate a frame, once for all its readers."""
AT = "2026-11-22T18:04:05.678Z"


def run(options: Options) -> Result:
    """Build the frames and weigh them."""
    result = Result("What permessage-deflate saves", WHAT)
    rows = []
    for index, (title, language) in enumerate(EDITIONS.values()):
        entries = [_entry(number, index, language) for number in range(20)]
        feed = Feed("feed", title, language, entries[-1].tail)
        feed.dispatches = [entry.content["dispatch"] for entry in reversed(entries)]
        dispatches = [entry_frame(entry) for entry in entries]
        rows.append(_row(f"a dispatch, {language}", dispatches))
        rows.append(_row(f"a snapshot of 20 dispatches, {language}", [snapshot_frame(feed, reset=False, at=AT)]))
    rows.append(_row("a beat", [beat_frame(Position(123456, "0123456789ab"), AT, 1_234_567)]))
    result.table(["frame", "bytes", "deflated", "saved", "µs to deflate"], rows)
    return result


def _entry(number: int, edition: int, language: str) -> Entry:
    scripted = SCRIPT[number % len(SCRIPT)]
    dispatch = {
        "id": f"01kap{number:05x}0123456789abcdef",
        "text": scripted.text[edition],
        "source": scripted.source[edition],
        "urgency": scripted.urgency,
        "language": language,
        "sections": [scripted.section[edition]],
        "filed": AT,
        "updated": AT,
        "revision": 1,
        "status": "usable",
    }
    return Entry(Tail(number + 1, f"{number * 7919:040x}"[::-1]), b"", "file", AT, {"dispatch": dispatch})


def _row(name: str, frames: list[Frame]) -> list[str]:
    taken = []
    for frame in frames:
        before = time.perf_counter()
        frame.deflated  # noqa: B018  # built when first asked for
        taken.append((time.perf_counter() - before) * 1e6)
    plain = sum(len(frame.websocket) for frame in frames) / len(frames)
    deflated = sum(len(frame.deflated) for frame in frames) / len(frames)
    return [name, f"{plain:,.0f}", f"{deflated:,.0f}", f"{1 - deflated / plain:.0%}", f"{median(taken):.0f}"]
