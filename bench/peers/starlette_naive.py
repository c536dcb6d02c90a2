"""What a web developer writes first: Starlette, a task and a queue for each reader."""

from __future__ import annotations

import sys

import starlette
import uvicorn

from bench.peers import HERE, Piped


class Server(Piped):
    """See above."""

    title = "Starlette, naive"
    about = (
        f"Starlette {starlette.__version__}, uvicorn {uvicorn.__version__} (uvloop, httptools, websockets-sansio, "
        "no deflate, no pings), a queue and a task a reader"
    )

    def command(self) -> list[str]:
        return [sys.executable, str(HERE / "starlette_server.py"), str(self.port)]
