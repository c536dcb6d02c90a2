"""The node that a request came to."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from ticker.serving import ServingNode


def node_of(request: HTTPConnection) -> ServingNode:
    """Return the node that a request came to."""
    node: ServingNode = request.scope["state"]["node"]
    return node
