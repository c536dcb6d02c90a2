"""What a stranger sends: samples of heads, bodies, trailers and frames, mutated, in pieces, with some kind of end.

Everything follows from one generator of random numbers, so a seed repeats a run byte for byte.
"""

from __future__ import annotations

import random
import struct
from typing import Final, Literal, NamedTuple

End = Literal["close", "half", "reset", "stay"]
"""How a connection ends: closed, closed on the sender's side, reset, or left open for a while."""

HANDSHAKE: Final = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
    b"Sec-WebSocket-Version: 13\r\n"
)
MASK: Final = b"\0\0\0\0"
PARTS: Final = [
    *(
        b"\r\n",
        b"\r\n\r\n",
        b"\n",
        b"\0",
        b"\xff",
        b":",
        b" ",
        b"\t",
        b",",
        b";",
        b"0\r\n",
        b"%00",
        b"/../",
        b"?after=",
    ),
    *(b"Host: y\r\n", b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"Expect: 100-continue\r\n"),
    *(b"Connection: close\r\n", b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n", HANDSHAKE),
    *(b"X-Forwarded-For: 198.51.100.7, , [::1]:x\r\n", b"Accept: text/event-stream;q=0\r\n", b"a: b\r\n" * 300),
    *(b"Z" * 5000, b"\x89\x80" + MASK, b"\x88\x80" + MASK, b"\x81\xfe\xff\xff"),
]


class Attack(NamedTuple):
    """One connection of a stranger."""

    opening: bytes
    """A handshake that is sent as it is, and whose response is read; empty for none."""
    pieces: list[bytes]
    end: End
    reads: bool
    """Whether it reads something before it ends."""


class Attacks:
    """An endless supply of attacks on one service."""

    def __init__(self, seed: int, *, public: str, private: str, key: str) -> None:
        """`key` opens the feed `private`, whose streams take another way than those of the feed `public`."""
        self._chance = random.Random(seed)
        authorization = b"Authorization: Bearer %b\r\n" % key.encode()
        live, hidden = (f"/v1/feeds/{feed}/live".encode() for feed in (public, private))
        changes = f"/v1/feeds/{public}/changes".encode()
        dispatches = f"/v1/feeds/{private}/dispatches".encode()
        deflate = b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
        self._openings = [
            head(b"GET", live, HANDSHAKE),
            head(b"GET", live, HANDSHAKE + deflate),
            head(b"GET", hidden, HANDSHAKE + authorization),
        ]
        body = b'{"text": "filed by a stranger"}'
        self._requests = [
            *self._openings,
            head(b"GET", b"/healthz") * 3,
            head(b"GET", b"/", b"Accept: text/html\r\n"),
            head(b"HEAD", live, HANDSHAKE),
            head(b"GET", live, b"Accept: text/event-stream\r\n"),
            head(b"GET", hidden, b"Accept: text/event-stream\r\n" + authorization),
            head(b"GET", live, HANDSHAKE.replace(b"13", b"8")),
            head(b"GET", live, HANDSHAKE + b"Content-Length: 3\r\n") + b"abc",
            head(b"GET", changes + b"?wait=0") * 2,
            head(b"GET", changes + b"?after=999999-000000000000&wait=1") + head(b"GET", live, HANDSHAKE),
            head(b"POST", dispatches, authorization + b"Content-Length: %d\r\n" % len(body)) + body,
            head(b"POST", dispatches, authorization + b"Transfer-Encoding: chunked\r\n")
            + b"%x;a=b\r\n%b\r\n0\r\nA: b\r\nContent-Length: 9\r\n\r\n" % (len(body), body),
            head(b"POST", dispatches, b"Content-Length: 2\r\n") + b"{}",
            head(b"POST", b"/v1/keys", b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n") + b"{}",
            head(b"POST", b"/v1/keys", b"Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n")
            + b"2\r\n{}\r\n0\r\n\r\n",
        ]
        self._frames = [
            frame(9),
            frame(9, b"ping") * 80,
            frame(10),
            frame(1, b"hello"),
            frame(1, "\N{ARABIC LETTER SEEN}".encode()[:1], fin=False) + frame(9) + frame(0, b"\xb3"),
            frame(1, b"x" * 4000),
            frame(2, b"\xff" * 126),
            frame(0x41, b"\xf2H\xcd\xc9\xc9\x07\0"),  # "Hello", compressed
            frame(0x41, b"\xed\xc1" + b"\0" * 60),
            frame(8, struct.pack("!H", 1000) + b"bye"),
            frame(1, b"open", fin=False) + frame(8),
            frame(8, struct.pack("!H", 1006)),
        ]

    def next(self) -> Attack:
        """Return the next attack."""
        chance = self._chance
        opening, samples = b"", self._requests
        if chance.random() < 0.4:
            opening, samples = chance.choice(self._openings), self._frames
        data = self._mutated(samples)
        cuts = sorted(chance.randrange(len(data) + 1) for _ in range(chance.randrange(3)))
        pieces = [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
        if chance.random() < 0.2:
            pieces.pop()  # what is never sent
        end: End = chance.choices(("close", "half", "reset", "stay"), (4, 2, 2, 2))[0]
        return Attack(opening, [piece for piece in pieces if piece], end, reads=chance.random() < 0.5)

    def _mutated(self, samples: list[bytes]) -> bytes:
        chance = self._chance
        data = bytearray(b"".join(chance.choice(samples) for _ in range(chance.choice((1, 1, 2, 3)))))
        for _ in range(chance.randrange(4)):
            at = chance.randrange(len(data) + 1)
            match chance.randrange(5):
                case 0:
                    data[at : at + 1] = bytes([chance.randrange(256)])
                case 1:
                    data[at:at] = chance.choice(PARTS)
                case 2:
                    del data[at : at + chance.randrange(1, 40)]
                case 3:
                    data[at:at] = data[at : at + chance.randrange(1, 200)] * chance.randrange(1, 20)
                case _:
                    if at < len(data):
                        data[at] ^= 1 << chance.randrange(8)
        return bytes(data)


def head(method: bytes, path: bytes, headers: bytes = b"") -> bytes:
    """Return the head of a request."""
    return b"%b %b HTTP/1.1\r\nHost: x\r\n%b\r\n" % (method, path, headers)


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True) -> bytes:
    """Return a WebSocket frame whose mask changes nothing."""
    size = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + struct.pack("!H", len(payload))
    return bytes([(0x80 if fin else 0) | opcode]) + size + MASK + payload
