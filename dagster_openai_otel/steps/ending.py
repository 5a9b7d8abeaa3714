"""How a run ended, from the events that pass through its process."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from dagster import DagsterEvent, DagsterInstance, DagsterRun
from opentelemetry.trace import SpanContext
from opentelemetry.util.types import AttributeValue

from dagster_openai_otel import conventions
from dagster_openai_otel.steps.upstream import ENDINGS

_SUCCESS, _CANCELED = "SUCCESS", "CANCELED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What is known of the end of a run."""

    status: str | None = None
    """In Dagster's words; `None` before its last event."""
    error: str | None = None
    """Class of the first exception that was not recovered from, without its module."""

    def after(self, event: DagsterEvent) -> Self:
        """What is known after an event more."""
        status = ENDINGS.get(event.event_type_value)
        data: Any = event.event_specific_data
        error = getattr(data, "error", None) if event.is_step_failure or status == "FAILURE" else None
        if status is None and error is None:
            return self
        return type(self)(status=status or self.status, error=self.error or _class_of(error))

    @property
    def failed(self) -> bool:
        """Whether it did not do what it was to do."""
        return self.status not in {None, _SUCCESS}

    @property
    def description(self) -> str | None:
        """Why it failed, in a word; messages of exceptions stay out, since they can hold anything."""
        return "canceled" if self.status == _CANCELED else self.error

    @property
    def attributes(self) -> dict[str, AttributeValue]:
        """The attributes of the run's span."""
        attributes: dict[str, AttributeValue] = {}
        if self.status is not None:
            attributes[conventions.RUN_STATUS] = self.status
        if self.failed and self.error is not None:
            attributes[conventions.ERROR_TYPE] = self.error
        return attributes


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedRun:
    """A run that has ended."""

    run: DagsterRun
    instance: DagsterInstance
    """Where it is stored."""
    began: int
    """When it began, nanoseconds since the epoch."""
    ending: Ending
    around: SpanContext
    """The span that was the current one when it began; not valid where there was none."""
    assets: Callable[[], tuple[str, ...]]
    """Tells which assets it was to make."""


def _class_of(error: Any) -> str | None:
    """The class of what the user's code raised, which Dagster wraps."""
    while error is not None and error.cause is not None and error.cls_name.startswith("Dagster"):
        error = error.cause
    return None if error is None else str(error.cls_name)
