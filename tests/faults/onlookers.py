"""Onlookers: requests for everything that can show a dispatch, one after the other, at any node, for the whole plan."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any, Final

import httpx
import orjson

from tests.faults.history import Fetched, History
from tests.faults.topology import FEED, World

INTERVAL: Final = 0.15
"""Seconds between two requests."""


async def look(world: World, history: History, seed: int) -> None:
    """Fetch snapshots, changes, history, dispatches and pages until cancelled."""
    chance = random.Random(seed)
    limits = httpx.Limits(max_keepalive_connections=0)
    async with httpx.AsyncClient(timeout=4.0, trust_env=False, verify=False, limits=limits) as http:
        while True:
            await asyncio.sleep(INTERVAL)
            node = chance.randrange(len(world.nodes))
            killed = [change.target for change in history.changes if change.kind == "kill" and change.kept]
            base = f"/v1/feeds/{FEED}"
            ways = {
                "snapshot": base,
                "changes": f"{base}/changes",
                "history": f"{base}/dispatches?limit=100",
                "page": chance.choice([f"/feeds/{FEED}", f"/embed/feeds/{FEED}/fragment"]),
            }
            if killed:
                ways["dispatch"] = f"{base}/dispatches/{chance.choice(killed)}"
            what = chance.choice(list(ways))
            began = time.time()
            try:
                response = await http.get(world.nodes[node].url + ways[what])
            except httpx.HTTPError:
                continue
            history.fetched.append(
                Fetched(what, node, began, time.time(), response.status_code, response.text, _json(response))
            )


def _json(response: httpx.Response) -> dict[str, Any]:
    if "json" not in response.headers.get("content-type", ""):
        return {}
    body: dict[str, Any] = orjson.loads(response.content)
    return body
