"""The widget's script: the current build, and each released version as it was on the day of its release.

`npm run release` copies the current build into clients/released/{version}/ and writes its sha384 beside it, once.
Embedders who pin a version with Subresource Integrity depend on its every byte.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ticker.errors import NoSuchAddress
from ticker.schema import text
from ticker.web.assets import ASSETS, CLIENTS, IMMUTABLE, Asset
from ticker.web.etag import tags_seen
from ticker.web.operation import Operation, Resource, Returns
from ticker.web.parameters import in_path

ROUTES: Final = Resource(
    "Embedding",
    (in_path("WidgetVersion", "version", text("A released version.", pattern=r"^\d+\.\d+\.\d+$"), "0.1.0"),),
)

_MODULE: Final = Returns(200, "A module.", media_type="text/javascript")

CURRENT: Final = "ticker.js"
"""Name of the widget's bundle."""

CURRENT_FOR: Final = "public, max-age=300"
"""Caching of the current build: an upgrade reaches every embedding page within five minutes."""

RELEASED: Final = CLIENTS / "released"

_VERSION: Final = re.compile(r"(\d+)\.(\d+)\.(\d+)", re.ASCII)


def read_released(folder: Path) -> dict[str, Asset]:
    """Return the released scripts by version, oldest first; `folder` has one folder for each version."""
    versions = [path.name for path in folder.glob("*") if _VERSION.fullmatch(path.name)]
    return {
        version: Asset.read(
            folder / version / CURRENT, CURRENT, (folder / version / f"{CURRENT}.sha384").read_text("ascii").strip()
        )
        for version in sorted(versions, key=lambda version: [int(part) for part in version.split(".")])
    }


RELEASES: Final = read_released(RELEASED)
"""Every released version of the widget's script."""


@Operation(
    ROUTES,
    "GET",
    "/embed/v1/ticker.js",
    "loadWidget",
    "The widget's script, current build",
    (_MODULE, Returns(304, "You have it already.", media_type="")),
    needs_log=False,
)
async def current(request: Request) -> Response:
    """Respond with the current build."""
    script = ASSETS[CURRENT]
    response = script.response(request, CURRENT_FOR)
    # A weak tag: it is the same for the compressed and the plain body (RFC 9110 section 8.8.3.3).
    response.headers["etag"] = f'W/"{script.integrity.removeprefix("sha384-")}"'
    known = {tag.removeprefix("W/") for tag in tags_seen(request)}
    if "*" in known or response.headers["etag"].removeprefix("W/") in known:
        del response.headers["content-length"]
        return Response(status_code=304, headers=dict(response.headers))
    return response


@Operation(
    ROUTES,
    "GET",
    "/embed/{version}/ticker.js",
    "loadReleasedWidget",
    "The widget's script as it was released, for ever",
    (_MODULE,),
    needs_log=False,
)
async def released(request: Request) -> Response:
    """Respond with a released build."""
    version = request.path_params["version"]
    script = RELEASES.get(version)
    if script is None:
        raise NoSuchAddress(f"Version {version} of the widget was not released; see /embed for those that were")
    return script.response(request, IMMUTABLE)
