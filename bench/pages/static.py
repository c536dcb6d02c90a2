"""Where a foreign page and its script come from: Debian's nginx, everything compressed beforehand with `gzip -9`."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.peers import Missing, free_port, wait_for

SETTINGS = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  types {{ text/html html; text/javascript js; }}
  server {{
    listen 127.0.0.1:{port}; root {folder}/files; gzip_static on; tcp_nopush off;
    location ~ \\.js$ {{ add_header Cache-Control "public, max-age=31536000, immutable"; }}
  }}
}}
"""


@contextmanager
def serve(folder: Path, files: dict[str, str]) -> Iterator[int]:
    """Serve these files on a free port, which is given."""
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    if not Path(nginx).exists():
        raise Missing("nginx is not installed")
    (folder / "files").mkdir()
    for name, text in files.items():
        (folder / "files" / name).write_text(text)
        (folder / "files" / f"{name}.gz").write_bytes(gzip.compress(text.encode(), 9))
    port = free_port()
    settings = folder / "nginx.conf"
    settings.write_text(SETTINGS.format(folder=folder, port=port))
    process = subprocess.Popen([nginx, "-e", str(folder / "error.log"), "-c", str(settings)], stderr=subprocess.DEVNULL)
    try:
        wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait()
