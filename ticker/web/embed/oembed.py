"""oEmbed (oembed.com, version 1.0): what to embed for the URL of a page of this service."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from ticker.dispatch import BREAKING
from ticker.errors import Gone, Invalid, NotFound, NotSupported
from ticker.web.answers import json
from ticker.web.node import Node, node_of
from ticker.web.public_url import absolute, public_url

WIDTH: Final = 600
HEIGHT: Final = 480
CARD_HEIGHT: Final = 240
"""Pixels of the frame unless the consumer has less room: of a feed, and of one dispatch."""

CACHE_AGE: Final = 300
"""Seconds for which a consumer may keep a response. The frame in it is live; only its title and size are kept."""

_PAGES: Final = [
    re.compile(r"/?"),
    re.compile(r"(?:/embed)?/feeds/(?P<feed>[^/]+)/?"),
    re.compile(r"(?:/embed)?/feeds/(?P<feed>[^/]+)/(?P<id>[^/]+)/?"),
]
