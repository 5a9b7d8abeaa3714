"""Counts the spans that an exporter was given, what became of them, and says what was lost."""

import threading
from collections import Counter

from dagster_openai_otel.faults import say_once
from dagster_openai_otel.words import count

_UNSENT = "they could not be sent within flush_timeout"


class SpanAccount:
    """Which spans wait, and which were lost.

    Args:
        size: How many can wait.
        full: Why a span is lost that no place is left for, as the end of a sentence.
    """

    def __init__(self, size: int, full: str) -> None:
        self._size = size
        self._full = full
        # a stream can end in the garbage collector, in the middle of the block
        self._lock = threading.RLock()
        self._accepted = 0
        self._refused = 0
        self._settled = 0
        self._lost: Counter[str] = Counter()
        self._told = 0

    def accept(self) -> bool:
        """Count a span that has ended; in any thread.

        Returns:
            Whether there is a place for it.
        """
        with self._lock:
            if self._accepted - self._settled >= self._size:
                self._refused += 1
                return False
            self._accepted += 1
            return True

    def settle(self, number: int, loss: str | None) -> None:
        """Count spans that the exporter is done with; in the thread that exports.

        Args:
            number: How many.
            loss: Why they were lost, as the end of a sentence; `None` where they were delivered.
        """
        self._settled += number
        if loss is not None:
            self._lost[loss] += number

    def tell(self, hint: str | None, *, last: bool) -> None:
        """Say how many spans were lost or have no time left, once; once more at the end, if there are more.

        Args:
            hint: What the exporter said of those that have no time left, if anything.
            last: Whether the process ends.
        """
        unsent = _UNSENT if hint is None else f"{_UNSENT}, where the exporter said: {hint}"
        lost = Counter({self._full: self._refused, unsent: self._accepted - self._settled}) + self._lost
        number = lost.total()
        if number <= self._told or (self._told and not last):
            return
        self._told = number
        causes = "; ".join(f"{each:,} because {cause}" for cause, each in lost.most_common())
        say_once(f"{count(number, 'span')} not exported: {causes}. Usage is recorded all the same")
