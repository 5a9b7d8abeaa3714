"""`DagsterSpanProcessor`: the step's identity onto every span, ended request spans into the step's ledger."""

import os
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from opentelemetry.context import Context
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Span as ApiSpan, SpanContext
from opentelemetry.util.types import Attributes, AttributeValue

from dagster_openai_otel import conventions, outside
from dagster_openai_otel.bookings import tally_of
from dagster_openai_otel.faults import guarded
from dagster_openai_otel.ledger import ANY, Ledger, Target
from dagster_openai_otel.occasion import Occasion, find_occasion
from dagster_openai_otel.places import UNKNOWN, calling_place
from dagster_openai_otel.scope import StepScope, find, find_target
from dagster_openai_otel.tally import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Whose a request span is; settled when it starts, since it can end anywhere."""

    scope: StepScope | None
    """The step; `None` where the request belongs to none."""
    target: Target
    """What of the step."""
    occasion: Occasion | None = None
    """The run or tick that a request without a step belongs to."""
    place: str = UNKNOWN
    """Where a request without a step came from."""


# One for the process, so that a span is counted once however many processors see it.
_claims: dict[int, Claim] = {}
_watchers: list[Ledger] = []

# steps in whose ledgers something was booked after they had ended
_late: deque[StepScope] = deque()
_executing: list[object] = []


class StartedSpan(Protocol):
    """What is asked of a span that starts: of the SDK's, and of those that only the count sees."""

    @property
    def instrumentation_scope(self) -> InstrumentationScope | None:
        """The code that made it."""
        ...

    def get_span_context(self) -> SpanContext:
        """Its ids."""
        ...

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Set some attributes."""
        ...


class EndedSpan(Protocol):
    """What is asked of a span that has ended."""

    @property
    def attributes(self) -> Attributes:
        """All attributes."""
        ...

    @property
    def start_time(self) -> int | None:
        """Nanoseconds since the epoch."""
        ...

    @property
    def end_time(self) -> int | None:
        """Nanoseconds since the epoch."""
        ...

    def get_span_context(self) -> SpanContext | None:
        """Its ids."""
        ...


class DagsterSpanProcessor(SpanProcessor):
    """Ties spans to the Dagster step that they were started in.

    Add it to a `TracerProvider` of your own; `instrument()` adds it by itself. It never raises, and works
    when spans end in other threads, in other tasks, or in the garbage collector.
    """

    def on_start(self, span: StartedSpan, parent_context: Context | None = None) -> None:
        """Put `dagster.*` on the span; remember whose it is where it is a request."""
        with guarded("the Dagster attributes of a span, and the usage of its call"):
            span_id = span.get_span_context().span_id
            if span_id in _claims:
                # another of these has seen it
                return
            scope, target = find(parent_context), find_target(parent_context)
            occasion = None if scope else find_occasion(parent_context)
            if scope is not None:
                span.set_attributes({**scope.attributes, **_target_attributes(target)})
            elif occasion is not None:
                span.set_attributes(occasion.attributes)
            if _is_request(span):
                _claims[span_id] = _claim(scope, target, occasion)
                if scope is not None:
                    scope.open_calls.add(span_id)

    def on_end(self, span: EndedSpan) -> None:
        """Book the usage of a request span."""
        with guarded("the usage of a call"):
            context = span.get_span_context()
            claim = _claims.pop(context.span_id, None) if context else None
            if context is None or claim is None:
                return
            if claim.scope is not None and claim.scope.process_id != os.getpid():
                # of the process that this one was forked from, which books it
                return
            # a mapping of the SDK's takes long to say what it does not hold
            tally = tally_of(dict(span.attributes or {}), span.start_time or 0, span.end_time or 0)
            for watcher in _watchers:
                watcher.add(claim.target, tally)
            if claim.scope is not None:
                _book(claim.scope, claim.target, tally, context.span_id)
            elif tally:
                _book_outside(claim, tally)


def claim_of(span: ApiSpan) -> Claim | None:
    """Whose a request span is that has not ended; `None` where nobody counts it."""
    return _claims.get(span.get_span_context().span_id)


def hand_over(span: ApiSpan, claim: Claim, work: str) -> None:
    """Book a request span for the step that began its work, where that is still running.

    Args:
        span: A request span that has not ended.
        claim: Whose the work is.
        work: Id of the work, which is open no longer.
    """
    if claim.scope is not None:
        claim.scope.open_calls.discard(work)
    looking = claim_of(span)
    if looking is not None and claim.scope is not None and not claim.scope.ended.is_set():
        span_id = span.get_span_context().span_id
        if looking.scope is not None:
            looking.scope.open_calls.discard(span_id)
        _claims[span_id] = claim


def watch(ledger: Ledger) -> None:
    """Book every request of this process in a ledger too, wherever it belongs."""
    _watchers.append(ledger)


def unwatch(ledger: Ledger) -> None:
    """End what `watch` began."""
    _watchers.remove(ledger)


@contextmanager
def executing() -> Iterator[None]:
    """While the block runs, whoever runs it calls `deliver_late`; else late usage is delivered at once."""
    token = object()
    _executing.append(token)
    try:
        yield
    finally:
        _executing.remove(token)


def deliver_late() -> None:
    """Deliver what was booked for steps that had ended, in a thread where Dagster can be called."""
    while _late:
        for deliver in _late.popleft().on_late:
            deliver()


def _book(scope: StepScope, target: Target, tally: Tally, span_id: int) -> None:
    scope.open_calls.discard(span_id)
    if tally:
        scope.ledger.add(target, tally)
        if scope.ended.is_set():
            _late.append(scope)
            if not _executing:
                deliver_late()


def _claim(scope: StepScope | None, target: Target, occasion: Occasion | None) -> Claim:
    if scope is not None:
        return Claim(scope=scope, target=target)
    place = calling_place()
    if occasion is not None:
        occasion.places.setdefault(place)
    return Claim(scope=None, target=target, occasion=occasion, place=place)


def _book_outside(claim: Claim, tally: Tally) -> None:
    """Book what belongs to no step for its run or tick, while that takes it."""
    occasion = claim.occasion
    if occasion is not None:
        occasion.ledger.add(ANY, tally)
        if not occasion.ended.is_set():
            return
        # what is there now came too late, so that nobody else takes it
        tally = occasion.take()
    if tally and not _watchers:
        outside.count(tally, claim.place)


def _is_request(span: StartedSpan) -> bool:
    scope = span.instrumentation_scope
    return scope is not None and scope.name == conventions.CALLS_SCOPE


def _target_attributes(target: Target) -> dict[str, str]:
    attributes = {
        conventions.ASSET_KEY: target.asset_key,
        conventions.PARTITION_KEY: target.partition_key,
    }
    return {name: value for name, value in attributes.items() if value is not None}
