"""The browser clients as they are served: bundles under names that carry a hash of their content.

`npm run build` makes them of clients/ and writes clients/dist, whose manifest has the name and the integrity of each.
They are read when a node starts and kept compressed, so that a request for one costs neither a file nor a compressor.
"""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from ticker.errors import NoSuchAddress
from ticker.web.header_lists import accepts, headers_of
from ticker.web.headers import COMPRESS_FROM

_HERE: Final = Path(__file__).parent
_BESIDE: Final = _HERE.parent / "clients"
CLIENTS: Final = _BESIDE if _BESIDE.is_dir() else _HERE.parents[1] / "clients"
"""The clients' folder: inside the package once installed, beside it in a checkout."""

IMMUTABLE: Final = "public, max-age=31536000, immutable"
"""Caching of a name that will never mean anything else (RFC 8246)."""

_MEDIA_TYPES: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".ico": "image/x-icon",
    ".png": "image/png",
}
_HASHED: Final = re.compile(r"(?P<stem>[a-z]+)-(?P<hash>[0-9a-f]{10})(?P<suffix>\.[a-z]+)")


@dataclass(frozen=True, slots=True)
class Asset:
    """One bundle. `file` is its name in a URL, `integrity` its sha384 for Subresource Integrity."""

    file: str
    integrity: str
    media_type: str
    plain: bytes
    compressed: bytes

    @classmethod
    def read(cls, path: Path, file: str, integrity: str) -> Asset:
        """Read a bundle and compress it once for all requests."""
        plain = path.read_bytes()
        return cls(file, integrity, _MEDIA_TYPES[path.suffix], plain, gzip.compress(plain, 9, mtime=0))

    def response(self, request: Request, cache_control: str) -> Response:
        """Return the bundle, compressed for clients that take gzip (RFC 9110 section 8.4.1.3)."""
        headers = {
            "cache-control": cache_control,
            # A module script of another site, and one with an integrity, is fetched with CORS.
            "access-control-allow-origin": "*",
        }
        small = len(self.plain) < COMPRESS_FROM
        if small or not accepts(headers_of(request).get("accept-encoding", ""), "gzip"):
            return Response(self.plain, headers=headers, media_type=self.media_type)
        headers |= {"content-encoding": "gzip", "vary": "Accept-Encoding"}
        return Response(self.compressed, headers=headers, media_type=self.media_type)


def _read_all() -> dict[str, Asset]:
    dist = CLIENTS / "dist"
    manifest = orjson.loads((dist / "manifest.json").read_bytes())
    return {name: Asset.read(dist / name, **entry) for name, entry in manifest.items()}


ASSETS: Final = _read_all()
"""All bundles by name, such as `reader.js`."""


def asset(name: str) -> str:
    """Return the path of a bundle below the service's base URL: `asset("reader.js")` is `/assets/reader-….js`."""
    return f"/assets/{ASSETS[name].file}"


async def serve(request: Request) -> Response:
    """GET /assets/{file}

    While nodes are upgraded one after another, a page of one may ask another for a bundle that this one does not have.
    It gets this node's bundle of that name, which must not be cached.
    """
    hashed = _HASHED.fullmatch(request.path_params["file"])
    found = ASSETS.get(hashed["stem"] + hashed["suffix"]) if hashed else None
    if found is None:
        raise NoSuchAddress(f"{request.url.path} is not an asset of this service")
    known = found.file == request.path_params["file"]
    return found.response(request, IMMUTABLE if known else "no-store")
