"""Somebody else's web site: pages of another origin than the service's, with the headers that a test gives them."""

from __future__ import annotations

import itertools
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


class Site:
    """Used as a context: it serves inside. Its host is `localhost`, so it is another site, too, than 127.0.0.1."""

    def __init__(self) -> None:
        self._pages: dict[str, tuple[bytes, dict[str, str]]] = {}
        self._numbers = itertools.count()

    def page(self, html: str, **headers: str) -> str:
        """Put a page on the site and return its URL. Underscores in names of headers stand for hyphens."""
        path = f"/{next(self._numbers)}.html"
        self._pages[path] = (html.encode(), {name.replace("_", "-"): value for name, value in headers.items()})
        return f"http://localhost:{self.port}{path}"

    def __enter__(self) -> Self:
        pages = self._pages

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body, headers = pages.get(self.path, (b"", {}))
                self.send_response(200 if body else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing: the tests do."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
