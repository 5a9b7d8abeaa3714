"""Tracers of the SDK, made fit: for requests, which must all be counted, and for runs and steps."""

from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanLimits, SpanProcessor, Tracer as SdkTracer
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Tracer, TracerProvider

from dagster_openai_otel.conventions import CALLS_SCOPE, SCOPE
from dagster_openai_otel.faults import guarded
from dagster_openai_otel.identity import DerivedIds
from dagster_openai_otel.processor import DagsterSpanProcessor
from dagster_openai_otel.sampling import follow_decisions
from dagster_openai_otel.tracing import VERSION

# more than any request span has
_ATTRIBUTES = 64


def calls_tracer(provider: TracerProvider) -> Tracer:
    """A tracer for request spans, all of which are counted.

    What the sampler drops, what a low limit cuts off, and what other span processors raise does not matter
    to it. A tracer that is not the SDK's stays as it is.
    """
    tracer = follow_decisions(provider.get_tracer(CALLS_SCOPE, VERSION))
    if isinstance(tracer, SdkTracer) and not isinstance(tracer.sampler, RecordAll):
        tracer.sampler = RecordAll(tracer.sampler)
        tracer.span_processor = CountingFirst(tracer.span_processor)  # type: ignore[assignment]  # has its methods
        # Private in the SDK; tests/test_upstream.py says why.
        limits = getattr(tracer, "_span_limits", None)
        if limits is not None and (limits.max_span_attributes or _ATTRIBUTES) < _ATTRIBUTES:
            tracer._span_limits = SpanLimits(max_span_attributes=_ATTRIBUTES)  # noqa: SLF001  # see above
    return tracer


def steps_tracer(provider: TracerProvider) -> Tracer:
    """A tracer for run and step spans, whose ids can be given; one that is not the SDK's stays as it is."""
    tracer = follow_decisions(provider.get_tracer(SCOPE, VERSION))
    if isinstance(tracer, SdkTracer) and not isinstance(tracer.id_generator, DerivedIds):
        tracer.id_generator = DerivedIds(tracer.id_generator)
    return tracer


class RecordAll(Sampler):
    """Records what another sampler drops, without exporting it: usage does not depend on sampling."""

    def __init__(self, other: Sampler) -> None:
        self._other = other

    def should_sample(self, *args: Any, **kwargs: Any) -> SamplingResult:
        """The other sampler's decision, where `DROP`, and what it raises, becomes `RECORD_ONLY`."""
        with guarded("the export of a request span", "a sampler"):
            result = self._other.should_sample(*args, **kwargs)
            if result.decision is not Decision.DROP:
                return result
            return SamplingResult(Decision.RECORD_ONLY, result.attributes, result.trace_state)
        return SamplingResult(Decision.RECORD_ONLY)

    def get_description(self) -> str:
        """Name of this sampler and of the other."""
        return f"RecordAll{{{self._other.get_description()}}}"


class CountingFirst(SpanProcessor):
    """Counts a span before the provider's own processors see it, and stops what those raise.

    The SDK lets an exception of one processor keep the span from the next, and break the user's call.
    """

    def __init__(self, others: SpanProcessor) -> None:
        self._counting = DagsterSpanProcessor()
        self._others = others

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Claim the span, then pass it on."""
        self._counting.on_start(span, parent_context)
        with guarded("a request span for it", "another span processor"):
            self._others.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        """Book the span, then pass it on."""
        self._counting.on_end(span)
        with guarded("a request span for it", "another span processor"):
            self._others.on_end(span)

    def _on_ending(self, span: Span) -> None:
        with guarded("a request span for it", "another span processor"):
            self._others._on_ending(span)  # noqa: SLF001  # the SDK's hook, passed on

    def shutdown(self) -> None:
        """Shut the others down."""
        self._others.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Flush the others."""
        return self._others.force_flush(timeout_millis)
