"""Which trace a run is in, and whether it is exported: one answer for all processes of the run."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from dagster import DagsterEventType, DagsterInstance, DagsterRun
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Tracer as SdkTracer
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags, TraceState
from opentelemetry.util.types import AttributeValue

from dagster_openai_otel.conventions import TRACE_SAMPLED
from dagster_openai_otel.faults import guarded, say_once
from dagster_openai_otel.identity import TRACEPARENT, Ids, caller_of, span_id, trace_id_of_run
from dagster_openai_otel.sampling import Decided, is_derived, with_decision
from dagster_openai_otel.steps.launching import run_attributes
from dagster_openai_otel.steps.reading import events_of
from dagster_openai_otel.steps.upstream import HIDDEN_TAG_PREFIX

_CARRIED = f"{HIDDEN_TAG_PREFIX}openai_trace"
_WISHES = {"true": Decision.RECORD_AND_SAMPLE, "false": Decision.DROP}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTrace:
    """A run's place among traces."""

    ids: Ids
    """Of the run's span."""
    caller: SpanContext
    """The span that the run is nested under; not valid where there is none."""
    decision: Decision
    wished: bool = False
    """Whether a tag of the run made the decision."""
    said: Mapping[str, AttributeValue] = field(default_factory=dict)
    """Attributes that the sampler gave."""
    state: TraceState | None = None

    @property
    def sampled(self) -> bool:
        """Whether the run's spans are exported, where spans are."""
        return self.decision is Decision.RECORD_AND_SAMPLE

    @property
    def span_context(self) -> SpanContext:
        """The context of the run's span."""
        flags = TraceFlags(TraceFlags.SAMPLED if self.sampled else TraceFlags.DEFAULT)
        return SpanContext(
            self.ids.trace_id, self.ids.span_id, is_remote=True, trace_flags=flags, trace_state=self.state
        )

    def over_run(self) -> Context:
        """A context for the run's span."""
        caller = trace.set_span_in_context(NonRecordingSpan(self.caller), Context())
        return with_decision(self.decision, caller)

    def over_step(self) -> Context:
        """A context for the spans of the run's steps."""
        return with_decision(self.decision, self._below(None))

    def over_code(self, context: Context | None = None) -> Context:
        """A context for what the run's code does outside its steps."""
        return self.ask_where_sampled(self._below(context))

    def ask_where_sampled(self, context: Context | None = None) -> Context:
        """A context in which the sampler is asked about further spans, if the run is not decided by a tag.

        What the user's sampler says of single spans holds; of a run that is dropped there is nothing.
        """
        decided = self.wished or not self.sampled
        return with_decision(self.decision if decided else None, context)

    def _below(self, context: Context | None) -> Context:
        return trace.set_span_in_context(NonRecordingSpan(self.span_context), context)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """A run that is over, which another one was made from."""

    run_id: str
    trace_id: int
    retries: Mapping[str, int]
    """How often each step was tried again, where it was."""

    def span(self, step_key: str | None = None) -> SpanContext:
        """The context of the run's span, or of the span of the last attempt of one of its steps."""
        parts = [] if step_key is None else [step_key, self.retries.get(step_key, 0)]
        number = span_id(self.run_id, *parts)
        return SpanContext(self.trace_id, number, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


class RunTraces:
    """The traces of the runs that this process executes.

    Args:
        tracer: Gives the tracer of run and step spans, whose sampler is asked.
        exports: Whether spans go anywhere.
    """

    def __init__(self, tracer: Callable[[], trace.Tracer], exports: Callable[[], bool]) -> None:
        self._tracer = tracer
        self.exports = exports
        self._known: dict[str, RunTrace] = {}
        self._past: dict[str, PastRun] = {}

    def of(self, run: DagsterRun, instance: DagsterInstance, *, begins: bool = False) -> RunTrace:
        """The trace of a run.

        Args:
            run: The run.
            instance: Where it is stored.
            begins: Whether it begins here, so that its other processes learn from this one what was decided.
        """
        found = self._known.get(run.run_id)
        return found or self._known.setdefault(run.run_id, self._settle(run, instance, begins=begins))

    def forget(self, run_id: str) -> None:
        """This process executes a run no longer."""
        self._known.pop(run_id, None)
        self._past.clear()

    def past(self, run_id: str, instance: DagsterInstance) -> PastRun:
        """The trace of a run that is over."""
        if run_id not in self._past:
            self._past[run_id] = _past_run(run_id, instance)
        return self._past[run_id]

    def _settle(self, run: DagsterRun, instance: DagsterInstance, *, begins: bool) -> RunTrace:
        caller = caller_of(run.tags)
        ids = Ids(trace_id=trace_id_of_run(run.run_id, run.tags), span_id=span_id(run.run_id))
        if begins and TRACEPARENT in run.tags and not caller.is_valid:
            say_once(f"run {run.run_id}: its tag {TRACEPARENT} is no W3C trace context, so it is left out")
        state = caller.trace_state
        wish = _wish_of(run, warn=begins)
        if wish is not None:
            return RunTrace(ids=ids, caller=caller, decision=wish, wished=True, state=state)
        sampler = self._sampler()
        if sampler is None:
            return RunTrace(ids=ids, caller=caller, decision=Decision.RECORD_AND_SAMPLE, state=state)
        carried = None if is_derived(sampler) else _carried(run, instance)
        if carried is not None:
            return RunTrace(ids=ids, caller=caller, decision=carried, state=state)
        result = _ask(sampler, run, caller, ids)
        if begins and not is_derived(sampler):
            with guarded("the sampling of a run, for its other processes"):
                instance.add_run_tags(run.run_id, {_CARRIED: f"{run.run_id} {result.decision.name}"})
        return RunTrace(
            ids=ids,
            caller=caller,
            decision=result.decision,
            said=dict(result.attributes or {}),
            state=result.trace_state or state,
        )

    def _sampler(self) -> Sampler | None:
        """The user's sampler; `None` where nothing is exported, or where there is none to ask."""
        tracer = self._tracer() if self.exports() else None
        if not isinstance(tracer, SdkTracer):
            return None
        return tracer.sampler.other if isinstance(tracer.sampler, Decided) else tracer.sampler


def _ask(sampler: Sampler, run: DagsterRun, caller: SpanContext, ids: Ids) -> SamplingResult:
    with guarded("the export of a run", "a sampler"):
        around = trace.set_span_in_context(NonRecordingSpan(caller), Context())
        return sampler.should_sample(
            around,
            ids.trace_id,
            f"run {run.job_name}",
            SpanKind.SERVER,
            run_attributes(run),
        )
    return SamplingResult(Decision.DROP)


def _wish_of(run: DagsterRun, *, warn: bool) -> Decision | None:
    wish = run.tags.get(TRACE_SAMPLED)
    if wish is not None and wish.lower() not in _WISHES and warn:
        say_once(f"run {run.run_id}: its tag {TRACE_SAMPLED} is neither true nor false, so it is left out")
    return _WISHES.get((wish or "").lower())


def _carried(run: DagsterRun, instance: DagsterInstance) -> Decision | None:
    """What the process that began a run decided; a run that was made from another has its tags too."""
    with guarded("the sampling of a run, as another process decided it"):
        stored = instance.get_run_by_id(run.run_id)
        run_id, _, decision = (stored.tags.get(_CARRIED, "") if stored else "").partition(" ")
        return Decision[decision] if run_id == run.run_id and decision in Decision.__members__ else None
    return None


def _past_run(run_id: str, instance: DagsterInstance) -> PastRun:
    run = instance.get_run_by_id(run_id)
    retried = events_of(instance, run_id, {DagsterEventType.STEP_UP_FOR_RETRY})
    retries = Counter(event.step_key or "" for event in retried)
    trace_id = trace_id_of_run(run_id, run.tags if run else {})
    return PastRun(run_id=run_id, trace_id=trace_id, retries=retries)
