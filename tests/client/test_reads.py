"""Every read as a request."""

from __future__ import annotations

from ticker.client import reads


def test_the_paths_of_reads() -> None:
    assert reads.snapshot("f").path == "/v1/feeds/f"
    assert reads.dispatch("f", "i").path == "/v1/feeds/f/dispatches/i"
    assert reads.held("f").path == "/v1/feeds/f/held?limit=100"
    assert reads.held("f", "17-h").path == "/v1/feeds/f/held?limit=100&after=17-h"
    assert reads.history("f").path == "/v1/feeds/f/dispatches?limit=100"


def test_filters_of_history_combine_and_repeat() -> None:
    request = reads.history("f", before="i", sections=["a", "b"], places=["c"], story="d", min_urgency="urgent")
    assert request.path == (
        "/v1/feeds/f/dispatches?limit=100&before=i&section=a&section=b&place=c&story=d&min_urgency=urgent"
    )
