"""Run and step spans, with ids that all processes of a run agree on."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from dagster import DagsterRun, OpExecutionContext
from opentelemetry import trace
from opentelemetry.sdk.trace import Tracer as SdkTracer
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, Status, StatusCode, TraceFlags
from opentelemetry.util.types import AttributeValue

from dagster_openai_otel import conventions
from dagster_openai_otel.faults import error_type
from dagster_openai_otel.identity import Ids, given, span_id, trace_id
from dagster_openai_otel.scope import StepScope
from dagster_openai_otel.steps.targets import Made
from dagster_openai_otel.tracers import steps_tracer

_CODE_LOCATION_TAG = "dagster/code_location"


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
        ids = Ids(trace_id=trace_id(run.run_id), span_id=span_id(run.run_id))
        with given(ids):
            span = self._tracer.start_span(
                f"run {run.job_name}",
                trace.set_span_in_context(trace.INVALID_SPAN),
                attributes=run_attributes(run),
                start_time=began,
            )
        if failed:
            span.set_status(Status(StatusCode.ERROR))
        span.end()

    def _run_context(self, run_id: str) -> SpanContext:
        """The run span's context, with the sampler's decision, which is the same in all processes."""
        number = trace_id(run_id)
        tracer, sampled = self._tracer, True
        if isinstance(tracer, SdkTracer):
            root = trace.set_span_in_context(trace.INVALID_SPAN)
            sampled = tracer.sampler.should_sample(root, number, "run").decision is Decision.RECORD_AND_SAMPLE
        flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
        return SpanContext(number, span_id(run_id), is_remote=True, trace_flags=flags)

    @cached_property
    def _tracer(self) -> trace.Tracer:
        return steps_tracer(self._provider)


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
    if location := run.tags.get(_CODE_LOCATION_TAG):
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
