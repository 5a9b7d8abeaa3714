"""Ids of run and step spans: derived, so that all processes of a run agree on them without talking."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from opentelemetry.sdk.trace.id_generator import IdGenerator

_HALF = 64
_LOW = (1 << _HALF) - 1


def trace_id(run_id: str) -> int:
    """The trace of a run: its UUID with the halves swapped, so that it can be read back.

    The halves are swapped because ratio samplers look at the low bits, where a UUID has fixed ones.
    """
    try:
        number = UUID(run_id).int
    except ValueError:
        number = int.from_bytes(hashlib.sha256(run_id.encode()).digest()[:16])
    return (number & _LOW) << _HALF | number >> _HALF


def span_id(*parts: object) -> int:
    """A span's id, from what tells it from all others: run id, step key, attempt."""
    text = "\0".join(map(str, parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) or 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Ids:
    """The ids of one span."""

    trace_id: int
    span_id: int


_next_ids: ContextVar[Ids | None] = ContextVar("dagster_openai_otel_ids", default=None)


@contextmanager
def given(ids: Ids) -> Iterator[None]:
    """Give the span that is started inside these ids."""
    token = _next_ids.set(ids)
    try:
        yield
    finally:
        _next_ids.reset(token)


class DerivedIds(IdGenerator):
    """Gives the ids that `given` set, else another generator's."""

    def __init__(self, other: IdGenerator) -> None:
        self._other = other

    def generate_span_id(self) -> int:
        """The given span id, or a new one."""
        ids = _next_ids.get()
        return ids.span_id if ids else self._other.generate_span_id()

    def generate_trace_id(self) -> int:
        """The given trace id, or a new one."""
        ids = _next_ids.get()
        return ids.trace_id if ids else self._other.generate_trace_id()
