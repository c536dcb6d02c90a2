"""The answer that opens a stream, whole or in chunks."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticker.load.answer import Answer, Chunks, read

SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"


def test_an_answer_opens_a_stream_once_its_head_is_whole() -> None:
    assert read(SWITCH[:-1], sse=False) is None
    assert read(SWITCH, sse=False) == Answer("", chunked=False, body=b"")
    assert read(SWITCH + b"frames", sse=False) == Answer("", chunked=False, body=b"frames")


@pytest.mark.parametrize(
    ("said", "sse", "refused"),
    [
        (b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\n\r\n", True, "HTTP/1.1 503 Service Unavailable"),
        (b"HTTP/1.1 200 OK\r\n\r\n<p>a proxy's page</p>", False, "HTTP/1.1 200 OK"),
        (SWITCH, True, "HTTP/1.1 101 Switching Protocols"),
    ],
)
def test_another_answer_is_a_refusal(said: bytes, refused: str, *, sse: bool) -> None:
    answer = read(said, sse=sse)
    assert answer is not None
    assert answer.refused == refused


@pytest.mark.parametrize("name", [b"transfer-encoding: ", b"Transfer-Encoding: ", b"Transfer-Encoding:"])
def test_a_body_may_come_in_chunks(name: bytes) -> None:
    answer = read(EVENTS + name + b"chunked\r\n\r\n5\r\nfirst", sse=True)
    assert answer == Answer("", chunked=True, body=b"5\r\nfirst")


@given(
    carried=st.lists(st.binary(min_size=1, max_size=40), max_size=5),
    cuts=st.lists(st.integers(0, 300), max_size=12),
    extended=st.booleans(),
)
def test_chunks_carry_the_same_however_their_bytes_are_cut(
    carried: list[bytes], cuts: list[int], *, extended: bool
) -> None:
    extension = b";name=value" if extended else b""
    stream = b"".join(b"%X%s\r\n%s\r\n" % (len(part), extension, part) for part in carried)
    stream += b"0\r\nchecked: yes\r\n\r\n"
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    chunks = Chunks()
    assert b"".join(chunks.body(stream[a:b]) for a, b in pairwise(edges)) == b"".join(carried)


def test_a_length_that_is_none_is_an_error() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        Chunks().body(b"<p>what is this\r\n")
