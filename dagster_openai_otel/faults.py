"""The one boundary where faults of this library stop, so that they never reach a user's call or step."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType

from dagster_openai_otel.conventions import SCOPE

_logger = logging.getLogger(SCOPE)
_said: set[tuple[str, type[BaseException]]] = set()
_raising = False


class guarded:  # noqa: N801  # reads as a statement: `with guarded("...")`
    """Stop an exception here, and log it once per kind with what was lost.

    `BaseException` that is no `Exception` passes: an interrupt is the user's.

    Args:
        loss: What is lost when the block fails, as the end of a sentence: `usage of a call`.
        where: Whose fault it is then, where it is not ours.
    """

    __slots__ = ("_loss", "_where")

    def __init__(self, loss: str, where: str = "dagster-openai-otel") -> None:
        self._loss = loss
        self._where = where

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if kind is None or not isinstance(error, Exception):
            return False
        say_once(f"lost because of a fault in {self._where}: {self._loss}", error)
        return not _raising


def say_once(message: str, error: BaseException | None = None) -> None:
    """Log a warning, with the error's traceback where there is one, once per message and kind of error."""
    key = (message, type(error) if error else Warning)
    if key not in _said:
        _said.add(key)
        # a handler of the user's can raise, and so can anything where the stack is at its end
        with suppress(Exception):
            _logger.warning(message, exc_info=error)


def error_type(error: BaseException) -> str:
    """The qualified class of an exception, as `error.type` has it; built-in ones have no module."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


@contextmanager
def raised() -> Iterator[None]:
    """Let faults pass through `guarded` while the block runs: for this library's own tests."""
    global _raising  # noqa: PLW0603  # one switch for the process, flipped by tests only
    before, _raising = _raising, True
    try:
        yield
    finally:
        _raising = before
