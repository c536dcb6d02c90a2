"""Compressed responses: for whom, and with turns for others in between."""

from __future__ import annotations

import asyncio
import gzip

import httpx
import pytest
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp

from ticker.web.compression import PIECE_SIZE, Compression
from ticker.web.headers import COMPRESS_FROM
from ticker.web.pieces import Pieces

pytestmark = pytest.mark.anyio

LONG = b"".join(b"%d breaking " % number for number in range(40_000))


async def get(app: ASGIApp, accept: str | None, *, pieces: Pieces | None = None) -> tuple[httpx.Response, bytes]:
    """Return a response and its body as it was sent."""
    transport = httpx.ASGITransport(Compression(app, pieces or Pieces()))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        headers = {} if accept is None else {"accept-encoding": accept}
        request = client.build_request("GET", "/", headers=headers)
        if accept is None:
            del request.headers["accept-encoding"]
        response = await client.send(request, stream=True)
        raw = b"".join([part async for part in response.aiter_raw()])
        return response, raw


@pytest.mark.parametrize("accept", ["gzip", "GZIP", "br, gzip;q=0.5", "deflate,gzip"])
async def test_it_is_compressed_for_who_accepts_it(accept: str) -> None:
    response, raw = await get(Response(LONG, media_type="text/html"), accept)
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["content-length"] == str(len(raw))
    assert response.headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(raw) == LONG


@pytest.mark.parametrize("accept", [None, "", "br", "gzip;q=0", "gzip; q=0.0, br", "x-notgzip", "identity"])
async def test_it_is_not_for_others(accept: str | None) -> None:
    response, raw = await get(Response(LONG, media_type="text/html"), accept)
    assert "content-encoding" not in response.headers
    assert response.headers["vary"] == "Accept-Encoding", "caches must know that others get another body"
    assert raw == LONG


async def test_what_fits_into_a_packet_is_sent_as_it_is() -> None:
    response, raw = await get(Response(LONG[: COMPRESS_FROM - 1]), "gzip")
    assert "content-encoding" not in response.headers
    assert raw == LONG[: COMPRESS_FROM - 1]


@pytest.mark.parametrize("accept", ["gzip", None])
@pytest.mark.parametrize(
    ("vary", "expected"),
    [
        (None, "Accept-Encoding"),
        ("Authorization, Cookie", "Authorization, Cookie, Accept-Encoding"),
        ("Accept-Encoding", "Accept-Encoding"),
    ],
)
async def test_a_304_varies_as_the_response_does_that_a_cache_has(
    accept: str | None, vary: str | None, expected: str
) -> None:
    response, _ = await get(Response(status_code=304, headers={} if vary is None else {"vary": vary}), accept)
    assert response.headers["vary"] == expected


async def test_a_body_in_parts_is_compressed_part_by_part() -> None:
    async def parts() -> object:
        for start in range(0, len(LONG), 100_000):
            yield LONG[start : start + 100_000]

    response, raw = await get(StreamingResponse(parts(), media_type="text/html"), "gzip")  # type: ignore[arg-type]
    assert response.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw) == LONG


async def test_others_have_turns_while_a_long_body_is_compressed() -> None:
    now, turns = 0.0, 0

    def clock() -> float:
        nonlocal now
        now += 1.0  # each step is longer than a piece
        return now

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    beside = asyncio.create_task(others())
    _, raw = await get(Response(LONG, media_type="text/html"), "gzip", pieces=Pieces(clock))
    beside.cancel()
    assert gzip.decompress(raw) == LONG
    assert turns >= len(LONG) // PIECE_SIZE


async def test_a_receipt_is_sent_as_it_is() -> None:
    transport = httpx.ASGITransport(Compression(Response(LONG), Pieces()))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        response = await client.post("/", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in response.headers
    assert response.content == LONG
