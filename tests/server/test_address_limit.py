"""How many connections an address may have: directly, behind proxies, and however they end."""

from __future__ import annotations

import contextlib
import itertools
import socket
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.server.test_hand_off import UPGRADE, Connection
from tests.service import Service
from ticker.client_address import MAX_HOPS, ClientAddresses
from ticker.errors import TooManyConnections
from ticker.server.address_limit import RETRY_AFTER, AddressLimit, CountedConnection
from ticker.settings import Settings

TRUSTED = Settings.read().trusted


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", None),
        ("127.9.9.9", None),
        ("::1", None),
        ("::ffff:127.0.0.1", None),
        ("10.1.2.3", None),
        ("172.20.0.5", None),
        ("192.168.1.1", None),
        ("fd00::1", None),
        ("fe80::1%eth0", None),
        ("", None),
        ("nonsense", None),
    ],
)
def test_an_address_counts_for_itself_and_proxies_for_nobody(address: str, group: str | None) -> None:
    assert ClientAddresses(TRUSTED).group(address) == group


def test_without_trusted_proxies_loopback_counts_too() -> None:
    addresses = ClientAddresses(Settings.read(trusted_proxies="none").trusted)
    assert addresses.group("127.0.0.1") == "127.0.0.1"
    assert addresses.group("::1") == "::/64"


@pytest.mark.parametrize(
    ("header", "group"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("203.0.113.9, 198.51.100.7", "198.51.100.7"),  # what stands before it, the client said itself
        ("198.51.100.7, 10.0.0.1, 127.0.0.1", "198.51.100.7"),
        ("198.51.100.7:4711", "198.51.100.7"),
        ("[2001:db8::1]:4711", "2001:db8::/64"),
        ("2001:db8::1", "2001:db8::/64"),
        ("198.51.100.7, unknown", None),
        ("198.51.100.7, , 10.0.0.1", None),
        ("10.0.0.1", None),
        ("", None),
        (", ".join(["198.51.100.7", *["10.0.0.1"] * MAX_HOPS]), None),
    ],
)
def test_a_proxy_names_the_client(header: str, group: str | None) -> None:
    assert ClientAddresses(TRUSTED).forwarded(header) == group


def test_a_connection_counts_until_it_is_closed() -> None:
    limit = AddressLimit(2, TRUSTED, open_files=1000)
    assert [limit.admit(descriptor, "198.51.100.7") for descriptor in (5, 6, 7)] == [True, True, False]
    assert limit.admit(8, "198.51.100.8")
    assert all(limit.admit(descriptor, "127.0.0.1") for descriptor in range(10, 20))
    limit.close(5)
    limit.close(5)
    limit.close(11)
    assert len(limit) == 2
    assert limit.admit(5, "198.51.100.7")


def test_a_proxys_connection_counts_for_the_client_of_its_request() -> None:
    limit = AddressLimit(1, TRUSTED, open_files=1000)
    theirs = {"x-forwarded-for": "198.51.100.7"}
    assert all(limit.admit(descriptor, "127.0.0.1") for descriptor in (5, 6))
    assert limit.start_request(5, theirs)
    assert not limit.start_request(6, theirs)
    assert limit.start_request(6, {})
    limit.end_request(5)
    assert limit.start_request(6, theirs)
    limit.close(6)
    assert len(limit) == 0
    assert limit.admit(7, "198.51.100.7")
    assert limit.start_request(7, {"x-forwarded-for": "203.0.113.9"}), "who is no proxy is not believed"
    limit.end_request(7)
    assert len(limit) == 1


def test_a_connection_counts_on_while_it_has_a_transport() -> None:
    limit = AddressLimit(1, TRUSTED, open_files=1000)
    limit.admit(5, "198.51.100.7")
    counted = CountedConnection(limit, 5)
    assert not limit.admit(5, "198.51.100.7"), "its descriptor may be another's by now"
    counted.end_request()
    counted.leave(9)
    counted.close()
    assert len(limit) == 1
    limit.close(9)
    proxy_socket = CountedConnection(limit, 6)
    other = CountedConnection(limit, 7)
    for _ in range(2):
        proxy_socket.start_request({"x-forwarded-for": "198.51.100.7"})
    with pytest.raises(TooManyConnections):
        other.start_request({"x-forwarded-for": "198.51.100.7"})
    proxy_socket.leave(11)
    proxy_socket.close()
    limit.end_request(11)
    other.start_request({"x-forwarded-for": "198.51.100.7"})
    other.close()
    assert len(limit) == 0


def test_0_sets_no_limit_and_one_address_never_gets_all_open_files() -> None:
    assert AddressLimit(0, TRUSTED, open_files=1000).limit == 0
    assert AddressLimit(500, TRUSTED, open_files=1000).limit == 250
    assert AddressLimit(100, TRUSTED, open_files=1000).limit == 100
    unlimited = AddressLimit(0, TRUSTED, open_files=8)
    assert all(unlimited.admit(descriptor, "198.51.100.7") for descriptor in range(100))
    assert unlimited.start_request(200, {"x-forwarded-for": "198.51.100.7"})
    assert len(unlimited) == 0


# In the service

LIMIT = 5
LIVE = "/v1/feeds/breaking/live"
EVENTS = {"Accept": "text/event-stream"}
_clients = itertools.count(1)


@pytest.fixture
def via() -> dict[str, str]:
    """The header of a proxy's request, for a client that no other test has: connections count until they are gone."""
    return {"X-Forwarded-For": f"203.0.113.9, 198.51.100.{next(_clients)}"}


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("limited"), address_connections=str(LIMIT)) as service:
        yield service


