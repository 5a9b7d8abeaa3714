"""Spans of runs, steps and ticks, with ids that all processes of a run agree on."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property

from dagster import DagsterInstance, DagsterRun, OpExecutionContext
from opentelemetry import context as otel_context, trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Tracer as SdkTracer
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
)
from opentelemetry.util.types import Attributes, AttributeValue

from dagster_openai_otel import conventions
from dagster_openai_otel.faults import error_type, guarded
from dagster_openai_otel.identity import Ids, given, span_id
from dagster_openai_otel.scope import StepScope
from dagster_openai_otel.steps.ending import EndedRun
from dagster_openai_otel.steps.happenings import told_on
from dagster_openai_otel.steps.launching import launch_attributes, run_attributes
from dagster_openai_otel.steps.links import links_of_run, links_of_step
from dagster_openai_otel.steps.pages import Pages
from dagster_openai_otel.steps.targets import Made
from dagster_openai_otel.steps.traces import RunTrace, RunTraces
from dagster_openai_otel.tracers import steps_tracer

# a run can make thousands
_ASSETS = 100


class StepSpans:
    """Makes the spans of this process's runs, steps and ticks.

    Args:
        provider: Makes the tracer, at the first step.
        exports: Whether spans go anywhere; what only they would say is not looked up where they do not.
        pages: Knows the pages of runs and assets.
    """

    def __init__(self, provider: trace.TracerProvider, exports: Callable[[], bool], pages: Pages) -> None:
        self._provider = provider
        self._pages = pages
        self.traces = RunTraces(lambda: self._tracer, exports)

    @contextmanager
    def step(self, scope: StepScope, context: OpExecutionContext, made: Made) -> Iterator[Span]:
        """The span of one attempt of a step, and the current one while the block runs."""
        run = self.traces.of(context.run, context.instance)
        ids = Ids(
            trace_id=run.ids.trace_id, span_id=span_id(scope.run_id, scope.step_key, scope.retry_number)
        )
        shown = self._shows(run)
        links: Sequence[Link] = ()
        attributes: Attributes = None
        with guarded("the links of a step's span"):
            links = links_of_step(context, scope, run, self.traces) if shown else ()
        with guarded("the attributes of a step's span"):
            attributes = self._of_step(context, made) if shown else None
        with given(ids):
            span = self._tracer.start_span(
                f"step {scope.step_key}", run.over_step(), attributes=attributes, links=links
            )
        with ExitStack() as stack:
            stack.enter_context(_attached(run.ask_where_sampled()))
            stack.enter_context(_ending(span))
            if shown:
                stack.enter_context(told_on(span, context))
            yield span

    def run(self, ended: EndedRun) -> None:
        """Make the span of a run that has ended."""
        run, ending = ended.run, ended.ending
        traced = self.traces.of(run, ended.instance)
        attributes: dict[str, AttributeValue] = {**traced.said, **launch_attributes(run), **ending.attributes}
        links: Sequence[Link] = ()
        if self._shows(traced):
            attributes |= self._pages.of_run(run.run_id)
            with guarded("the assets on a run's span"):
                if made := ended.assets():
                    attributes[conventions.ASSET_KEYS] = made[:_ASSETS]
            with guarded("the links of a run's span"):
                links = links_of_run(ended, self.traces)
        with given(traced.ids):
            span = self._tracer.start_span(
                f"run {run.job_name}",
                traced.over_run(),
                kind=SpanKind.SERVER,
                attributes=attributes,
                links=links,
                start_time=ended.began,
            )
        if ending.failed:
            span.set_status(Status(StatusCode.ERROR, ending.description))
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
        with given(ids):
            span = self._tracer.start_span(name, Context(), attributes=attributes, start_time=began)
        if error is not None:
            set_failed(span, error)
        span.end()

    def in_run(self, run: DagsterRun, instance: DagsterInstance, context: Context) -> Context:
        """A context whose spans are children of the span of a run that begins here, or goes on here."""
        return self.traces.of(run, instance).over_code(context)

    def new_ids(self) -> Ids:
        """Ids of the span of a tick, which begins a trace of its own."""
        generator = RandomIdGenerator()
        return Ids(trace_id=generator.generate_trace_id(), span_id=generator.generate_span_id())

    def in_tick(self, ids: Ids, context: Context) -> Context:
        """A context whose spans are children of a tick's span."""
        return trace.set_span_in_context(NonRecordingSpan(self._tick_context(ids)), context)

    def _tick_context(self, ids: Ids) -> SpanContext:
        """The context of a tick's span, with the sampler's decision."""
        tracer, sampled = self._tracer, True
        if isinstance(tracer, SdkTracer):
            decision = tracer.sampler.should_sample(Context(), ids.trace_id, "tick").decision
            sampled = decision is Decision.RECORD_AND_SAMPLE
        flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
        return SpanContext(ids.trace_id, ids.span_id, is_remote=True, trace_flags=flags)

    def _shows(self, run: RunTrace) -> bool:
        """Whether anybody sees the spans of a run: what only they say need not be looked up otherwise."""
        return run.decision is not Decision.DROP and self.traces.exports()

    def _of_step(self, context: OpExecutionContext, made: Made) -> dict[str, AttributeValue]:
        """The attributes of a step's own span, beside those that all spans of the step have."""
        kind = "asset" if made.assets and not made.inner else "op"
        attributes: dict[str, AttributeValue] = {
            conventions.STEP_KIND: "asset_check" if made.checks and not made.assets else kind,
            **self._pages.of_run(context.run_id),
        }
        if mapping_key := context.get_mapping_key():
            attributes[conventions.MAPPING_KEY] = mapping_key
        if len(made.assets) == 1:
            attributes |= self._pages.of_asset(made.keys[made.assets[0]])
        return attributes

    @cached_property
    def _tracer(self) -> trace.Tracer:
        return steps_tracer(self._provider)


@contextmanager
def _attached(context: Context) -> Iterator[None]:
    token = otel_context.attach(context)
    try:
        yield
    finally:
        otel_context.detach(token)


@contextmanager
def _ending(span: Span) -> Iterator[None]:
    """The span is the current one while the block runs, and ends with it."""
    with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            yield
        except BaseException as error:
            set_failed(span, error)
            raise


def set_failed(span: Span, error: BaseException) -> None:
    """Mark a span as failed; the message stays out, since it can hold anything."""
    # Dagster wraps what the user's code raised, and the request to try again
    while type(error).__module__.startswith("dagster.") and error.__cause__ is not None:
        error = error.__cause__
    span.set_status(Status(StatusCode.ERROR, type(error).__name__))
    span.set_attribute(conventions.ERROR_TYPE, error_type(error))


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
