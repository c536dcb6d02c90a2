"""A route and its description are one: what is described is what is routed, enforced and offered."""

from __future__ import annotations

import re

import httpx
import pytest
from starlette.routing import Route

from tests.service import Service
from tests.test_docs import PROTOCOL, rows, section
from ticker.web.app import OPERATIONS, RESOURCES
from ticker.web.operation import Operation, Resource, Returns
from ticker.web.parameters import FEED_NAME

ROLES = ["correspondent", "editor", "admin"]


@pytest.fixture(scope="module")
def keys(service: Service) -> dict[str, dict[str, str]]:
    """The header of a key of each role."""
    issued = {
        role: service.http.post("/v1/keys", json={"name": f"A {role}", "role": role}).raise_for_status().json()["key"]
        for role in ROLES
    }
    return {role: {"authorization": f"Bearer {key}"} for role, key in issued.items()}


def ask(service: Service, operation: Operation, headers: dict[str, str]) -> httpx.Response:
    """Ask for an operation on what is not there, so that it changes nothing."""
    path = re.sub(r"{id}", "0" * 12, operation.path.format(feed="breaking", id="0" * 12))
    return service.http.request(operation.method, path, headers={"authorization": "", **headers})


@pytest.mark.parametrize("operation", [each for each in OPERATIONS if each.role], ids=lambda each: each.id)
def test_a_role_that_is_described_is_enforced(
    service: Service, keys: dict[str, dict[str, str]], operation: Operation
) -> None:
    assert operation.role is not None
    assert ask(service, operation, {}).status_code == 401
    for role in ROLES[: ROLES.index(operation.role)]:
        refused = ask(service, operation, keys[role])
        assert refused.status_code == 403
        assert operation.role in refused.json()["detail"]


FOR_ALL = [each for each in OPERATIONS if not each.role and not each.session]


@pytest.mark.parametrize("operation", FOR_ALL, ids=lambda each: each.id)
def test_an_operation_without_a_role_needs_no_key(service: Service, operation: Operation) -> None:
    path = operation.path.format(feed="breaking", id="0" * 12, story="none", version="0.0.0")
    assert service.http.head(path, headers={"authorization": ""}).status_code not in (401, 403)


def test_each_operation_is_routed_where_it_is_described() -> None:
    for resource in RESOURCES:
        routes = [route for route in resource.routes if isinstance(route, Route)]
        routed = [(route.path, (route.methods or set()) - {"HEAD"}) for route in routes]
        assert routed == [(operation.path, {operation.method}) for operation in resource.operations]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.id)
def test_the_protocol_names_the_role_of_a_route(operation: Operation) -> None:
    request = f"`{operation.method} {operation.path}`"
    (row,) = [row for row in rows(section(PROTOCOL, "Routes")) if request in row[0]]
    assert row[1] == (operation.role or "")


def test_a_path_with_a_parameter_that_is_not_described_is_seen_at_once() -> None:
    with pytest.raises(KeyError, match="colour"):
        Operation(Resource("Feeds", (FEED_NAME,)), "GET", "/v1/feeds/{colour}", "x", "x", (Returns(200, "x"),))


def test_a_page_names_its_other_formats(service: Service) -> None:
    page = service.http.get("/feeds/breaking").text
    links = re.findall(r'<link rel="alternate" type="([^"]+)" href="([^"]+)">', page)
    assert ("application/json", "/v1/feeds/breaking") in links
