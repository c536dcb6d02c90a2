"""The addresses of a cluster."""

from __future__ import annotations

import pytest

from ticker.errors import BadSetting
from ticker.journal.cluster_address import ClusterAddress
from ticker.journal.connect import connect
from ticker.journal.slots import Address

SECRET = "hunter2swordfish"


def test_each_server_has_the_user_the_password_and_the_options() -> None:
    address = ClusterAddress("redis+cluster://me:p%40ss@one:7000,[::1]:7001,two?socket_keepalive=yes")
    assert address.seeds == [Address("one", 7000), Address("::1", 7001), Address("two", 6379)]
    assert address.of(Address("10.0.0.9", 1)) == "redis://me:p%40ss@10.0.0.9:1/?socket_keepalive=yes"
    assert address.of(Address("::2", 1)) == "redis://me:p%40ss@[::2]:1/?socket_keepalive=yes"
    assert ClusterAddress("rediss+cluster://one").of(Address("two", 2)) == "rediss://two:2/"


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        ("redis+cluster://:{}@one,two:x", "port must be a number"),
        ("redis+cluster://:{}@one,,two", "has no host"),
        ("redis+cluster://:{}@one:7000/1", "no numbered databases"),
        ("redis+cluster://:{}@one:7000?db=1", "no numbered databases"),
        ("redis+cluster://:{}@one?protocol=3", "protocol cannot be set"),
        ("redis+cluster://", "has no host"),
    ],
)
def test_what_is_wrong_is_named_without_the_password(address: str, fault: str) -> None:
    with pytest.raises(BadSetting, match=fault) as refused:
        connect(address.replace("{}", SECRET))
    assert str(refused.value).startswith("TICKER_REDIS_URL: ")
    assert SECRET not in str(refused.value)
