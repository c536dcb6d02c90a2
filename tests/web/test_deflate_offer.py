"""Which offers of permessage-deflate are accepted; and that both sides understand what was agreed on."""

from __future__ import annotations

import pytest

from ticker.web.deflate_offer import ACCEPTED, accepted

LIMITED = ACCEPTED + "; server_max_window_bits=15"


@pytest.mark.parametrize(
    ("offer", "expected"),
    [
        ("permessage-deflate", ACCEPTED),
        ("permessage-deflate; client_max_window_bits", ACCEPTED),
        ("permessage-deflate; client_max_window_bits=8", ACCEPTED),
        ('permessage-deflate; client_max_window_bits="10"', ACCEPTED),
        ("permessage-deflate; server_no_context_takeover; client_no_context_takeover", ACCEPTED),
        ("permessage-deflate; server_max_window_bits=15", LIMITED),
        ("permessage-deflate; server_max_window_bits=15; client_max_window_bits=15", LIMITED),
        ("permessage-deflate; server_max_window_bits=10, permessage-deflate", ACCEPTED),
        ("permessage-deflate, permessage-deflate", ACCEPTED),
        ("x-other, permessage-deflate; x, permessage-deflate; server_max_window_bits=15", LIMITED),
        # Declined
        ("", None),
        ("permessage-deflate; server_max_window_bits", None),
        ("permessage-deflate; server_max_window_bits=14", None),
        ("permessage-deflate; server_max_window_bits=16", None),
        ("permessage-deflate; server_max_window_bits=015", None),
        ("permessage-deflate; server_max_window_bits=+15", None),
        ("permessage-deflate; client_max_window_bits=7", None),
        ("permessage-deflate; client_max_window_bits=16", None),
        ("permessage-deflate; client_max_window_bits=08", None),
        ("permessage-deflate; client_max_window_bits=x", None),
        ("permessage-deflate; client_max_window_bits; client_max_window_bits", None),
        ("permessage-deflate; client_max_window_bits=10; client_max_window_bits=11", None),
        ("permessage-deflate; server_max_window_bits=15; server_max_window_bits=15", None),
        ("permessage-deflate; server_no_context_takeover; server_no_context_takeover", None),
        ("permessage-deflate; server_no_context_takeover=1", None),
        ("permessage-deflate; client_no_context_takeover=true", None),
        ("permessage-deflate; unknown", None),
        ("Permessage-Deflate;;", None),
        ("permessage-deflate; =", None),
    ],
)
def test_an_offer_is_accepted_or_declined(offer: str, expected: str | None) -> None:
    assert accepted(offer) == expected
