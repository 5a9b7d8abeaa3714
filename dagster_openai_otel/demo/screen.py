"""A screen for the demo alone: what all other code writes goes to a file."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rich.console import Console

_WIDTH = 100


@contextmanager
def own_screen(log: Path) -> Iterator[Console]:
    """Give the screen to one console; warnings and logs of this process and its children go to a file.

    Args:
        log: The file, which is appended to.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(1), os.dup(2)]
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    screen = os.fdopen(os.dup(kept[0]), "w", encoding=sys.stdout.encoding, errors="replace")
    try:
        yield Console(file=screen, highlight=False, width=None if screen.isatty() else _WIDTH)
    finally:
        # whoever read it may have left: `| head`
        with suppress(BrokenPipeError):
            screen.close()
        sys.stdout.flush()
        sys.stderr.flush()
        for number, descriptor in enumerate(kept, start=1):
            os.dup2(descriptor, number)
            os.close(descriptor)
