"""With OpenTelemetry turned off nothing is recorded; each run's log says so."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dagster import DagsterEvent

from dagster_openai_otel.faults import guarded
from dagster_openai_otel.steps.upstream import RUN_EVENTS, is_whole_run
from dagster_openai_otel.wrapping import Wrapping

_MESSAGE = (
    "OTEL_SDK_DISABLED is true: usage of the OpenAI API is not recorded in this run."
    " Unset it to record usage; to export no spans, set no OTLP endpoint."
)


def say_disabled() -> None:
    """Say in the log of each run of this process that its usage is not recorded."""
    RUN_EVENTS.wrap(Wrapping(), _say)


def _say(
    wrapped: Callable[..., Any], plan: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Iterator[DagsterEvent]:
    said = not is_whole_run(plan)
    for event in wrapped(*args, **kwargs):
        yield event
        if not said and plan.job_context:
            said = True
            with guarded("the message that nothing is recorded"):
                plan.job_context.instance.report_engine_event(_MESSAGE, plan.job_context.dagster_run)
