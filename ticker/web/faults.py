"""Errors that several routes respond with, as they are described. What one route alone has is described there.

Each example is made by what raises the error, so that it has the sentence that is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ticker.dispatch import Draft, check, read
from ticker.errors import Closed, TickerError, head_too_large, killed, no_such_feed, out_of_range, too_slow
from ticker.journal.append import key_reused, not_yours, stale
from ticker.journal.redis_errors import unreachable
from ticker.web.admission import origin_not_allowed
from ticker.web.auth import key_needed, role_needed, too_many, unknown_key
from ticker.web.described import examples
from ticker.web.operation import Fault
from ticker.web.public_url import no_host
from ticker.web.request import bad_if_match, if_match_needed, too_large
from ticker.web.same_origin import cross_site


def _raised(act: Callable[[], object]) -> TickerError:
    try:
        act()
    except TickerError as error:
        return error.with_traceback(None)
    raise AssertionError("an example of an error was accepted")


BAD_REQUEST: Final = Fault("BadRequest", _raised(lambda: read(Draft, b"{text}")))
BAD_HEADER: Final = Fault("BadHeader", bad_if_match())
BAD_HOST: Final = Fault("BadHost", no_host())
UNAUTHORIZED: Final = Fault("Unauthorized", key_needed())
INVALID_TOKEN: Final = Fault("InvalidToken", unknown_key())
INSUFFICIENT_SCOPE: Final = Fault("InsufficientScope", role_needed("editor", "Lena Ortiz", "correspondent"))
CROSS_SITE: Final = Fault("CrossSite", cross_site({"sec-fetch-site": "cross-site"}))
NOT_YOURS: Final = Fault("NotYours", not_yours())
OTHER_ORIGIN: Final = Fault("OtherOrigin", origin_not_allowed("https://elsewhere.example"))
NOT_FOUND: Final = Fault("NotFound", no_such_feed("sports"))
TOO_SLOW: Final = Fault("TooSlow", too_slow("body", 30))
KILLED: Final = Fault("Killed", killed(examples.TOMBSTONE))
CLOSED: Final = Fault("Closed", Closed("breaking", "2026-03-11T16:00:00.250Z"))
STALE_REVISION: Final = Fault("StaleRevision", stale(2))
TOO_LARGE: Final = Fault("TooLarge", too_large())
INVALID: Final = Fault("Invalid", _raised(lambda: check(Draft, {"text": "", "urgency": "breaking"})))
INVALID_PARAMETER: Final = Fault("InvalidParameter", out_of_range("limit", 1, 100))
KEY_REUSED: Final = Fault("KeyReused", key_reused())
IF_MATCH_REQUIRED: Final = Fault("IfMatchRequired", if_match_needed())
TOO_MANY: Final = Fault("TooMany", too_many("Lena Ortiz", 30, 21))
HEAD_TOO_LARGE: Final = Fault("HeadTooLarge", head_too_large(32 * 1024, 128))
UNAVAILABLE: Final = Fault("Unavailable", unreachable())
