"""An honest correspondent and an honest reader, in a process of their own: what they notice of an attack."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import secrets
import threading
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Final

import orjson
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from bench.strangers import Target

EVERY: Final = 0.05
"""Seconds from one dispatch to the next."""

LAST_FRAMES: Final = 5.0
"""Seconds in which the last dispatch must reach the reader."""


@dataclass
class Noticed:
    """What was noticed.

    Attributes:
        posts: milliseconds of each POST until its 201.
        refused: POSTs that got another response, or none.
        ways: milliseconds from each POST to its frame at the reader.
        delayed: `delayed` frames, and connections that the reader lost.
    """

    posts: list[float] = field(default_factory=list)
    refused: int = 0
    ways: list[float] = field(default_factory=list)
    delayed: int = 0


def notice(target: Target, seconds: float) -> Noticed:
    """File and read for so many seconds."""
    mine, its = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_notice, args=(its, target, seconds))
    process.start()
    its.close()
    noticed: Noticed = mine.recv()
    process.join()
    return noticed


def _notice(result: Connection, target: Target, seconds: float) -> None:
    noticed, sent, seen = Noticed(), dict[str, float](), dict[str, float]()
    joined, stop = threading.Event(), threading.Event()
    reader = threading.Thread(target=_read, args=(target, noticed, seen, joined, stop))
    reader.start()
    joined.wait(30)
    _file(target, noticed, sent, seconds)
    deadline = time.monotonic() + LAST_FRAMES
    while sent.keys() - seen.keys() and time.monotonic() < deadline:
        time.sleep(0.01)
    stop.set()
    reader.join()
    noticed.ways = [(seen[text] - sent[text]) * 1000 for text in sent.keys() & seen.keys()]
    noticed.delayed += len(sent.keys() - seen.keys())
    result.send(noticed)


def _file(target: Target, noticed: Noticed, sent: dict[str, float], seconds: float) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=10)
    began = time.monotonic()
    for number in range(int(seconds / EVERY)):
        time.sleep(max(began + number * EVERY - time.monotonic(), 0))
        text = f"honest {secrets.token_hex(8)}"
        before = sent[text] = time.monotonic()
        try:
            connection.request(
                "POST",
                f"/v1/feeds/{target.feed}/dispatches",
                json.dumps({"text": text}),
                {"Authorization": f"Bearer {target.key}"},
            )
            response = connection.getresponse()
            response.read()
            kept = response.status == 201
        except (OSError, http.client.HTTPException):
            connection.close()
            kept = False
        noticed.posts.append((time.monotonic() - before) * 1000)
        if not kept:
            noticed.refused += 1
            del sent[text]
    connection.close()


def _read(
    target: Target, noticed: Noticed, seen: dict[str, float], joined: threading.Event, stop: threading.Event
) -> None:
    with connect(f"ws://127.0.0.1:{target.port}/v1/feeds/{target.feed}/live", max_size=None) as stream:
        while not stop.is_set():
            try:
                frame = orjson.loads(stream.recv(timeout=0.1))
            except TimeoutError:
                continue
            except ConnectionClosed:
                noticed.delayed += 1
                return
            joined.set()
            if frame["type"] == "dispatch":
                seen[frame["dispatch"]["text"]] = time.monotonic()
            noticed.delayed += frame["type"] == "delayed"
