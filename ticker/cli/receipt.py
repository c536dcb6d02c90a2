"""Receipts as they are printed: JSON for programs, and on a terminal what people need to see."""

from __future__ import annotations

import json
import sys
from typing import Any

from ticker.cli.change import invocation
from ticker.cli.moment import clock, in_full
from ticker.errors import TickerError


def as_json(value: Any) -> str:
    """Return JSON in one line, in characters that standard output can encode."""
    utf8 = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") == "utf8"
    return json.dumps(value, ensure_ascii=not utf8)


def on_terminal() -> bool:
    """Return True if standard output is a terminal."""
    return sys.stdout.isatty()


def show(receipt: dict[str, Any], done: str, feed: str) -> None:
    """Print a receipt; `done` is what was done, such as "Filed".

    Raises:
        TickerError: it cannot be printed. The change was made, so the receipt is in the message.
    """
    try:
        if on_terminal():
            _show_to_people(receipt, done, feed)
        else:
            print(json.dumps(receipt))
        sys.stdout.flush()
    except OSError as error:
        raise TickerError(
            f"standard output: {error.strerror}; the change was made, with this receipt: {json.dumps(receipt)}"
        ) from None


def _show_to_people(receipt: dict[str, Any], done: str, feed: str) -> None:
    # Imported here: it would be half of the time of a command that prints JSON.
    from rich.console import Console  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(highlight=False, soft_wrap=True)
    line = Text(done, style="bold green")
    if "release_at" in receipt:
        line.append(f" until {in_full(receipt['release_at'])}")
    elif at := receipt.get("filed") or receipt.get("updated"):
        line.append(f" at {clock(at)}")
    if receipt.get("id"):
        line.append(f"  {receipt['id']}", style="not bold default")
    if receipt.get("revision", 1) > 1:
        line.append(f"  revision {receipt['revision']}", style="not bold default")
    console.print(line)
    for similar in receipt.get("similar", []):
        console.print(
            Text("  SIMILAR  ", style="bold yellow").append(
                f"{similar['likeness']:.0%} like {similar['id']} of {clock(similar['filed'])}"
                f"{', ' + similar['source'] if similar.get('source') else ''}"
            )
        )
    if "confirm_by" in receipt:
        console.print(
            Text("  CONFIRM  ", style="bold white on red").append(
                f" It is out as urgent. To make it a flash, somebody else has until {clock(receipt['confirm_by'])}:",
                style="not bold default on default",
            )
        )
        console.print(Text(f"           {invocation()} confirm {receipt['id']} --feed {feed}"))
    for edition in receipt.get("editions", []):
        other, _, id = edition.partition("/")
        console.print(
            Text("  STILL OUT  ", style="bold yellow").append(
                f"in {other}: {invocation()} kill {id} --feed {other} --reason …", style="not bold default"
            )
        )
