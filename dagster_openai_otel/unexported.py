"""Request spans that only the count sees: where nothing is exported, the SDK's own would be half the cost."""

import random
import time
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Span, SpanContext, SpanKind, Tracer
from opentelemetry.util.types import Attributes, AttributeValue

from dagster_openai_otel.processor import DagsterSpanProcessor


class UnexportedTracer(Tracer):
    """Makes spans that a `DagsterSpanProcessor` counts, and that go nowhere.

    Args:
        scope: Name and version of the code that makes them.
    """

    def __init__(self, scope: InstrumentationScope) -> None:
        self._scope = scope
        self._processor = DagsterSpanProcessor()

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,  # noqa: ARG002  # nobody reads it
        attributes: Attributes = None,
        *_: Any,
        **__: Any,
    ) -> Span:
        """Start a span in the trace of the context."""
        around = trace.get_current_span(context).get_span_context()
        trace_id = around.trace_id or random.getrandbits(128)  # an id, no secret
        span_id = random.getrandbits(64)  # an id, no secret
        number = SpanContext(trace_id, span_id, is_remote=False, trace_flags=around.trace_flags)
        span = UnexportedSpan(name, number, self._scope, self._processor, dict(attributes or {}))
        self._processor.on_start(span, context)
        return span

    def start_as_current_span(self, *args: Any, **kwargs: Any) -> Any:
        """Start a span and make it the current one."""
        return trace.use_span(self.start_span(*args, **kwargs), end_on_exit=True)


class UnexportedSpan(Span):
    """A span that keeps what is counted: its attributes and its times."""

    def __init__(
        self,
        name: str,
        number: SpanContext,
        scope: InstrumentationScope,
        processor: DagsterSpanProcessor,
        attributes: dict[str, AttributeValue],
    ) -> None:
        self.name = name
        self.attributes = attributes
        self.instrumentation_scope = scope
        self.start_time = time.time_ns()
        """Nanoseconds since the epoch."""
        self.end_time: int | None = None
        """Nanoseconds since the epoch; `None` while it has not ended."""
        self._number = number
        self._processor = processor

    def get_span_context(self) -> SpanContext:
        """Its ids."""
        return self._number

    def set_attributes(self, attributes: Any) -> None:
        """Set some attributes."""
        self.attributes.update(attributes)

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        """Set an attribute."""
        self.attributes[key] = value

    def is_recording(self) -> bool:
        """Whether it has not ended."""
        return self.end_time is None

    def end(self, end_time: int | None = None) -> None:
        """End it, once."""
        if self.end_time is None:
            self.end_time = end_time or time.time_ns()
            self._processor.on_end(self)

    def update_name(self, name: str) -> None:
        """Give it another name."""
        self.name = name

    def add_event(self, *args: Any, **kwargs: Any) -> None:
        """Say nothing: an event is not counted."""

    def set_status(self, *args: Any, **kwargs: Any) -> None:
        """Say nothing: `error.type` is what is counted."""

    def record_exception(self, *args: Any, **kwargs: Any) -> None:
        """Say nothing: an exception can hold anything."""
