"""What a step materializes, observes and checks, as events on its span."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dagster import DagsterEvent, DagsterEventType, OpExecutionContext
from opentelemetry.trace import Span
from opentelemetry.util.types import AttributeValue

from dagster_openai_otel import conventions
from dagster_openai_otel.faults import guarded
from dagster_openai_otel.steps.upstream import EVENT_ON_RECORD

_NAMES = {
    DagsterEventType.ASSET_MATERIALIZATION: conventions.MATERIALIZATION_EVENT,
    DagsterEventType.ASSET_OBSERVATION: conventions.OBSERVATION_EVENT,
    DagsterEventType.ASSET_CHECK_EVALUATION: conventions.CHECK_EVENT,
}


@contextmanager
def told_on(span: Span, context: OpExecutionContext) -> Iterator[None]:
    """While the block runs, what a step makes is told on its span.

    All events of a step pass through its log, whichever way they come about, and also while it fails.
    """
    handler = _Teller(span)
    with guarded("the events on the span of a step"):
        context.log.addHandler(handler)
    try:
        yield
    finally:
        with guarded("the end of the events on the span of a step"):
            context.log.removeHandler(handler)


class _Teller(logging.Handler):
    def __init__(self, span: Span) -> None:
        super().__init__()
        self._span = span

    def emit(self, record: logging.LogRecord) -> None:
        with guarded("an event on the span of a step"):
            event = getattr(record, EVENT_ON_RECORD, None)
            if isinstance(event, DagsterEvent) and event.event_type in _NAMES:
                self._span.add_event(_NAMES[event.event_type], _attributes(event))


def _attributes(event: DagsterEvent) -> dict[str, AttributeValue]:
    """Names and results; metadata is the user's, and can hold anything."""
    data: Any = event.event_specific_data
    attributes: dict[str, AttributeValue] = {}
    if event.asset_key is not None:
        attributes[conventions.ASSET_KEY] = event.asset_key.to_user_string()
    if event.partition is not None:
        attributes[conventions.PARTITION_KEY] = event.partition
    if event.event_type is DagsterEventType.ASSET_CHECK_EVALUATION:
        attributes |= {
            conventions.ASSET_KEY: data.asset_key.to_user_string(),
            conventions.CHECK_NAME: data.check_name,
            conventions.CHECK_PASSED: data.passed,
            conventions.CHECK_SEVERITY: data.severity.value,
        }
    return attributes
