"""The desk's pages: one page for every feed and everybody, its manifest, and its service worker.

They hold nothing that is secret or changes with a request, apart from the language, so a browser can keep them and open
the desk without a network. All that the page shows comes by fetch, with the session's cookie.
"""

from __future__ import annotations

import json
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ticker.schema import many, shape, text
from ticker.web.assets import ASSETS, CLIENTS, asset
from ticker.web.node import node_of
from ticker.web.operation import HTML, Operation, Resource, Returns
from ticker.web.pages import SAFETY
from ticker.web.parameters import FEED_NAME
from ticker.web.public_url import base
from ticker.web.rendering import environment
from ticker.web.shape import Shape
from ticker.web.wording import preferred

ROUTES: Final = Resource("Pages", (FEED_NAME,))

_TEMPLATES: Final = environment(trim=True)

_MANIFEST: Final = "application/manifest+json"
_SCRIPT: Final = "text/javascript"

_WORDS: Final[dict[str, dict[str, Any]]] = {
    path.stem: json.loads(path.read_text("utf-8")) for path in sorted((CLIENTS / "desk" / "words").glob("*.json"))
}
"""The desk's own words by language, which its script has too."""

_POLICY: Final = SAFETY["content-security-policy"].replace(
    "base-uri", "manifest-src 'self'; worker-src 'self'; base-uri"
)

_HEADERS: Final = {
    **SAFETY,
    "content-security-policy": _POLICY,
    # No other site learns from a link which feed somebody files to.
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
    "vary": "Accept-Language",
}

_PAGE: Final = Returns(200, "A page.", media_type=HTML)


_APPLICATION: Final = Shape(
    "DeskApplication",
    shape(
        "Web application manifest (W3C Application Manifest).",
        {
            "id": text("Identity of the application.", pattern="/desk$"),
            "name": text("Its name."),
            "short_name": text("Its name under an icon."),
            "description": text("What it is for."),
            "lang": text("Language of these.", enum=sorted(_WORDS)),
            "dir": text("Direction of these.", enum=["ltr", "rtl"]),
            "start_url": text("What it opens."),
            "scope": text("Which pages are part of it."),
            "display": text("How it is shown.", const="standalone"),
            "background_color": text("Colour until it is open.", pattern="^#"),
            "theme_color": text("Colour around it.", pattern="^#"),
            "icons": many({"type": "object", "required": ["src", "sizes", "type"]}, "Its icons."),
        },
    ),
    {
        "id": "/desk",
        "name": "News desk",
        "short_name": "Desk",
        "description": "File, correct and withdraw dispatches, with or without a connection.",
        "lang": "en",
        "dir": "ltr",
        "start_url": "/desk",
        "scope": "/desk",
        "display": "standalone",
        "background_color": "#0c0e12",
        "theme_color": "#0c0e12",
        "icons": [{"src": "/assets/touch-8f14e45fce.png", "sizes": "192x192", "type": "image/png", "purpose": "any"}],
    },
)


def _page(request: Request) -> Response:
    words = _WORDS[preferred(request.headers.get("accept-language", ""))]
    block = orjson.dumps({"base": base(request)}).decode().replace("<", "\\u003c")
    page = _TEMPLATES.get_template("desk/desk.html").render(base=base(request), words=words, page_json=block)
    return HTMLResponse(page, headers=_HEADERS)


@Operation(ROUTES, "GET", "/desk", "showDesk", "The desk: signing in, and the feeds", (_PAGE,), needs_log=False)
async def desk(request: Request) -> Response:
    """Show where to sign in, or the feeds to file to."""
    return _page(request)


@Operation(
    ROUTES,
    "GET",
    "/desk/manifest.webmanifest",
    "readDeskManifest",
    "The desk as an installable application",
    (Returns(200, "A web application manifest.", (_APPLICATION,), media_type=_MANIFEST),),
    needs_log=False,
)
async def manifest(request: Request) -> Response:
    """Respond with the desk's web application manifest (W3C Application Manifest)."""
    words = _WORDS[preferred(request.headers.get("accept-language", ""))]
    prefix = node_of(request).settings.prefix
    icons = [
        {"src": base(request) + asset("icon.svg"), "sizes": "any", "type": "image/svg+xml"},
        {"src": base(request) + asset("touch.png"), "sizes": "192x192", "type": "image/png", "purpose": "any"},
        {"src": base(request) + asset("tile.png"), "sizes": "512x512", "type": "image/png", "purpose": "any maskable"},
    ]
    value = {
        "id": f"{prefix}/desk",
        "name": words["app_name"],
        "short_name": words["desk"],
        "description": words["app_description"],
        "lang": words["language"],
        "dir": words["direction"],
        "start_url": f"{prefix}/desk",
        "scope": f"{prefix}/desk",
        "display": "standalone",
        "background_color": "#0c0e12",
        "theme_color": "#0c0e12",
        "icons": icons,
    }
    headers = {"cache-control": "no-cache", "vary": "Accept-Language"}
    return Response(orjson.dumps(value), headers=headers, media_type=_MANIFEST)


@Operation(
    ROUTES,
    "GET",
    "/desk/worker.js",
    "readDeskWorker",
    "The desk's service worker, which keeps the page and its scripts",
    (Returns(200, "A script.", media_type=_SCRIPT),),
    needs_log=False,
)
async def worker(request: Request) -> Response:
    """Respond with the service worker; browsers look for another one each time the desk is opened."""
    response = ASSETS["worker.js"].response(request, "no-cache")
    # Its scope is the desk itself, which is not below the folder of the script (Service Workers, section 4.1).
    response.headers["service-worker-allowed"] = f"{node_of(request).settings.prefix}/desk"
    response.headers["content-security-policy"] = _POLICY
    return response


@Operation(
    ROUTES, "GET", "/desk/{feed}", "showDeskOfFeed", "The desk of a feed", (_PAGE,), needs_log=False, any_name=True
)
async def desk_of_feed(request: Request) -> Response:
    """Show the desk of a feed. Whether there is one of that name, the page asks once somebody is signed in."""
    return _page(request)
