"""Where commands write to: colours for terminals, progress for those who wait."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from rich.console import Console

from dagster_openai_otel.cli.spending import Progress
from dagster_openai_otel.words import count

# where there is no terminal to fit the table into
_WIDTH = 160
_PATIENCE_SECONDS = 1.0
_EVERY_SECONDS = 0.2
_ERASE = "\r\x1b[K"


def console() -> Console:
    """Standard output; colours only where it is a terminal."""
    plain = Console(highlight=False)
    return plain if plain.is_terminal else Console(highlight=False, width=_WIDTH)


def fit_for(console: Console, symbols: str, plain: str) -> str:
    """Symbols that a console can show: the plain ones where its encoding has no others."""
    try:
        symbols.encode(console.encoding)
    except (LookupError, UnicodeEncodeError):
        return plain
    return symbols


def iso(moment: datetime) -> str:
    """A moment for programs, in the time zone of this machine."""
    return moment.astimezone().isoformat(timespec="seconds")


@contextmanager
def progress() -> Iterator[Progress]:
    """How far a reading is, shown on standard error where that is a terminal and the reading takes long."""
    line = _Line()
    told = Progress(tell=line.tell) if sys.stderr.isatty() else Progress()
    try:
        yield told
    finally:
        line.erase()


class _Line:
    """A line that is written over."""

    def __init__(self) -> None:
        self._due = time.monotonic() + _PATIENCE_SECONDS
        self._shown = False

    def tell(self, read: Progress) -> None:
        now = time.monotonic()
        if now < self._due:
            return
        self._due, self._shown = now + _EVERY_SECONDS, True
        runs = f"{read.runs:,} of {count(max(read.runs_in_all, read.runs), 'run')}"
        sys.stderr.write(f"{_ERASE}Reading the event log: {runs}, {count(read.events, 'event')}")
        sys.stderr.flush()

    def erase(self) -> None:
        if self._shown:
            sys.stderr.write(_ERASE)
            sys.stderr.flush()
