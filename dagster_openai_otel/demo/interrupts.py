"""Ctrl-C, at a time that leaves nothing half done."""

import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

_Item = TypeVar("_Item")


class Interrupts:
    """The interrupt that waits, if any; made by `held_interrupts`."""

    def __init__(self) -> None:
        self._waits = threading.Event()

    def hold(self, _signal: int, _frame: FrameType | None) -> None:
        """Let a signal wait; the second one is raised at once."""
        if self._waits.is_set():
            raise KeyboardInterrupt
        self._waits.set()

    def check(self) -> None:
        """Raise `KeyboardInterrupt` where one waits."""
        if self._waits.is_set():
            raise KeyboardInterrupt

    def handed_on(self, items: Iterable[_Item]) -> Iterator[_Item]:
        """Pass on items; an interrupt that waits goes to whoever handles interrupts while they are made."""
        for item in items:
            if self._waits.is_set():
                self._waits.clear()
                signal.raise_signal(signal.SIGINT)
            yield item


@contextmanager
def held_interrupts() -> Iterator[Interrupts]:
    """Let interrupts and requests to end wait, until they are asked for or until the end of the block.

    Libraries that are being loaded would turn an interrupt into other errors.

    Raises:
        KeyboardInterrupt: One waited until the end of the block.
    """
    interrupts = Interrupts()
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, interrupts.hold) for number in signals]
    try:
        yield interrupts
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)
    interrupts.check()
