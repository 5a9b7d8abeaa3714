"""Spans of time, as they are given on the command line."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import click

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGO = re.compile(r"(\d{1,6})([mhdw])")
ALL = datetime.fromtimestamp(0, tz=UTC)
"""Before all runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From `since` on, and before `until`; both with a time zone."""

    since: datetime
    until: datetime

    def __contains__(self, moment: float) -> bool:
        """Whether a moment, in seconds since 1970, is in it."""
        return self.since.timestamp() <= moment < self.until.timestamp()


def moment(context: click.Context, option: click.Parameter, text: str) -> datetime:
    """The moment that an option says: so long ago, a day, a day and a time, `today`, `yesterday`, `all`.

    Raises:
        click.BadParameter: It says none.
    """
    try:
        return moment_of(text, datetime.now(tz=UTC))
    except (ValueError, OverflowError) as error:
        message = (
            f"{text!r} is no moment. Give so long ago (90m, 12h, 7d, 4w), a day (2026-11-01), a time"
            " (2026-11-01T08:30), today, yesterday, or all"
        )
        raise click.BadParameter(message, context, option) from error


def moment_of(text: str, now: datetime) -> datetime:
    """What a text says, seen from now.

    Raises:
        ValueError: It says no moment.
        OverflowError: It says one that is too long ago.
    """
    text = text.strip().lower()
    today = now.astimezone().date()
    named = {
        "all": ALL,
        "now": now,
        "today": _start_of(today),
        "yesterday": _start_of(today - timedelta(days=1)),
    }
    if text in named:
        return named[text]
    if ago := _AGO.fullmatch(text):
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    return datetime.fromisoformat(text.upper()).astimezone()


def _start_of(day: date) -> datetime:
    """In the time zone of this machine, as it was on that day."""
    return datetime.combine(day, time()).astimezone()
