"""A change that somebody asks for: checked, and ready for the script that writes the log."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import orjson

from ticker.changes.confirmation import Confirmation


class Author(Protocol):
    """Who asks for a change: their id, the id of the key with which they ask, their name, and where they may write.

    There is no key where a timer asks for them.
    """

    @property
    def id(self) -> str: ...

    @property
    def key(self) -> str | None: ...

    @property
    def name(self) -> str: ...

    def writes(self, feed: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Change(ABC):
    """One change to a feed. Each subclass is one thing that can be asked for.

    Attributes:
        kind: what append.lua and the log call it. A subclass may share the kind of another.
        holder: whose key asks.
        idempotency_key: as the client sent it, or None.
    """

    kind: ClassVar[str]

    holder: Author
    idempotency_key: str | None = field(default=None, kw_only=True)

    @abstractmethod
    def arguments(self) -> dict[str, Any]:
        """Return the members of the script's argument that depend on the subclass; append.lua lists them all.

        A member that is None is left out.
        """

    @abstractmethod
    def request(self) -> Any:
        """Return the content of the client's request: the same whenever the client repeats it."""

    def written(self) -> dict[str, Any]:
        """Return the fields of the dispatch that the change writes into the log; none if it writes no dispatch."""
        return {}

    def replaced(self) -> dict[str, Any]:
        """Return the fields of the dispatch before the change, whose sections, places and story it may lose."""
        return {}

    def fingerprint(self) -> str:
        """Return a hash that tells this request from another one under the same Idempotency-Key.

        It is stored for as long as the key is remembered, and read by other versions: what it covers must not change.
        """
        arguments = self.arguments()
        covered = [self.kind, arguments.get("id") or "", arguments.get("held", ""), self.request()]
        return hashlib.sha256(orjson.dumps(covered, option=orjson.OPT_SORT_KEYS)).hexdigest()


def spliced(members: dict[str, Any]) -> str:
    """Return JSON members without the braces around them: the script puts members of its own beside them.

    As text, because cjson would decode an empty list to an empty object, and round large integers.
    """
    return orjson.dumps(members)[1:-1].decode()


def confirming(confirmation: Confirmation | None) -> dict[str, Any]:
    """Return the arguments of the script for a confirmation, if there is one."""
    return {} if confirmation is None else confirmation.arguments()
