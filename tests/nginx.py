"""nginx as tests and the bench run it: with all its files in one folder, and in the foreground."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SETTINGS = """
{main} daemon off; pid pid; error_log error.log;
events {{ worker_connections {connections}; }}
http {{
  access_log off; client_body_temp_path body; proxy_temp_path proxy;
  fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  {http}
}}
"""
ONE_PROCESS = "master_process off;"
START_TIMEOUT = 20.0


def program() -> str | None:
    """The path of nginx, if it is installed."""
    return shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")


def command(folder: Path, http: str, *, main: str = ONE_PROCESS, connections: int = 256) -> list[str]:
    """Return what runs nginx with this inside `http`; paths in it are relative to the folder, which must exist."""
    path = program()
    assert path is not None, "nginx is needed: apt-get install nginx"
    (folder / "nginx.conf").write_text(SETTINGS.format(main=main, connections=connections, http=http))
    return [path, "-p", str(folder), "-e", "error.log", "-c", "nginx.conf"]


@contextmanager
def nginx(folder: Path, port: int, http: str, *, connections: int = 256) -> Iterator[None]:
    """Run nginx until it accepts connections on `port`, and stop it at the end."""
    folder.mkdir(exist_ok=True)
    process = subprocess.Popen(command(folder, http, connections=connections), stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + START_TIMEOUT
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None, (folder / "error.log").read_text()
                assert time.monotonic() < deadline, "nginx does not accept connections"
                time.sleep(0.01)
        yield
    finally:
        process.terminate()
        process.wait(20)
