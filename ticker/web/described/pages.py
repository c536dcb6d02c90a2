"""What people open in a browser, and the documents that describe the rest."""

from __future__ import annotations

from typing import Final

from ticker.web.described.embedding import EMBEDDING
from ticker.web.described.operation import HTML, JSON, Answer, Operation


def _page(path: str, id: str, summary: str, *answers: Answer, parameters: tuple[str, ...] = ()) -> Operation:
    every = (Answer(200, "A page.", media_type=HTML), *answers)
    return Operation("GET", path, id, "Pages", summary, every, parameters=parameters)


def _document(path: str, id: str, summary: str, *also: str) -> Operation:
    return Operation("GET", path, id, "Documents", summary, (Answer(200, "The document.", media_type=JSON),), also=also)


PAGES: Final = [
    _page("/", "showBreaking", "The feed `breaking`"),
    _page("/feeds/{feed}", "showFeed", "A feed"),
    _page(
        "/feeds/{feed}/stories/{story}",
        "showStory",
        "The dispatches of one story, newest first, 100 a page",
        parameters=("Before",),
    ),
    _page("/feeds/{feed}/{id}", "showDispatch", "One line", Answer(410, "It was killed; why.", media_type=HTML)),
    *EMBEDDING,
    _document("/openapi.json", "describeRequests", "This description (OpenAPI 3.1)"),
    _document("/asyncapi.json", "describeFrames", "The frames of a live stream (AsyncAPI 3.0)", "BadHost"),
    Operation(
        "GET",
        "/docs",
        "showDescription",
        "Documents",
        "This description as a page",
        (Answer(200, "A page.", media_type=HTML),),
    ),
]
"""What people ask for, with a browser, and what machines read about the rest."""
