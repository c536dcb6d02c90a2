"""Where a foreign page and its script come from: Debian's nginx, everything compressed beforehand with `gzip -9`."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.peers import Missing, free_port
from tests.nginx import nginx, program

SERVER = """
  types {{ text/html html; text/javascript js; }}
  server {{
    listen 127.0.0.1:{port}; root files; gzip_static on; tcp_nopush off;
    location ~ \\.js$ {{ add_header Cache-Control "public, max-age=31536000, immutable"; }}
  }}
"""


@contextmanager
def serve(folder: Path, files: dict[str, str]) -> Iterator[int]:
    """Serve these files on a free port, which is given."""
    if program() is None:
        raise Missing("nginx is not installed")
    (folder / "files").mkdir()
    for name, text in files.items():
        (folder / "files" / name).write_text(text)
        (folder / "files" / f"{name}.gz").write_bytes(gzip.compress(text.encode(), 9))
    port = free_port()
    with nginx(folder, port, SERVER.format(port=port), connections=64):
        yield port
