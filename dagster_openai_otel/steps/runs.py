"""What happens round a run: its span, its total, and what is used in it outside its steps."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Any

from dagster import DagsterEvent, DagsterInstance, DagsterRun
from opentelemetry import context as otel_context, trace

from dagster_openai_otel.faults import guarded
from dagster_openai_otel.occasion import Occasion, find_occasion, occurring
from dagster_openai_otel.places import listed
from dagster_openai_otel.processor import deliver_late, executing
from dagster_openai_otel.steps.ending import EndedRun, Ending
from dagster_openai_otel.steps.launching import run_attributes
from dagster_openai_otel.steps.metadata import Remarks, link_metadata, metadata_of
from dagster_openai_otel.steps.run_total import write_total
from dagster_openai_otel.steps.spans import StepSpans
from dagster_openai_otel.steps.upstream import (
    CODE_LOCATION_TAG,
    RUN_START,
    assets_of,
    is_whole_run,
    report_engine_event,
    run_of,
    step_of,
)

OUTSIDE = "outside the steps"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Execution:
    """A run, or some steps of it, that this process executes."""

    run: DagsterRun
    instance: DagsterInstance
    remarks: Remarks
    step_key: str | None
    """The step, where it is only one."""
    occasion: Occasion
    total_is_due: Event = field(default_factory=Event)

    def deliver(self) -> None:
        """Put what was late, and what was used outside the steps, on the timeline of the run."""
        with guarded("the usage of a run outside its steps"):
            deliver_late()
            tally = self.occasion.take()
            if tally:
                report_engine_event(
                    self.instance,
                    self.run,
                    f"Usage of the OpenAI API, {OUTSIDE}: {listed(self.occasion.places)}",
                    metadata_of(tally, replace(self.remarks, outcome=OUTSIDE)),
                    self.step_key,
                )

    def tell_trace(self) -> None:
        """Put a link to the trace on the timeline of the run, where there is one."""
        if self.remarks.trace is not None and self.remarks.exported:
            message = f"Trace of this run: {self.remarks.trace}"
            report_engine_event(self.instance, self.run, message, link_metadata(self.remarks))

    def tell_total(self) -> None:
        """Put the total on the timeline of the run, and on the run, once."""
        if self.total_is_due.is_set():
            self.total_is_due.clear()
            write_total(self.instance, self.run, self.remarks)

    def is_over(self) -> bool:
        """Whether the run has ended; one whose worker was interrupted can be resumed by another."""
        run = self.instance.get_run_by_id(self.run.run_id)
        return run is not None and run.is_finished


def _closing(events: Any) -> AbstractContextManager[Iterator[DagsterEvent]]:
    """Have Dagster end the run before the total is written, where whoever takes its events stops."""
    # what another library makes of them need not be a generator
    return closing(events) if hasattr(events, "close") else nullcontext(events)


def _is_nested(plan: Any) -> bool:
    """Whether these are the steps of a run that this process executes as a whole."""
    around, found = find_occasion(), run_of(plan)
    return around is not None and found is not None and around.run_id == found[0].run_id


class RunHooks:
    """Stands in for what makes and ends the events of a run.

    Args:
        spans: Makes the spans of runs.
        remarks: What is said beside the numbers, by run.
        flush: Called at the end of each run and of each step process.
        serve: Called with the code location of each run, `None` where it has none, before its first span.
    """

    def __init__(
        self,
        *,
        spans: StepSpans,
        remarks: Callable[[DagsterRun, DagsterInstance], Remarks],
        flush: Callable[[], None],
        serve: Callable[[str | None], None],
    ) -> None:
        self._spans = spans
        self._remarks = remarks
        self._flush = flush
        self._serve = serve
        self._whole_runs: dict[str, _Execution] = {}

    def run(
        self, wrapped: Callable[..., Any], plan: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Iterator[DagsterEvent]:
        """Stands in for `ExecuteRunWithPlanIterable.__iter__`: the events of a run, or of one step of it."""
        began, ending, crashed = time.time_ns(), Ending(), True
        around = trace.get_current_span().get_span_context()
        stack, execution, nested = ExitStack(), None, False
        with guarded("the usage of a run outside its steps"):
            nested = _is_nested(plan)
            execution = None if nested else self._begin(plan, stack)
        try:
            with executing(), _closing(wrapped(*args, **kwargs)) as events:
                for event in events:
                    with guarded("how a run goes"):
                        ending = ending.after(event)
                        if execution is not None and event.event_type_value == RUN_START:
                            execution.tell_trace()
                    yield event
            crashed = False
        finally:
            with guarded("the total of a run"):
                execution = self._end(plan, execution, stack, crashed=crashed)
            with guarded("the span of a run"):
                if execution is not None and is_whole_run(plan):
                    self._make_span(plan, execution, began=began, ending=ending, around=around)
            with guarded("the export of a run's spans"):
                if execution is not None:
                    self._spans.traces.forget(execution.run.run_id)
                if not nested:
                    self._flush()

    def ending(
        self, wrapped: Callable[..., Any], _: object, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """Stands in for what stores the last event of a run: whoever waits for that finds the total."""
        with guarded("the total of a run"):
            for given in (*args, *kwargs.values()):
                execution = self._whole_runs.get(getattr(given, "run_id", ""))
                if execution is not None:
                    execution.deliver()
                    execution.tell_total()
        return wrapped(*args, **kwargs)

    def _make_span(
        self, plan: Any, execution: _Execution, *, began: int, ending: Ending, around: trace.SpanContext
    ) -> None:
        """Make the span of a run, unless the run goes on in another process, which makes it then."""
        if ending.status is None:
            stored = execution.instance.get_run_by_id(execution.run.run_id)
            if stored is None or not stored.is_finished:
                return
            ending = replace(ending, status=stored.status.value)
        self._spans.run(
            EndedRun(
                run=execution.run,
                instance=execution.instance,
                began=began,
                ending=ending,
                around=around,
                assets=lambda: assets_of(plan),
            )
        )

    def _begin(self, plan: Any, stack: ExitStack) -> _Execution | None:
        execution = self._execution_of(plan)
        if execution is None:
            return None
        run_id = execution.run.run_id
        if execution.total_is_due.is_set():
            self._whole_runs[run_id] = execution
        in_run = self._spans.in_run(execution.run, execution.instance, otel_context.get_current())
        stack.enter_context(occurring(execution.occasion, in_run))
        return execution

    def _execution_of(self, plan: Any) -> _Execution | None:
        found = run_of(plan)
        if found is None:
            return None
        run, instance = found
        self._serve(run.tags.get(CODE_LOCATION_TAG))
        self._spans.traces.of(run, instance, begins=is_whole_run(plan))
        execution = _Execution(
            run=run,
            instance=instance,
            remarks=self._remarks(run, instance),
            step_key=step_of(plan),
            occasion=Occasion(run_id=run.run_id, attributes=run_attributes(run)),
        )
        if is_whole_run(plan):
            execution.total_is_due.set()
        return execution

    def _end(
        self, plan: Any, execution: _Execution | None, stack: ExitStack, *, crashed: bool
    ) -> _Execution | None:
        stack.close()
        if execution is None and is_whole_run(plan):
            # it was not known at the start
            execution = self._execution_of(plan)
        if execution is None:
            deliver_late()
            return None
        self._whole_runs.pop(execution.run.run_id, None)
        execution.occasion.ended.set()
        execution.deliver()
        if execution.total_is_due.is_set() and (crashed or execution.is_over()):
            execution.tell_total()
        return execution
