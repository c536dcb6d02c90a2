"""The widget drawn on the server, as markup with a declarative shadow root."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from functools import partial
from typing import Any, Final

from markupsafe import Markup

from ticker.channel import Channel
from ticker.dispatch import direction
from ticker.web.assets import ASSETS
from ticker.web.embed.attributes import Attributes, written
from ticker.web.embed.words import fill, spoken
from ticker.web.embed.zone import clock_time
from ticker.web.pieces import Pieces
from ticker.web.rendering import environment

STYLE: Final = Markup(ASSETS["widget.css"].plain.decode().strip())  # noqa: S704  # our own style sheet
"""The widget's style sheet, the same in every fragment."""

STYLE_HASH: Final = f"'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
"""What a Content-Security-Policy needs in `style-src` to let that one style sheet through (CSP level 3)."""


def isolated(text: str) -> Markup:
    """Return text isolated from the direction of what is around it."""
    return Markup("<bdi>{}</bdi>").format(text)


TEMPLATES: Final = environment()
TEMPLATES.globals |= {"fill": fill, "isolated": isolated, "direction_of": direction}


async def draw(
    pieces: Pieces,
    channel: Channel,
    dispatches: list[dict[str, Any]],
    attributes: Attributes,
    *,
    src: str,
    structured: Markup | None = None,
) -> Markup:
    """Return a `<breaking-ticker>` element that shows some dispatches and is taken over by the widget's script.

    Args:
        pieces: how it is drawn; its `drawing` is held.
        channel: whose dispatches they are.
        dispatches: in their order; the pinned one is marked wherever it is.
        attributes: what the embedder asked for.
        src: base URL of the service; empty on a page of its own, where URLs are relative.
        structured: JSON-LD to put inside the element.
    """
    feed = channel.feed
    own = spoken(attributes.lang or feed.language)
    proof = channel.freshness.proof
    now = datetime.fromisoformat(proof) if proof else None
    element: Any = TEMPLATES.get_template("embed/element.html")
    return Markup(  # noqa: S704  # a template that escapes
        await pieces.render(
            element,
            feed=feed.name,
            title=feed.title,
            home=f"{src}/feeds/{feed.name}",
            # The script is given the element's language too, or it would take that of the page around it.
            attributes=({"src": src} if src else {}) | written(attributes) | {"lang": own.tag},
            layout=attributes.layout,
            dispatches=dispatches,
            pinned=feed.pinned,
            proof=proof,
            spoken=own,
            clock=partial(clock_time, timezone=feed.timezone, now=now),
            style=STYLE,
            structured=structured,
        )
    )
