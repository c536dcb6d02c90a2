"""The response head that opens a stream, and chunked bodies."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticker.load.response import Chunks, ResponseHead, read_head

SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"


def test_a_response_opens_a_stream_once_its_head_is_complete() -> None:
    assert read_head(SWITCH[:-1], sse=False) is None
    assert read_head(SWITCH, sse=False) == ResponseHead("", chunked=False, body=b"")
    assert read_head(SWITCH + b"frames", sse=False) == ResponseHead("", chunked=False, body=b"frames")


@pytest.mark.parametrize(
    ("response", "sse", "refused"),
    [
        (b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\n\r\n", True, "HTTP/1.1 503 Service Unavailable"),
        (b"HTTP/1.1 200 OK\r\n\r\n<p>a proxy's page</p>", False, "HTTP/1.1 200 OK"),
        (SWITCH, True, "HTTP/1.1 101 Switching Protocols"),
    ],
)
def test_any_other_response_is_a_refusal(response: bytes, refused: str, *, sse: bool) -> None:
    head = read_head(response, sse=sse)
    assert head is not None
    assert head.refused == refused


@pytest.mark.parametrize("name", [b"transfer-encoding: ", b"Transfer-Encoding: ", b"Transfer-Encoding:"])
def test_a_body_may_be_chunked(name: bytes) -> None:
    head = read_head(EVENTS + name + b"chunked\r\n\r\n5\r\nfirst", sse=True)
    assert head == ResponseHead("", chunked=True, body=b"5\r\nfirst")


@given(
    carried=st.lists(st.binary(min_size=1, max_size=40), max_size=5),
    cuts=st.lists(st.integers(0, 300), max_size=12),
    extended=st.booleans(),
)
def test_chunks_are_decoded_however_their_bytes_are_split(
    carried: list[bytes], cuts: list[int], *, extended: bool
) -> None:
    extension = b";name=value" if extended else b""
    stream = b"".join(b"%X%s\r\n%s\r\n" % (len(part), extension, part) for part in carried)
    stream += b"0\r\nchecked: yes\r\n\r\n"
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    chunks = Chunks()
    assert b"".join(chunks.body(stream[a:b]) for a, b in pairwise(edges)) == b"".join(carried)


def test_an_invalid_length_is_an_error() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        Chunks().body(b"<p>what is this\r\n")
