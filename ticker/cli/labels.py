"""`ticker labels`: the sections, places and stories of a feed, so that everybody writes them alike."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ticker.cli.client import Service
from ticker.cli.file import Feed
from ticker.cli.receipt import as_json
from ticker.client.request import feed_path
from ticker.dispatch import BREAKING


def labels(
    feed: Feed = BREAKING,
    *,
    json: Annotated[bool, typer.Option("--json", help="Print the response as JSON.")] = False,
) -> None:
    """List the sections, places and stories of a feed, the most used first: kind, dispatches, label."""
    found: dict[str, Any] = {}
    for page in Service().pages(feed_path(feed, "labels")):
        for name, value in page.items():
            found[name] = [*found.get(name, []), *value] if isinstance(value, list) else value
    if json:
        print(as_json(found))
        return
    for kind, members in (("section", "sections"), ("place", "places"), ("story", "stories")):
        for each in found[members]:
            print("\t".join((kind, str(each["dispatches"]), each["label"])))
