"""The Content-Security-Policy (CSP level 3) of pages that other sites show in a frame."""

from __future__ import annotations

from ticker.feed import Feed
from ticker.settings import Settings
from ticker.web.admission import frame_ancestors
from ticker.web.embed.drawing import STYLE_HASH


def policy(settings: Settings, feed: Feed) -> str:
    """Return the policy of a page that shows a feed and that pages of the feed's origins may frame."""
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self' {STYLE_HASH}; connect-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'none'; "
        f"frame-ancestors {frame_ancestors(settings, feed)}; require-trusted-types-for 'script'"
    )


def gallery_policy() -> str:
    """Return the policy of the gallery, which shows widgets, and frames of this service."""
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self' {STYLE_HASH}; connect-src 'self'; "
        "img-src 'self' data:; frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'"
    )
