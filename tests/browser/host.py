"""Somebody else's site: a server on another origin, whose pages embed the service under test."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class Host:
    """Pages by path, each a text and its headers, served on a free port of localhost."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[str, dict[str, str]]] = {}
        pages = self.pages

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                text, headers = pages.get(self.path, ("", {}))
                body = text.encode()
                self.send_response(200 if self.path in pages else 404)
                for name, value in {"content-type": "text/html; charset=utf-8", **headers}.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        # Another name than the service's, so another site as well as another origin.
        self.origin = f"http://localhost:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def page(self, path: str, body: str, head: str = "", **headers: str) -> str:
        """Put up a page and return its URL. Underscores in header names stand for hyphens."""
        head = f"<meta charset=utf-8><title>Host</title>{head}"
        text = f"<!doctype html><html lang=en><head>{head}</head><body>{body}</body></html>"
        self.pages[path] = (text, {name.replace("_", "-"): value for name, value in headers.items()})
        return self.origin + path
