"""The node that a request came to."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from ticker.node import Node


def node_of(request: HTTPConnection) -> Node:
    """Return the node that a request came to."""
    node = request.scope["state"]["node"]
    assert isinstance(node, Node)
    return node
