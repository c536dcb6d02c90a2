"""Sessions of the desk: how long one lasts, and what a request to begin one has.

A session stands for a key, so that a browser need not keep the key itself. It ends after 12 hours without a request, at
the latest after 30 days, and with its key.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field

from ticker.dispatch import Body
from ticker.errors import Invalid

IDLE_TIMEOUT: Final = 12 * 3600
"""Seconds without a request after which a session ends: longer than a shift, shorter than a night and a day."""

LONGEST: Final = 30 * 24 * 3600
"""Seconds after which a session ends in any case."""

MAX_SESSIONS: Final = 20
"""Sessions that one key may have at once; a further one ends the oldest. A person has a few devices."""

TOUCH_INTERVAL: Final = 60
"""Seconds between two notes that a session was used, so that not every request costs a write."""

MAX_AGENT: Final = 200
"""Characters kept of the User-Agent with which a session began; it tells its owner which device it is."""


def seconds_left(begun: float, now: float) -> int:
    """Return in how many seconds a session that is used at `now` ends if it is not used again; at least 0.

    `begun` and `now` are seconds of Unix time by the same clock.
    """
    return max(0, int(min(IDLE_TIMEOUT, begun + LONGEST - now)))


def agent(header: str | None) -> str:
    """Return what is kept of a User-Agent header: printable ASCII, since it is shown to people."""
    return "".join(char for char in header or "" if " " <= char <= "~")[:MAX_AGENT]


_Secret = Annotated[str, Field(min_length=1, max_length=512)]


class SignIn(Body):
    """With what a session is to begin: a key, or the secret of an invitation."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"key": "tk_0Jb3v1bq9mXcE0f2hP7sQm4yTnWk8rLzUa6dGi5oVxY"}]}
    )

    key: _Secret | None = Field(default=None, description="A key.")
    invitation: _Secret | None = Field(default=None, description="What follows `#invitation=` in an invitation's link.")

    def given(self) -> Literal["key", "invitation"]:
        """Return which of the two is given.

        Raises:
            Invalid: not exactly one is.
        """
        if (self.key is None) == (self.invitation is None) or len(self.model_fields_set) > 1:
            raise Invalid([("key", "is required, or invitation in its place")])
        return "invitation" if self.key is None else "key"
