"""Correspondents in one process: bare keep-alive connections that file a line, wait for the 201, and file again."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from multiprocessing.connection import Connection

import uvloop


def write(answer: Connection, port: int, feed: str, key: str, writers: int, seconds: float) -> None:
    """File lines for so many seconds; answer with how many were kept and how long each answer took (ms)."""
    answer.send(uvloop.run(_write(port, feed, key, writers, seconds)))


async def _write(port: int, feed: str, key: str, writers: int, seconds: float) -> tuple[int, list[float]]:
    taken: list[float] = []
    until = time.monotonic() + seconds
    await asyncio.gather(*(_writer(port, feed, key, until, taken) for _ in range(writers)))
    return len(taken), taken


async def _writer(port: int, feed: str, key: str, until: float, taken: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    name, number = secrets.token_hex(4), 0
    while time.monotonic() < until:
        number += 1
        body = json.dumps({"text": f"Line {number} of {name}: seven words that somebody has to read."}).encode()
        before = time.monotonic()
        writer.write(
            f"POST /v1/feeds/{feed}/dispatches HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n"
            f'Idempotency-Key: "{name}-{number}"\r\nContent-Type: application/json\r\n'
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 201"):
            raise AssertionError(head)
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length))
        taken.append((time.monotonic() - before) * 1000)
    writer.close()
