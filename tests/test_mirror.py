"""Tests mirror the package: each module has its test file at the same path, or is listed here with where it is tested.

ticker/journal/audit.py    →  tests/journal/test_audit.py
ticker/journal/append.lua  →  tests/journal/test_append.py
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_layers import PACKAGE

TESTS = Path(__file__).parent
ROOT = TESTS.parent
MODULES = sorted(
    path.relative_to(PACKAGE)
    for path in PACKAGE.rglob("*")
    if path.suffix in (".py", ".lua") and path.stem != "__init__"
)

ELSEWHERE = {
    # Module, or folder for those in it that are not named themselves → test files, relative to ticker/ and tests/.
    "__main__.py": ["cli/test_imports.py"],
    "asking.py": ["test_follow.py"],
    "awaited.py": ["test_follower.py"],
    "cli/backend.py": ["cli/test_data.py"],
    "cli/change.py": ["cli/test_waiting.py", "cli/test_streams.py"],
    "cli/commands.py": ["cli/test_imports.py"],
    "cli/editor.py": ["cli/test_streams.py", "cli/test_terminal.py"],
    "cli/fields.py": ["test_fields.py"],
    "cli/history.py": ["cli/test_terminal.py", "cli/test_streams.py"],
    "cli/look.py": ["cli/test_terminal.py"],
    "cli/proxy.py": ["cli/test_waiting.py"],
    "cli/receipt.py": ["cli/test_terminal.py", "cli/test_streams.py"],
    "client/async_client.py": ["client/test_clients.py", "client/test_service.py"],
    "client/async_follow.py": ["client/test_service.py"],
    "client/attempt.py": ["client/test_connection.py", "client/test_poll.py"],
    "client/dispatch.py": ["test_fields.py"],
    "client/exchange.py": ["client/test_clients.py"],
    "client/http.py": ["client/test_clients.py"],
    "client/problems.py": ["client/test_response.py"],
    "client/sync_client.py": ["client/test_clients.py", "client/test_service.py"],
    "client/sync_follow.py": ["client/test_service.py"],
    "changes": ["changes/test_change.py", "changes/test_kind.py", "test_correction.py"],
    "channel.py": [
        *("hub/test_joining.py", "hub/test_closing.py", "hub/test_another_history.py", "hub/test_laws.py"),
        *("hub/test_freshness_of_readers.py", "hub/test_bursts.py", "hub/test_groups.py"),
    ],
    "goal.py": ["test_follow.py"],
    "hub.py": ["hub/test_hub.py"],
    "journal/buffered.py": ["journal/test_redis.py"],
    "journal/connect.py": ["journal/test_cluster_address.py"],
    "journal/shard.py": ["test_shard_followers.py"],
    "journal/admin.lua": ["journal/test_registry.py"],
    "journal/closing.lua": ["web/test_feeds.py"],
    "journal/keys.lua": ["journal/test_revocation.py"],
    "journal/list.lua": ["journal/test_revocation.py", "journal/test_registry.py"],
    "journal/revoke.lua": ["journal/test_revocation.py"],
    "journal/revoked.lua": ["journal/test_revocation.py"],
    "journal/settle.lua": ["journal/test_replicas.py"],
    "journal/names.py": ["server/test_databases.py"],
    "journal/holder.py": ["journal/test_people.py"],
    "journal/limits.lua": ["web/test_limits.py", "journal/test_outcomes.py"],
    "journal/log.py": ["journal/test_append.py", "journal/test_replicas.py"],
    "journal/time.lua": ["journal/test_append.py"],
    "journal/read_state.lua": ["journal/test_append.py"],
    "journal/walk.py": ["journal/test_audit.py", "journal/test_verify.py"],
    "journal/delivery.py": ["web/test_delivery.py", "test_node.py"],
    "journal/subscription.py": ["journal/test_redis.py"],
    "journal/redis_errors.py": ["journal/test_redis.py", "journal/test_rights.py"],
    "journal/unusable.py": ["journal/test_address.py"],
    "journal/restore.lua": ["journal/test_transfer.py"],
    "journal/store.lua": ["journal/test_append.py", "journal/test_transfer.py"],
    "journal/tie.lua": ["journal/test_editions.py"],
    "journal/swap.lua": ["journal/test_registry.py"],
    "journal/withdraw.lua": ["journal/test_labels.py"],
    "load/crowd.py": ["load/test_crowds.py"],
    "load/tally.py": ["load/test_crowds.py"],
    "lagging.py": ["hub/test_slow_readers.py", "hub/test_laws.py"],
    "longpoll.py": ["hub/test_longpoll.py"],
    "reader.py": ["hub/test_slow_readers.py", "hub/test_joining.py"],
    "relay/follower.py": ["relay/test_node.py"],
    "relay/reach.py": ["cli/test_relay.py"],
    "relay/stream.py": ["relay/test_node.py"],
    "ring.py": ["hub/test_ring.py"],
    "server/acceptor.py": ["server/test_hand_off.py", "server/test_requests.py"],
    "client_address.py": ["server/test_address_limit.py", "web/test_key_lookup.py"],
    "server/deadlines.py": ["server/test_requests.py"],
    "server/desk_timeout.py": ["web/desk/test_live.py"],
    "server/handshake.py": ["server/test_reader.py"],
    "server/http_date.py": ["server/test_sse.py"],
    "server/pipelined_requests.py": ["server/test_leaving.py"],
    "server/lingering_close.py": ["server/test_reader.py"],
    "server/lifeline.py": ["server/test_supervisor.py"],
    "server/watchdog.py": ["server/test_systemd.py"],
    "server/uvicorn_server.py": ["server/test_supervisor.py", "server/test_drain.py"],
    "server/uvicorn_websocket.py": ["server/test_drain.py"],
    "server/worker.py": ["server/test_supervisor.py", "server/test_drain.py"],
    "unplaced.py": ["hub/test_unplaced.py", "hub/test_laws.py"],
    "waiting.py": ["hub/test_longpoll.py"],
    "web/request_log.py": ["test_log.py"],
    "web/admission.py": ["web/test_live.py", "web/test_origins.py"],
    "allowance.py": ["server/test_websocket.py"],
    "web/air.py": ["web/test_desk.py"],
    "web/append.py": ["web/test_dispatches.py"],
    "web/app.py": ["test_docs.py"],
    "web/audit.py": ["journal/test_audit.py"],
    "web/crawlers.py": ["web/test_pages.py"],
    "web/credentials.py": ["web/desk/test_sessions.py"],
    "web/described": ["web/test_described.py"],
    "web/embed": ["web/test_embed.py"],
    "web/embed/gallery.py": ["browser/test_embed_gallery.py"],
    "web/embed/oembed.py": ["web/test_embed_oembed.py"],
    "web/embed/selection.py": ["web/test_embed_selection.py"],
    "web/embed/structured.py": ["web/test_embed_structured.py"],
    "web/headers.py": ["web/test_problem_pages.py", "web/test_caching.py"],
    "web/faults.py": ["web/test_operation.py", "web/test_described.py"],
    "web/parameters.py": ["web/test_described.py"],
    "web/pin.py": ["web/test_desk.py"],
    "web/request.py": ["web/test_dispatches.py"],
    "web/responses.py": ["web/test_history.py", "web/test_dispatches.py"],
    "web/shape.py": ["web/test_described.py"],
    "web/shapes": ["web/test_described.py"],
    "web/visible.py": ["web/test_visibility.py"],
    "web/node.py": ["web/test_life.py"],
    "web/problem_page.py": ["web/test_problem_pages.py"],
    "web/problems.py": ["web/test_problem_pages.py", "test_errors.py"],
    "web/same_origin.py": ["web/desk/test_sessions.py", "web/test_origins.py"],
    "web/sentence.py": ["web/test_pages.py"],
    "web/wording.py": ["web/test_pages.py"],
    "yielding.py": ["web/test_pieces.py"],
}


def mirrored(module: Path) -> Path:
    """The test file at the path of a module."""
    return TESTS / module.parent / f"test_{module.stem}.py"


def own_tests(module: Path) -> list[Path]:
    """Test files of a module, which is given relative to the package."""
    own = [mirrored(module)] if mirrored(module).exists() else []
    named = ELSEWHERE.get(module.as_posix()) or ([] if own else ELSEWHERE.get(module.parent.as_posix(), []))
    return [*own, *(TESTS / name for name in named)]


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_each_module_has_its_tests(module: Path) -> None:
    assert own_tests(module), f"write {mirrored(module).relative_to(ROOT)}, or say in ELSEWHERE where it is tested"


@pytest.mark.parametrize("name", ELSEWHERE)
def test_the_list_names_what_is_there(name: str) -> None:
    assert (PACKAGE / name).exists(), "no such module"
    assert [test for test in ELSEWHERE[name] if not (TESTS / test).exists()] == []


@pytest.mark.parametrize("name", [name for name in ELSEWHERE if "." in name])
def test_the_list_names_nothing_that_follows_from_the_path(name: str) -> None:
    assert mirrored(Path(name)) not in [TESTS / test for test in ELSEWHERE[name]]
