"""What exporters log while they are at work: kept out of the log of a step, and read for the cause."""

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote

from dagster_openai_otel.variables import text_of

_LOUD = ("opentelemetry", "urllib3")
_HEADERS = (
    ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"),
    ("OTEL_EXPORTER_OTLP_HEADERS",),
)
_QUERY = re.compile(r"\?[^\s)'\"]+")
_USER = re.compile(r"//[^/\s@]+@")
_LONGEST = 400
# of what can be a secret
_SHORTEST = 4


class _Listening(logging.Filter):
    """Takes what one thread logs."""

    def __init__(self) -> None:
        super().__init__()
        self._thread = threading.get_ident()
        self.said: list[str] = []

    def filter(self, record: logging.LogRecord) -> bool:
        if threading.get_ident() != self._thread:
            return True
        if record.levelno >= logging.WARNING:
            self.said.append(record.getMessage())
        return False


@contextmanager
def quieted(*packages: str) -> Iterator[list[str]]:
    """Keep out of the log what this thread logs in the block by OpenTelemetry and some other packages.

    Yields:
        What was said so, of warnings and errors.
    """
    listening = _Listening()
    loud = tuple(f"{name}." for name in (*_LOUD, *packages))
    names = [name for name in logging.root.manager.loggerDict if f"{name}.".startswith(loud)]
    loggers = [logging.getLogger(name) for name in names]
    for logger in loggers:
        # before those of their own, which keep back what is said twice
        logger.filters.insert(0, listening)
    try:
        yield listening.said
    finally:
        for logger in loggers:
            logger.removeFilter(listening)


def scrubbed(text: str) -> str:
    """A message of others without what can be a secret: values of headers, users and queries of URLs."""
    for names in _HEADERS:
        for part in (text_of(*names) or "").split(","):
            value = part.partition("=")[2].strip()
            for secret in (value, unquote(value), repr(unquote(value))[1:-1]):
                if len(secret) >= _SHORTEST:
                    text = text.replace(secret, "...")
    return _USER.sub("//", _QUERY.sub("?...", text))[:_LONGEST].rstrip(".")
