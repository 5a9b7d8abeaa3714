"""Ids of run and step spans: derived, so that all processes of a run agree on them without talking."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from opentelemetry.context import Context
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import SpanContext, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

TRACEPARENT = "traceparent"
"""Tag of a run: the span that the run is nested under. Source: W3C Trace Context."""
TRACESTATE = "tracestate"
"""Tag of a run: what vendors say beside it. Source: W3C Trace Context."""

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


def caller_of(tags: Mapping[str, str]) -> SpanContext:
    """The span that a run is nested under by its tags; one that is not valid where they name none."""
    carrier = {name: tags[name] for name in (TRACEPARENT, TRACESTATE) if name in tags}
    extracted = TraceContextTextMapPropagator().extract(carrier, Context())
    return get_current_span(extracted).get_span_context()


def trace_id_of_run(run_id: str, tags: Mapping[str, str]) -> int:
    """The trace that a run is in: that of the caller which its tags name, else one of its own.

    Args:
        run_id: The run.
        tags: The run's tags.
    """
    caller = caller_of(tags)
    return caller.trace_id if caller.is_valid else trace_id(run_id)


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
