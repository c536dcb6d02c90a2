"""Writers who behave as PROTOCOL.md asks: each change has an Idempotency-Key and is sent again until it is answered."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from typing import Any, Final

import httpx
import orjson

from tests.faults.history import Attempt, Change, History, rfc3339
from tests.faults.plan import Plan, PlannedChange
from tests.faults.topology import FEED, World

ATTEMPT_TIMEOUT: Final = 5.0
"""Seconds that a writer waits for a response before it tries again."""

REVOKED_WITHIN: Final = 2.0
"""Seconds in which a key is issued, holds a dispatch and is revoked, where nothing breaks."""

GIVE_UP: Final = 60.0
"""Seconds after which a change that was never answered is given up."""

WORDS: Final = ["bridge", "river", "minister", "vote", "storm", "coast", "port", "strike", "court", "witness"]


class Writers:
    """All writers of a plan. What one of them changes is a dispatch that it has the receipt of."""

    def __init__(self, plan: Plan, world: World, history: History) -> None:
        self._plan = plan
        self._world = world
        self._history = history
        self._filed: list[str] = []
        """Ids of dispatches that are in the log and were not withdrawn by us."""
        self._held: list[str] = []

    async def run(self) -> None:
        """Ask for every change of the plan at its time, and return when each was answered or given up."""
        headers = {"authorization": f"Bearer {self._world.key}"}
        limits = httpx.Limits(max_keepalive_connections=0)  # so that requests reach every worker
        async with httpx.AsyncClient(
            headers=headers, timeout=ATTEMPT_TIMEOUT, trust_env=False, verify=False, limits=limits
        ) as http:
            async with asyncio.TaskGroup() as tasks:
                for planned in self._plan.changes:
                    await asyncio.sleep(max(0.0, self._history.began + planned.at - time.time()))
                    if (change := self._change(planned)) is not None:
                        self._history.changes.append(change)
                        tasks.create_task(self._make(http, change, planned))

    async def last(self) -> Change:
        """File one more dispatch, which every reader is to get."""
        headers = {"authorization": f"Bearer {self._world.key}"}
        planned = PlannedChange(0.0, "file", 0, 0.0, 60, 0.0, again=False)
        change = self._change(planned)
        assert change is not None
        self._history.changes.append(change)
        async with httpx.AsyncClient(headers=headers, timeout=ATTEMPT_TIMEOUT, trust_env=False, verify=False) as http:
            await self._make(http, change, planned)
        return change

    def _change(self, planned: PlannedChange) -> Change | None:
        """Decide what is meant; None if there is no dispatch yet that could be."""
        number = len(self._history.changes)
        change = Change(number, planned.kind)
        if planned.kind in ("file", "hold", "hold_revoked", "correct"):
            change.token = f"x{self._plan.seed}x{number}x"
        if planned.kind in ("correct", "kill", "pin"):
            if not self._filed:
                return None
            change.target = self._filed[int(planned.pick * len(self._filed))]
            if planned.kind == "kill":
                self._filed.remove(change.target)
        if planned.kind in ("release", "spike"):
            if not self._held:
                return None
            change.target = self._held.pop(int(planned.pick * len(self._held)))
        if planned.kind == "hold":
            change.due = round(time.time() + planned.release_in, 3)
        if planned.kind == "hold_revoked":
            change.due = round(time.time() + planned.release_in + REVOKED_WITHIN, 3)
        return change

    async def _make(self, http: httpx.AsyncClient, change: Change, planned: PlannedChange) -> None:
        request = self._request(change, planned)
        if change.kind != "hold_revoked":
            await self._send(http, change, planned, request)
            return
        body = {"name": f"short-lived {change.number}", "role": "editor"}
        issued = await self._ask(http, planned.node, "POST", "/v1/keys", body, {201})
        if issued is not None:
            request["headers"] = {"authorization": f"Bearer {issued['key']}"}
            await self._send(http, change, planned._replace(again=False), request)
            if await self._ask(http, planned.node, "DELETE", f"/v1/keys/{issued['id']}", None, {204, 404}) is not None:
                change.revoked = time.time()

    async def _ask(
        self, http: httpx.AsyncClient, node: int, method: str, path: str, body: dict[str, Any] | None, wanted: set[int]
    ) -> dict[str, Any] | None:
        """Send an admin's request, to one node after the other, until it has a wanted status; None if it never has."""
        began = time.time()
        while time.time() - began < GIVE_UP:
            with contextlib.suppress(httpx.HTTPError, ValueError):
                response = await http.request(method, self._world.nodes[node].url + path, json=body)
                if response.status_code in wanted:
                    found: dict[str, Any] = response.json() if response.content else {}
                    return found
            await asyncio.sleep(0.3)
            node = (node + 1) % len(self._world.nodes)
        return None

    async def _send(
        self, http: httpx.AsyncClient, change: Change, planned: PlannedChange, request: dict[str, Any]
    ) -> None:
        """Send a change until it is answered."""
        chance = random.Random(change.number)
        nodes = len(self._world.nodes)
        began, node = time.time(), planned.node
        if planned.again:
            await asyncio.gather(*(self._attempt(http, change, request, (node + n) % nodes) for n in range(2)))
        while not _answered(change):
            attempt = await self._attempt(http, change, request, node)
            if not _answered(change):
                if attempt.ended - began > GIVE_UP:
                    return
                await asyncio.sleep(chance.uniform(0.1, min(0.3 * len(change.attempts), 1.5)))
                node = (node + 1) % nodes
        kept = change.kept
        if kept is None:
            return
        if change.kind in ("file", "release"):
            self._filed.append(kept.body["id"])
        elif change.kind == "hold":
            self._held.append(kept.body["id"])
        if planned.again:
            await self._attempt(http, change, request, (node + 1) % nodes)

    def _request(self, change: Change, planned: PlannedChange) -> dict[str, Any]:
        chance = random.Random(change.number)
        text = change.token
        while len(text) < planned.size:
            text += " " + chance.choice(WORDS)
        base, one = f"/v1/feeds/{FEED}", f"/v1/feeds/{FEED}/dispatches/{change.target}"
        fields: dict[str, Any] = {"text": text, "sections": [chance.choice(["Politics", "World"])]}
        match change.kind:
            case "file":
                return {"method": "POST", "url": f"{base}/dispatches", "json": fields}
            case "hold" | "hold_revoked":
                fields["release_at"] = rfc3339(change.due)
                return {"method": "POST", "url": f"{base}/dispatches", "json": fields}
            case "correct":
                return {"method": "PATCH", "url": one, "json": fields, "headers": {"if-match": "*"}}
            case "kill":
                return {"method": "POST", "url": f"{one}/kill", "json": {"reason": "the source withdrew it"}}
            case "pin":
                return {"method": "PUT", "url": f"{base}/pin", "json": {"id": change.target}}
            case "air":
                return {"method": "PUT", "url": f"{base}/air", "json": {"on": True, "label": f"n{change.number}"}}
            case "release":
                return {"method": "POST", "url": f"{base}/held/{change.target}/release"}
            case _:
                return {"method": "DELETE", "url": f"{base}/held/{change.target}"}

    async def _attempt(self, http: httpx.AsyncClient, change: Change, request: dict[str, Any], number: int) -> Attempt:
        node = self._world.nodes[number]
        headers = {"idempotency-key": f"k{self._plan.seed}-{change.number}", **request.get("headers", {})}
        began, status, body = time.time(), None, {}
        try:
            async with asyncio.timeout(ATTEMPT_TIMEOUT):
                url = node.url + request["url"]
                response = await http.request(request["method"], url, json=request.get("json"), headers=headers)
            status = response.status_code
            body = orjson.loads(response.content)
        except (httpx.HTTPError, TimeoutError, ValueError):
            pass  # an answer that was cut is no answer
        attempt = Attempt(change.number, number, began, time.time(), status, body)
        change.attempts.append(attempt)
        return attempt


def _answered(change: Change) -> bool:
    """Return True if a change needs no further attempt: it is kept, or was refused for good.

    After a 500 the writer goes on all the same. A 401 may be the moment after FLUSHALL in which no key is known.
    """
    return any(attempt.status is not None and attempt.status not in (503, 500, 401) for attempt in change.attempts)
