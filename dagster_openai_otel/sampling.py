"""One decision for a run, whatever the sampler: carried in the context, below which nobody asks again."""

from collections.abc import Iterator
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Tracer as SdkTracer
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import SpanKind, Tracer, get_current_span
from opentelemetry.util.types import Attributes

_DECISION = otel_context.create_key("dagster-openai-otel-decision")
_SDK = "opentelemetry.sdk.trace.sampling"


def with_decision(decision: Decision | None, context: Context | None = None) -> Context:
    """A context whose spans are recorded and sampled as was decided; with `None` the sampler is asked."""
    return otel_context.set_value(_DECISION, decision, context)


class Decided(Sampler):
    """Follows the decision that the context carries; where it carries none, another sampler decides.

    Args:
        other: The sampler that was there.
    """

    def __init__(self, other: Sampler) -> None:
        self.other = other

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        *args: Any,
        **kwargs: Any,
    ) -> SamplingResult:
        """What was decided, else the other sampler's decision."""
        decision = otel_context.get_value(_DECISION, parent_context)
        if not isinstance(decision, Decision):
            return self.other.should_sample(parent_context, trace_id, name, kind, attributes, *args, **kwargs)
        state = get_current_span(parent_context).get_span_context().trace_state
        return SamplingResult(decision, None if decision is Decision.DROP else attributes, state)

    def get_description(self) -> str:
        """Name of this sampler and of the other."""
        return f"Decided{{{self.other.get_description()}}}"


def follow_decisions(tracer: Tracer) -> Tracer:
    """Have a tracer of the SDK follow what the context carries; another one stays as it is."""
    if isinstance(tracer, SdkTracer) and not any(
        isinstance(layer, Decided) for layer in _layers(tracer.sampler)
    ):
        tracer.sampler = Decided(tracer.sampler)
    return tracer


def _layers(sampler: Sampler | None) -> Iterator[Sampler]:
    """A sampler, and those inside it that were there before ours."""
    while sampler is not None:
        yield sampler
        sampler = getattr(sampler, "other", None)


def is_derived(sampler: Sampler) -> bool:
    """Whether all processes that ask a sampler about one trace get one answer: those of the SDK do so."""
    if type(sampler).__module__ != _SDK:
        return False
    return all(is_derived(part) for part in vars(sampler).values() if isinstance(part, Sampler))
