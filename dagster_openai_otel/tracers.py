"""Tracers of the SDK, made fit: for requests, which must all be counted, and for runs and steps."""

from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanLimits, SpanProcessor, Tracer as SdkTracer
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Tracer, TracerProvider

from dagster_openai_otel.conventions import CALLS_SCOPE, SCOPE
from dagster_openai_otel.faults import guarded
from dagster_openai_otel.identity import DerivedIds
from dagster_openai_otel.processor import DagsterSpanProcessor
from dagster_openai_otel.sampling import follow_decisions
from dagster_openai_otel.tracing import VERSION
from dagster_openai_otel.unexported import UnexportedTracer

# of proxies round a tracer, at most
_LAYERS = 5
# more than any request span has
_ATTRIBUTES = 64


def calls_tracer(provider: TracerProvider) -> Tracer:
    """A tracer for request spans, all of which are counted.

    What the sampler drops, what a low limit cuts off, and what other span processors raise does not matter
    to it. Where the provider's tracer is not the SDK's, its spans are counted and go nowhere.
    """
    tracer = _sdk_tracer(provider.get_tracer(CALLS_SCOPE, VERSION))
    if tracer is None:
        return UnexportedTracer(InstrumentationScope(CALLS_SCOPE, VERSION))
    follow_decisions(tracer)
    if not isinstance(tracer.sampler, RecordAll):
        tracer.sampler = RecordAll(tracer.sampler)
        tracer.span_processor = CountingFirst(tracer.span_processor)  # type: ignore[assignment]  # has its methods
        # Private in the SDK; tests/test_upstream.py says why.
        limits = getattr(tracer, "_span_limits", None)
        if limits is not None and (limits.max_span_attributes or _ATTRIBUTES) < _ATTRIBUTES:
            tracer._span_limits = SpanLimits(max_span_attributes=_ATTRIBUTES)  # noqa: SLF001  # see above
    return tracer


def steps_tracer(provider: TracerProvider) -> Tracer:
    """A tracer for run and step spans, whose ids can be given; one that is not the SDK's stays as it is."""
    made = provider.get_tracer(SCOPE, VERSION)
    tracer = _sdk_tracer(made)
    if tracer is None:
        return made
    follow_decisions(tracer)
    if not isinstance(tracer.id_generator, DerivedIds):
        tracer.id_generator = DerivedIds(tracer.id_generator)
    return tracer


def _sdk_tracer(tracer: Any) -> SdkTracer | None:
    """The SDK's tracer, also out of what another library puts round it; `None` where there is none inside.

    What is round it would make other spans of ours: with other ids, without attributes, or none.
    """
    for _ in range(_LAYERS):
        # a proxy says that it is of the class of what is inside
        if issubclass(type(tracer), SdkTracer):
            return tracer  # type: ignore[no-any-return]  # looked at in the line above
        # OpenInference's and Phoenix's proxies; Logfire's
        tracer = getattr(tracer, "__wrapped__", None) or getattr(tracer, "tracer", None)
    return None


class RecordAll(Sampler):
    """Records what another sampler drops, without exporting it: usage does not depend on sampling."""

    def __init__(self, other: Sampler) -> None:
        self.other = other

    def should_sample(self, *args: Any, **kwargs: Any) -> SamplingResult:
        """The other sampler's decision, where `DROP`, and what it raises, becomes `RECORD_ONLY`."""
        with guarded("the export of a request span", "a sampler"):
            result = self.other.should_sample(*args, **kwargs)
            if result.decision is not Decision.DROP:
                return result
            return SamplingResult(Decision.RECORD_ONLY, result.attributes, result.trace_state)
        return SamplingResult(Decision.RECORD_ONLY)

    def get_description(self) -> str:
        """Name of this sampler and of the other."""
        return f"RecordAll{{{self.other.get_description()}}}"


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
