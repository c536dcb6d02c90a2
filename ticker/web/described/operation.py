"""What is said of a route: what it takes, how it succeeds, how it may say no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel

from ticker.journal.registry import Role

JSON: Final = "application/json"
HTML: Final = "text/html"


@dataclass(frozen=True, slots=True)
class Answer:
    """One way in which a request succeeds.

    Attributes:
        status: HTTP status.
        description: what it means.
        shapes: names of the shapes the body may have; none for an empty body or one that is no JSON.
        media_type: of the body; empty if there is none.
        example: of a body that is no JSON.
        headers: names of headers in `components`.
    """

    status: int
    description: str
    shapes: tuple[str, ...] = ()
    media_type: str = JSON
    example: str = ""
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    Attributes:
        method: in capitals.
        path: as in the table of routes.
        id: unlike any other, for code made from the document.
        tag: the group it stands in.
        summary: what it does, in a line.
        answers: how it succeeds.
        role: the least role of the key it needs, if it needs one.
        body: what its body may say, if it reads one.
        body_required: whether there must be a body.
        changes: whether it changes a feed, and so knows the Idempotency-Key.
        parameters: names of parameters in `components`, apart from those in the path.
        also: how it may say no beyond what follows from all this.
        description: what else there is to know.
    """

    method: str
    path: str
    id: str
    tag: str
    summary: str
    answers: tuple[Answer, ...]
    role: Role | None = None
    body: type[BaseModel] | None = None
    body_required: bool = True
    changes: bool = False
    parameters: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    description: str = ""

    @property
    def faults(self) -> list[str]:
        """Names of the faults it may answer with: with a role it wants a key, with a body it may find it too large."""
        found = list(self.also)
        if self.role is not None:
            found += ["Unauthorized", "WrongKey", "KeyTooWeak"]
            found += ["TooMany"] if self.method != "GET" else []
        if self.body is not None:
            found += ["BadRequest", "TooLarge", "Invalid"]
        if self.changes:
            found += ["KeyReused"] + ([] if "IfMatch" in self.parameters else ["BadRequest"])
        if self.changes and self.id not in ("killDispatch", "spikeHeld"):
            found.append("Closed")
        if self.path.startswith("/v1/feeds") and self.method == "GET" and self.role is None:
            found.append("OtherOrigin")
        if "IfMatch" in self.parameters:
            found += ["BadHeader", "StaleRevision", "IfMatchRequired"]
        if "{" in self.path:
            found.append("NotFound")
        if self.path.startswith(("/v1", "/feeds", "/embed/feeds")) or self.path == "/":
            found.append("Unavailable")
        return sorted(set(found))
