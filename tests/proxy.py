"""Proxies in front of a service or a server under test."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable, Iterator

import anyio
from anyio.abc import ByteReceiveStream, ByteSendStream, ByteStream, Listener, SocketAttribute, TaskStatus
from anyio.from_thread import start_blocking_portal
from anyio.streams.tls import TLSListener

from tests.service import Service

Change = Callable[[bytes], bytes]


@contextlib.contextmanager
def proxy(
    service: Service, *, ask: Change = bytes, answer: Change = bytes, tls: ssl.SSLContext | None = None
) -> Iterator[int]:
    """Run a proxy in front of a service, which changes each piece that passes; give its port."""

    async def stand(*, task_status: TaskStatus[int]) -> None:
        listener: Listener[ByteStream] = await anyio.create_tcp_listener(local_host="127.0.0.1")
        port = listener.extra(SocketAttribute.local_port)
        if tls is not None:
            listener = TLSListener(listener, tls, standard_compatible=False)
        async with listener:
            task_status.started(port)
            await listener.serve(between)

    async def between(client: ByteStream) -> None:
        async with (
            client,
            await anyio.connect_tcp("127.0.0.1", service.port) as server,
            anyio.create_task_group() as ways,
        ):
            ways.start_soon(carry, client, server, ask, ways.cancel_scope)
            ways.start_soon(carry, server, client, answer, ways.cancel_scope)

    async def carry(source: ByteReceiveStream, sink: ByteSendStream, change: Change, both: anyio.CancelScope) -> None:
        with contextlib.suppress(anyio.BrokenResourceError):
            async for piece in source:
                await sink.send(change(piece))
        both.cancel()

    with start_blocking_portal() as portal:
        standing, port = portal.start_task(stand)
        yield port
        standing.cancel()


class Switch:
    """A TCP proxy before a server, as in front of a failover: new connections go to its target, old ones stay."""

    def __init__(self, target: int) -> None:
        self.target = target

    @contextlib.contextmanager
    def standing(self) -> Iterator[int]:
        """Run it, and give the port."""

        async def stand(*, task_status: TaskStatus[int]) -> None:
            listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
            async with listener:
                task_status.started(listener.extra(SocketAttribute.local_port))
                await listener.serve(between)

        async def between(client: ByteStream) -> None:
            async with client, await anyio.connect_tcp("127.0.0.1", self.target) as server:
                async with anyio.create_task_group() as ways:
                    ways.start_soon(carry, client, server, ways.cancel_scope)
                    ways.start_soon(carry, server, client, ways.cancel_scope)

        async def carry(source: ByteReceiveStream, sink: ByteSendStream, both: anyio.CancelScope) -> None:
            with contextlib.suppress(anyio.BrokenResourceError):
                async for piece in source:
                    await sink.send(piece)
            both.cancel()

        with start_blocking_portal() as portal:
            running, port = portal.start_task(stand)
            yield port
            running.cancel()
