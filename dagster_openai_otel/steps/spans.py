"""Run and step spans, with ids that all processes of a run agree on."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from dagster import DagsterRun, OpExecutionContext
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Tracer as SdkTracer
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, Status, StatusCode, TraceFlags
from opentelemetry.util.types import Attributes, AttributeValue

from dagster_openai_otel import conventions
from dagster_openai_otel.faults import error_type
from dagster_openai_otel.identity import Ids, given, span_id, trace_id
from dagster_openai_otel.scope import StepScope
from dagster_openai_otel.steps.targets import Made
from dagster_openai_otel.steps.upstream import CODE_LOCATION_TAG
from dagster_openai_otel.tracers import steps_tracer


class StepSpans:
    """Makes the run and step spans of this process.

    Args:
        provider: Makes the tracer, at the first step.
    """

    def __init__(self, provider: trace.TracerProvider) -> None:
        self._provider = provider

    @contextmanager
    def step(self, scope: StepScope) -> Iterator[Span]:
        """The span of one attempt of a step, and the current one while the block runs."""
        ids = Ids(
            trace_id=trace_id(scope.run_id),
            span_id=span_id(scope.run_id, scope.step_key, scope.retry_number),
        )
        parent = trace.set_span_in_context(NonRecordingSpan(self._run_context(scope.run_id)))
        with given(ids):
            span = self._tracer.start_span(f"step {scope.step_key}", parent)
        with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            try:
                yield span
            except BaseException as error:
                set_failed(span, error)
                raise

    def run(self, run: DagsterRun, *, began: int, failed: bool) -> None:
        """Make the span of a run that has ended.

        Args:
            run: The run.
            began: When it began, nanoseconds since the epoch.
            failed: Whether it failed.
        """
        span = self._root(f"run {run.job_name}", _ids_of(run.run_id), run_attributes(run), began)
        if failed:
            span.set_status(Status(StatusCode.ERROR))
        span.end()

    def tick(
        self, name: str, ids: Ids, attributes: Attributes, *, began: int, error: BaseException | None
    ) -> None:
        """Make the span of a tick that has ended.

        Args:
            name: Of the span.
            ids: Of the span, by `new_ids`.
            attributes: Of the span.
            began: When the tick began, nanoseconds since the epoch.
            error: What it raised; `None` where it went well.
        """
        span = self._root(name, ids, attributes, began)
        if error is not None:
            set_failed(span, error)
        span.end()

    def _root(self, name: str, ids: Ids, attributes: Attributes, began: int) -> Span:
        with given(ids):
            return self._tracer.start_span(
                name,
                trace.set_span_in_context(trace.INVALID_SPAN),
                attributes=attributes,
                start_time=began,
            )

    def in_run(self, run_id: str, context: Context) -> Context:
        """A context whose spans are children of a run's span."""
        return trace.set_span_in_context(NonRecordingSpan(self._run_context(run_id)), context)

    def new_ids(self) -> Ids:
        """Ids of the span of a tick, which begins a trace of its own."""
        generator = RandomIdGenerator()
        return Ids(trace_id=generator.generate_trace_id(), span_id=generator.generate_span_id())

    def in_tick(self, ids: Ids, context: Context) -> Context:
        """A context whose spans are children of a tick's span."""
        return trace.set_span_in_context(NonRecordingSpan(self._context_of(ids)), context)

    def _run_context(self, run_id: str) -> SpanContext:
        return self._context_of(_ids_of(run_id))

    def _context_of(self, ids: Ids) -> SpanContext:
        """The context of a root span, with the sampler's decision, which is the same in all processes."""
        tracer, sampled = self._tracer, True
        if isinstance(tracer, SdkTracer):
            root = trace.set_span_in_context(trace.INVALID_SPAN)
            decision = tracer.sampler.should_sample(root, ids.trace_id, "run").decision
            sampled = decision is Decision.RECORD_AND_SAMPLE
        flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
        return SpanContext(ids.trace_id, ids.span_id, is_remote=True, trace_flags=flags)

    @cached_property
    def _tracer(self) -> trace.Tracer:
        return steps_tracer(self._provider)


def _ids_of(run_id: str) -> Ids:
    """The ids of a run's span."""
    return Ids(trace_id=trace_id(run_id), span_id=span_id(run_id))


def set_failed(span: Span, error: BaseException) -> None:
    """Mark a span as failed; the message stays out, since it can hold anything."""
    # Dagster wraps what the user's code raised, and the request to try again
    while type(error).__module__.startswith("dagster.") and error.__cause__ is not None:
        error = error.__cause__
    span.set_status(Status(StatusCode.ERROR, type(error).__name__))
    span.set_attribute(conventions.ERROR_TYPE, error_type(error))


def run_attributes(run: DagsterRun) -> dict[str, AttributeValue]:
    """The `dagster.*` attributes of a run."""
    attributes: dict[str, AttributeValue] = {
        conventions.RUN_ID: run.run_id,
        conventions.JOB_NAME: run.job_name,
    }
    if location := run.tags.get(CODE_LOCATION_TAG):
        attributes[conventions.CODE_LOCATION] = location
    return attributes


def step_attributes(context: OpExecutionContext, step_key: str, made: Made) -> dict[str, AttributeValue]:
    """The `dagster.*` attributes of all spans of a step."""
    attributes: dict[str, AttributeValue] = {
        **run_attributes(context.run),
        conventions.STEP_KEY: step_key,
        conventions.OP_NAME: context.op.name,
        conventions.RETRY_NUMBER: context.retry_number,
    }
    for single, several, values in (
        (conventions.ASSET_KEY, conventions.ASSET_KEYS, made.assets),
        (conventions.PARTITION_KEY, conventions.PARTITION_KEYS, made.partitions),
    ):
        if len(values) == 1:
            attributes[single] = values[0]
        if values:
            attributes[several] = values
    if made.checks:
        attributes[conventions.ASSET_CHECK_KEYS] = made.checks
    return attributes
