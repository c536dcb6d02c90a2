"""Somebody else's web site: pages of another origin than the service's, with the headers that a test gives them."""

from __future__ import annotations

import itertools
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

HTML = "text/html; charset=utf-8"
SCRIPT = "text/javascript; charset=utf-8"


class Site:
    """Used as a context: it serves inside.

    Attributes:
        origin: on `localhost`, so it is another site, too, than the service's 127.0.0.1.
    """

    def __init__(self) -> None:
        self._files: dict[str, tuple[bytes, dict[str, str]]] = {}
        self._numbers = itertools.count()

    def publish(self, text: str, path: str = "", content_type: str = HTML, **headers: str) -> str:
        """Put a file on the site and return its URL. Underscores in names of headers stand for hyphens."""
        path = path or f"/{next(self._numbers)}.html"
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        self._files[path] = (text.encode(), {"Content-Type": content_type, **more})
        return self.origin + path

    def page(self, body: str, head: str = "", html: str = 'lang="en"', **headers: str) -> str:
        """Put a page on the site, in standards mode, and return its URL."""
        head = f'<meta charset="utf-8"><title>Somebody else</title>{head}'
        return self.publish(f"<!doctype html><html {html}><head>{head}</head><body>{body}</body></html>", **headers)

    def __enter__(self) -> Self:
        files = self._files

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body, headers = files.get(self.path, (b"", {}))
                self.send_response(200 if body else 404)
                self.send_header("Content-Length", str(len(body)))
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Log nothing: the tests report."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://localhost:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
