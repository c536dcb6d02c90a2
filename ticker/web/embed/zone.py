"""Times as they are drawn on the server, in the time zone of a feed and with its name."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

_NUMERIC: Final = ("+", "-")


def clock_time(iso: str, timezone: str, now: datetime | None, *, dated: bool = False) -> str:
    """Return "18:52 UTC", with the date before it unless `now` is on the same day there.

    Zones without an abbreviation of their own have their offset: "21:52 UTC+03".

    Args:
        iso: the time, RFC 3339.
        timezone: IANA name.
        now: the time it is drawn at; None to always have the date.
        dated: whether to have the date on the same day too.
    """
    zone = ZoneInfo(timezone)
    moment = datetime.fromisoformat(iso).astimezone(zone)
    name = moment.tzname() or "UTC"
    name = f"UTC{name}" if name.startswith(_NUMERIC) else name
    same_day = not dated and now is not None and now.astimezone(zone).date() == moment.date()
    return f"{moment:%H:%M} {name}" if same_day else f"{moment:%Y-%m-%d %H:%M} {name}"
