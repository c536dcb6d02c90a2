"""Times as people write them: `15:09`, `-5m`, `+30m`, or in full; in the zone of the terminal."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final, Literal

from ticker.cli.message import tell
from ticker.dispatch import rfc3339
from ticker.errors import Invalid

_RELATIVE: Final = re.compile(r"([+-])(\d{1,5})\s?(s|m|min|h|d)", re.ASCII)
_UNITS: Final = {"s": "seconds", "m": "minutes", "min": "minutes", "h": "hours", "d": "days"}
_CLOCK: Final = re.compile(r"(\d{4}-\d\d-\d\d[T ])?(\d{1,2}:\d\d(:\d\d)?)", re.ASCII)
_DAY: Final = timedelta(days=1)


def moment(field: str, written: str | None, *, side: Literal["past", "future"]) -> str | None:
    """Return a time as RFC 3339, and print to stderr how a short form was read.

    A time of day is the latest that has passed if `side` is "past", and the next to come if it is "future". Text in
    another form is returned unchanged, for the field's own rule to check.

    Raises:
        Invalid: a short form that is not a time.
    """
    if written is None:
        return None
    now = datetime.now().astimezone()
    try:
        found = _parse(written.strip(), now, side)
    except (ValueError, OverflowError, OSError):
        raise Invalid([(field, f"{written!r} is not a time that any calendar or clock shows")]) from None
    if found is None:
        if re.match(r"\d{4}-\d\d-\d\d", written, re.ASCII):
            return written
        raise Invalid(
            [(field, f"{written!r} is not a time such as 15:09, -5m, +30m, '2026-11-22 15:09' or one in RFC 3339")]
        )
    option = f"--{field.replace('_', '-')}"
    tell(f"{option} {written} is {found.isoformat(sep=' ')}")
    return rfc3339(found)


def _parse(written: str, now: datetime, side: str) -> datetime | None:
    """Return the time, in the terminal's zone, or None if this is not a short form."""
    if relative := _RELATIVE.fullmatch(written):
        sign, count, unit = relative.groups()
        distance = timedelta(**{_UNITS[unit]: int(count)})
        return (now + distance if sign == "+" else now - distance).astimezone().replace(microsecond=0)
    if not (clock := _CLOCK.fullmatch(written)):
        return None
    date, time, _ = clock.groups()
    hour = datetime.strptime(time, "%H:%M:%S" if time.count(":") == 2 else "%H:%M").time()  # noqa: DTZ007  # local
    if date:
        return datetime.combine(datetime.fromisoformat(date[:10]), hour).astimezone()
    # Days are added to the date and not to the moment: a day on which clocks change does not have 24 hours.
    for days in (-1, 0, 1) if side == "future" else (1, 0, -1):
        found = datetime.combine((now.replace(tzinfo=None) + days * _DAY).date(), hour).astimezone()
        if found > now if side == "future" else found <= now:
            return found
    raise ValueError(written)


def clock(moment: str) -> str:
    """Return the time of day of an RFC 3339 time, in the zone of the terminal."""
    return datetime.fromisoformat(moment).astimezone().strftime("%H:%M:%S")


def in_full(moment: str) -> str:
    """Return an RFC 3339 time in full, in the zone of the terminal."""
    return datetime.fromisoformat(moment).astimezone().isoformat(sep=" ", timespec="seconds")
