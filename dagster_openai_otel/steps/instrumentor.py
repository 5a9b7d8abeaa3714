"""`DagsterInstrumentor`: wraps the places of Dagster that steps, runs and ticks go through."""

from collections.abc import Callable, Collection
from typing import Any

from dagster import DagsterInstance, DagsterRun
from opentelemetry import trace
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

from dagster_openai_otel.steps import upstream
from dagster_openai_otel.steps.hooks import StepHooks
from dagster_openai_otel.steps.metadata import Remarks
from dagster_openai_otel.steps.pages import Pages
from dagster_openai_otel.steps.runs import RunHooks
from dagster_openai_otel.steps.spans import StepSpans
from dagster_openai_otel.steps.ticks import TickHooks
from dagster_openai_otel.steps.traces import RunTraces
from dagster_openai_otel.tracing import VERSION
from dagster_openai_otel.wrapping import Wrapping


class DagsterInstrumentor(BaseInstrumentor):  # type: ignore[misc]  # untyped in opentelemetry
    """Opens a scope and a span round each step of Dagster, and delivers what was used in it.

    `instrument()` takes `tracer_provider` (default: the global one), `prices` (name and version of the price
    table), `trace_url` (a template with `{trace_id}`), `webserver_url` (address of Dagster's UI), `exports`
    (called for whether spans go anywhere; default: they do), `flush`, called at the end of each run and step
    process, and `serve`, called with the code location of each run.
    """

    def instrumentation_dependencies(self) -> Collection[str]:
        """The versions of Dagster that this knows."""
        return ("dagster >= 1.10",)

    def _instrument(self, **kwargs: Any) -> None:
        spans = StepSpans(
            kwargs.get("tracer_provider") or trace.get_tracer_provider(),
            kwargs.get("exports") or (lambda: True),
            Pages(webserver_url=kwargs.get("webserver_url")),
        )
        remarks = _remarks(kwargs.get("prices"), kwargs.get("trace_url"), spans.traces)
        steps = StepHooks(spans=spans, remarks=remarks)
        runs = RunHooks(
            spans=spans,
            remarks=remarks,
            flush=kwargs.get("flush") or (lambda: None),
            serve=kwargs.get("serve") or (lambda _: None),
        )
        ticks = TickHooks(spans=spans)
        wrapping = self._wrapping = Wrapping()
        upstream.register_library("dagster-openai-otel", VERSION)
        upstream.STEP_ENTRY.wrap(wrapping, steps.enter)
        upstream.STEP_RESULTS.wrap(wrapping, steps.compute)
        upstream.STEP_HOOKS.wrap(wrapping, steps.after)
        upstream.RUN_EVENTS.wrap(wrapping, runs.run)
        for ending in upstream.RUN_ENDINGS:
            ending.wrap(wrapping, runs.ending)
        upstream.SENSOR_TICK.wrap(wrapping, ticks.sensor)
        upstream.SCHEDULE_TICK.wrap(wrapping, ticks.schedule)

    def _uninstrument(self, **kwargs: Any) -> None:  # noqa: ARG002  # the base class's signature
        self._wrapping.take_off()


def _remarks(
    prices: str | None, trace_url: str | None, traces: RunTraces
) -> Callable[[DagsterRun, DagsterInstance], Remarks]:
    """What is said beside the numbers of a run."""

    def of_run(run: DagsterRun, instance: DagsterInstance) -> Remarks:
        if trace_url is None:
            return Remarks(prices=prices)
        found = traces.of(run, instance)
        link = trace_url.format(trace_id=f"{found.ids.trace_id:032x}") if found.sampled else None
        return Remarks(prices=prices, trace=link, exported=traces.exports())

    return of_run
