"""The listening sockets of the workers, and what each connection inherits from them."""

from __future__ import annotations

import socket

import pytest

from ticker.errors import BadSetting
from ticker.server.listeners import ACK_TIMEOUT, SEND_BUFFER_SIZE, listen
from ticker.settings import Settings


def test_a_connection_inherits_options_that_detect_dead_peers_and_bound_its_queue() -> None:
    [listener] = listen(Settings.read(port=0))
    with listener, socket.create_connection(listener.getsockname()) as client:
        client.sendall(b"x")  # or it would not be accepted yet
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == ACK_TIMEOUT * 1000
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
            assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            # Linux reports twice what was set.
            assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) == 2 * SEND_BUFFER_SIZE


def test_all_workers_listen_on_one_port() -> None:
    listeners = listen(Settings.read(port=0, workers=3))
    assert len({listener.getsockname() for listener in listeners}) == 1
    for listener in listeners:
        listener.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_port_that_is_taken_is_refused_even_if_it_is_shared(host: str) -> None:
    listeners = listen(Settings.read(host=host, port=0))
    port = listeners[0].getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    with listeners[0], pytest.raises(BadSetting, match="cannot listen on") as refused:
        listen(Settings.read(host=host, port=port))
    assert f"{shown}:{port}: Address already in use" in str(refused.value)


def test_a_host_that_cannot_be_is_refused() -> None:
    with pytest.raises(BadSetting, match="cannot listen on"):
        listen(Settings.read(host="x" * 64 + ".example", port=0))
