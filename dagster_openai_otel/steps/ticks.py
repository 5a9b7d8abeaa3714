"""What happens in a tick of a sensor or schedule: its span, and its usage in its log."""

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry.util.types import AttributeValue

from dagster_openai_otel import conventions
from dagster_openai_otel.faults import guarded
from dagster_openai_otel.identity import Ids, caller_of
from dagster_openai_otel.occasion import Occasion, occurring
from dagster_openai_otel.places import listed
from dagster_openai_otel.steps.spans import StepSpans
from dagster_openai_otel.words import phrase

_CURSOR_LENGTH = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tick:
    """One tick that is being evaluated."""

    name: str
    """Of its span."""
    context: Any
    """Dagster's."""
    ids: Ids
    occasion: Occasion
    began: int = field(default_factory=time.time_ns)


class TickHooks:
    """Stands in for the evaluation of sensors and schedules.

    Args:
        spans: Makes the spans of ticks.
    """

    def __init__(self, *, spans: StepSpans) -> None:
        self._spans = spans

    def sensor(
        self, wrapped: Callable[..., Any], definition: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """Stands in for `SensorDefinition.evaluate_tick`, which all kinds of sensors share."""
        return self._evaluate(wrapped, "sensor", definition, args, kwargs)

    def schedule(
        self, wrapped: Callable[..., Any], definition: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """Stands in for `ScheduleDefinition.evaluate_tick`."""
        return self._evaluate(wrapped, "schedule", definition, args, kwargs)

    def _evaluate(
        self,
        wrapped: Callable[..., Any],
        kind: str,
        definition: Any,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> Any:
        stack, tick, error, result = ExitStack(), None, None, None
        with guarded("the usage of a tick"):
            context = [*args, *kwargs.values()][0]
            tick = self._begin(kind, definition.name, context, stack)
        try:
            result = wrapped(*args, **kwargs)
        except BaseException as raised:
            error = raised
            raise
        finally:
            stack.close()
            with guarded("the usage of a tick"):
                if tick is not None:
                    self._end(tick, error, result)
        with guarded("the log of a tick"):
            if tick is not None and tick.occasion.places:
                result = _with_log(result, tick.context)
        return result

    def _begin(self, kind: str, name: str, context: Any, stack: ExitStack) -> _Tick:
        ids = self._spans.new_ids()
        tick = _Tick(
            name=f"{kind} {name}",
            context=context,
            ids=ids,
            occasion=Occasion(attributes=_attributes(kind, name, context)),
        )
        around = self._spans.in_tick(ids, otel_context.get_current())
        stack.enter_context(occurring(tick.occasion, around))
        return tick

    def _end(self, tick: _Tick, error: BaseException | None, result: Any) -> None:
        occasion = tick.occasion
        occasion.ended.set()
        if occasion.places or _calls_runs(result, tick.ids):
            self._spans.tick(tick.name, tick.ids, occasion.attributes, began=tick.began, error=error)
        tally = occasion.take()
        if tally:
            used, places = phrase(tally.sums), listed(occasion.places)
            tick.context.log.info("Usage of the OpenAI API in this tick: %s, asked for at %s", used, places)


def _calls_runs(result: Any, ids: Ids) -> bool:
    """Whether a tick asks for runs that its tags nest under the span of the tick."""
    requests = getattr(result, "run_requests", None) or ()
    return any(caller_of(request.tags).span_id == ids.span_id for request in requests)


def _attributes(kind: str, name: str, context: Any) -> dict[str, AttributeValue]:
    attributes: dict[str, AttributeValue] = {
        conventions.SENSOR_NAME if kind == "sensor" else conventions.SCHEDULE_NAME: name
    }
    # of the repository, the sensor or schedule, and the tick; without a daemon a time in its place
    if context.log_key and context.log_key[-1].isdigit():
        attributes[conventions.TICK_ID] = context.log_key[-1]
    scheduled = getattr(context, "_scheduled_execution_time", None)
    if scheduled is not None:
        attributes[conventions.TICK_SCHEDULED_TIME] = scheduled.isoformat()
    cursor = getattr(context, "cursor", None)
    if cursor:
        attributes[conventions.TICK_CURSOR] = str(cursor)[:_CURSOR_LENGTH]
    return attributes


def _with_log(result: Any, context: Any) -> Any:
    """What a tick results in, with its log, where nothing was logged until the end."""
    if result.log_key is not None or not context.has_captured_logs():
        return result
    names = list(signature(type(result).__new__).parameters)[1:]
    given = {name: getattr(result, name) for name in names}
    return type(result)(**given | {"log_key": context.log_key})
