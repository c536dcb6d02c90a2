"""Every read as a request."""

from __future__ import annotations

from ticker.client import reads


def test_the_paths_of_reads() -> None:
    paths = [reads.snapshot("f"), reads.dispatch("f", "i"), reads.held("f"), reads.history("f")]
    assert [request.path for request in paths] == [
        "/v1/feeds/f",
        "/v1/feeds/f/dispatches/i",
        "/v1/feeds/f/held",
        "/v1/feeds/f/dispatches?limit=100",
    ]


def test_filters_of_history_combine_and_repeat() -> None:
    request = reads.history("f", before="i", sections=["a", "b"], places=["c"], story="d", min_urgency="urgent")
    assert request.path == (
        "/v1/feeds/f/dispatches?limit=100&before=i&section=a&section=b&place=c&story=d&min_urgency=urgent"
    )
