"""What code runs for where no step runs: a run round its steps, or one tick of a sensor or schedule."""

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.util.types import AttributeValue

from dagster_openai_otel.ledger import ANY, Ledger
from dagster_openai_otel.tally import Tally


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Occasion:
    """One run or one tick, and what was used in it outside any step."""

    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    """The `dagster.*` attributes of all spans in it."""
    places: dict[str, None] = field(default_factory=dict)
    """Where requests came from, in order."""
    ledger: Ledger = field(default_factory=Ledger)
    ended: threading.Event = field(default_factory=threading.Event)
    """Set when it has handed over its usage for the last time."""
    process_id: int = field(default_factory=os.getpid)
    run_id: str | None = None
    """The run; `None` for a tick."""

    def take(self) -> Tally:
        """Take out all that was used since the last time."""
        return self.ledger.take().get(ANY, Tally())


_OCCASION = otel_context.create_key("dagster-openai-otel-occasion")
_occurring: list[Occasion] = []
_occurring_lock = threading.RLock()


def may_run_step_of(run_id: str, context: Context | None = None) -> bool:
    """Whether code of a context can be that of a step of a run: not where another run, or a tick, goes on."""
    found = otel_context.get_value(_OCCASION, context)
    return not isinstance(found, Occasion) or found.run_id == run_id


def find_occasion(context: Context | None = None) -> Occasion | None:
    """Find the run or tick that a piece of code runs for: that of its context, or the only one."""
    found = otel_context.get_value(_OCCASION, context)
    occurring = _occurring
    if not isinstance(found, Occasion) and len(occurring) == 1:
        found = occurring[0]
    if not isinstance(found, Occasion) or found.ended.is_set() or found.process_id != os.getpid():
        return None
    return found


@contextmanager
def occurring(occasion: Occasion, context: Context | None = None) -> Iterator[None]:
    """While the block runs, what belongs to no step belongs to a run or tick.

    Args:
        occasion: The run or tick.
        context: The OpenTelemetry context to run the block in; `None` for the current one.
    """
    global _occurring  # noqa: PLW0603  # replaced, never changed in place: readers take no lock
    with _occurring_lock:
        _occurring = [*_occurring, occasion]
    token = otel_context.attach(otel_context.set_value(_OCCASION, occasion, context))
    try:
        yield
    finally:
        with _occurring_lock:
            _occurring = [other for other in _occurring if other is not occasion]
        # where the garbage collector closes it in another context there is nothing to take back
        if otel_context.get_value(_OCCASION) is occasion:
            otel_context.detach(token)