@pytest.fixture(scope="module")
def direct(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service for which 127.0.0.1 is a client like any other, and other addresses of this machine are proxies."""
    settings = {"address_connections": str(LIMIT), "trusted_proxies": "127.0.0.2/32"}
    with Service(tmp_path_factory.mktemp("direct"), **settings) as service:
        service.http.close()  # it would count
        yield service


def is_refused(connection: Connection, status: int, headers: dict[str, str]) -> None:
    assert status == 429
    assert headers["retry-after"] == str(RETRY_AFTER)
    assert headers["content-type"] == "application/problem+json"
    assert orjson.loads(connection.file.read())["type"] == "urn:ticker:problem:too-many-connections"


def close(connection: Connection) -> None:
    connection.file.close()
    connection.socket.close()


def private(service: Service) -> str:
    feed = service.open_feed()
    service.http.patch(f"/v1/feeds/{feed}", json={"visibility": "private"})
    return f"/v1/feeds/{feed}/live"


@pytest.mark.parametrize("way", [UPGRADE, EVENTS], ids=["websocket", "events"])
@pytest.mark.parametrize("handed_off", [True, False])
def test_a_client_behind_a_proxy_has_so_many_streams(
    limited: Service, way: dict[str, str], via: dict[str, str], *, handed_off: bool
) -> None:
    path = LIVE if handed_off else private(limited)
    headers = way | via | limited.authorization
    with contextlib.ExitStack() as stack:
        opened = [Connection(limited) for _ in range(LIMIT)]
        for each in opened:
            stack.callback(close, each)
            assert each.ask(path, headers)[0] in (101, 200)
        refused = Connection(limited)
        stack.callback(close, refused)
        is_refused(refused, *refused.ask(path, headers))
        client = via["X-Forwarded-For"].rpartition(" ")[2]
        for forwarded in (None, f"198.51.101.{next(_clients)}", f"{client}, 198.51.101.{next(_clients)}"):
            others = {} if forwarded is None else {"X-Forwarded-For": forwarded}
            other = Connection(limited)
            stack.callback(close, other)
            assert other.ask(path, way | others | limited.authorization)[0] in (101, 200)
        assert limited.http.get("/healthz").status_code == 200
    again = []

    def admitted() -> bool:
        connection = Connection(limited)
        again.append(connection)
        return connection.ask(path, headers)[0] in (101, 200)

    for _ in range(LIMIT):
        limited.until(admitted)
    for each in again:
        close(each)


def test_a_proxys_kept_connections_count_only_while_they_carry_a_request(limited: Service, via: dict[str, str]) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(2 * LIMIT):
            for path in ("/healthz", "/v1/feeds/breaking/changes"):
                kept = Connection(limited)
                stack.callback(close, kept)
                for _ in range(2):
                    status, headers = kept.ask(path, via)
                    assert status == 200
                    kept.file.read(int(headers["content-length"]))


def test_a_client_behind_a_proxy_has_so_many_waits(limited: Service, via: dict[str, str]) -> None:
    position = limited.snapshot("breaking")["position"]
    path = f"/v1/feeds/breaking/changes?after={position}&wait=20"
    with contextlib.ExitStack() as stack:
        for _ in range(LIMIT):
            waits = Connection(limited)
            stack.callback(close, waits)
            lines = "".join(f"{name}: {value}\r\n" for name, value in via.items())
            waits.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode())
        limited.until(lambda: 'ticker_waiting{feed="breaking"} 5' in limited.http.get("/metrics").text)
        refused = Connection(limited)
        stack.callback(close, refused)
        is_refused(refused, *refused.ask(path, via))


def served(service: Service) -> bool:
    connection = Connection(service)
    try:
        return connection.ask("/healthz", {})[0] == 200
    finally:
        close(connection)


def test_a_stranger_has_so_many_connections_of_any_kind(direct: Service) -> None:
    with contextlib.ExitStack() as stack:
        kinds = [Connection(direct) for _ in range(LIMIT)]
        for each in kinds:
            stack.callback(close, each)
        assert kinds[0].ask(LIVE, UPGRADE)[0] == 101
        assert kinds[1].ask(LIVE, EVENTS)[0] == 200
        assert kinds[2].ask("/v1/feeds", {})[0] == 200
        kinds[3].socket.sendall(b"GET / HTTP/1.1\r\n")
        kinds[4].socket.sendall(b"POST /v1/keys HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
        direct.until(lambda: not served(direct))  # all five have been accepted
        for _ in range(3):
            refused = Connection(direct)
            stack.callback(close, refused)
            is_refused(refused, *refused.ask("/healthz", {"X-Forwarded-For": "198.51.100.7"}))
        proxy = socket.create_connection(("127.0.0.1", direct.port), source_address=("127.0.0.2", 0))
        stack.callback(proxy.close)
        proxy.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert proxy.recv(65536).startswith(b"HTTP/1.1 200")

    for _ in range(10 * LIMIT):  # each is closed before the next
        direct.until(lambda: served(direct))


@pytest.mark.parametrize("setting", ["10.0.0.0/33", "nonsense", "10.0.0.1/8", ","])
def test_a_setting_that_names_no_network_is_refused_in_one_line(tmp_path: Path, setting: str) -> None:
    service = Service(tmp_path, trusted_proxies=setting)
    with pytest.raises(AssertionError, match="TICKER_TRUSTED_PROXIES: is not a list of networks"):
        service.start()
    service.process.wait(20)
    service._close()
