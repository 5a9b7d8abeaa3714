"""Which step is running: carried in the OpenTelemetry context, so that it reaches threads and tasks."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.util.types import AttributeValue

from dagster_openai_otel.ledger import ANY, Ledger, Target


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class StepScope:
    """One attempt of one step, and the ledger that its calls are booked in."""

    run_id: str
    step_key: str
    retry_number: int = 0
    """0 for the first attempt."""
    asset_keys: tuple[str, ...] = ()
    """The assets that the step was asked to make, parts joined by `/`; empty for ops and checks."""
    partition_keys: tuple[str, ...] = ()
    """The partitions that the step was asked to make; empty without partitions."""
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    """The `dagster.*` attributes that every span of the step gets."""
    ledger: Ledger = field(default_factory=Ledger)
    open_calls: set[object] = field(default_factory=set)
    """Ids of the request spans that have not ended, and of the work that the API has not finished."""
    dagster_openai_keys: threading.Event = field(default_factory=threading.Event)
    """Set where dagster-openai's own metadata keys are to be written too."""
    ended: threading.Event = field(default_factory=threading.Event)
    """Set when the step has handed over its usage: what is booked from then on is late."""
    process_id: int = field(default_factory=os.getpid)
    """The process that the step runs in: one that it forks has a copy of the ledger, which nobody reads."""
    on_late: list[Callable[[], None]] = field(default_factory=list)
    """What to call, in a thread where Dagster can be called, when something late was booked."""


_SCOPE = otel_context.create_key("dagster-openai-otel-scope")
_TARGET = otel_context.create_key("dagster-openai-otel-target")
_task_scope: ContextVar[StepScope | None] = ContextVar("dagster_openai_otel_scope", default=None)
_running: list[StepScope] = []
_running_lock = threading.RLock()


def find(context: Context | None = None) -> StepScope | None:
    """Find the step that a piece of code runs for.

    Looks in the OpenTelemetry context, then in the task's own context (code that starts a trace of its
    own empties the former), then takes the only step that is running in this process. A process that a
    step forks runs for none.

    Args:
        context: Where to look first; `None` for the current context.
    """
    found = otel_context.get_value(_SCOPE, context) or _task_scope.get()
    running = _running
    if not isinstance(found, StepScope) and len(running) == 1:
        found = running[0]
    return found if isinstance(found, StepScope) and found.process_id == os.getpid() else None


def find_target(context: Context | None = None) -> Target:
    """Find what usage is attributed to in a context; `ANY` where nothing was said."""
    found = otel_context.get_value(_TARGET, context)
    return found if isinstance(found, Target) else ANY


@contextmanager
def entered(scope: StepScope) -> Iterator[None]:
    """Make a step the current one, here and in the threads and tasks that start from here."""
    global _running  # noqa: PLW0603  # replaced, never changed in place: readers take no lock
    with _running_lock:
        _running = [*_running, scope]
    # a step inside another one, of a run that the other starts, does not make what that makes
    token = otel_context.attach(with_scope(scope, ANY))
    task_token = _task_scope.set(scope)
    try:
        yield
    finally:
        with _running_lock:
            _running = [other for other in _running if other is not scope]
        _task_scope.reset(task_token)
        otel_context.detach(token)


@contextmanager
def inside(scope: StepScope, target: Target) -> Iterator[None]:
    """Book the calls inside for a step and a target, here and in the threads and tasks that start here."""
    token = otel_context.attach(with_scope(scope, target))
    try:
        yield
    finally:
        otel_context.detach(token)


def with_scope(scope: StepScope, target: Target, context: Context | None = None) -> Context:
    """A context in which calls belong to a step and a target."""
    return otel_context.set_value(_TARGET, target, otel_context.set_value(_SCOPE, scope, context))


@contextmanager
def targeted(target: Target) -> Iterator[None]:
    """Attribute the calls inside to a target, here and in the threads and tasks that start from here."""
    token = otel_context.attach(otel_context.set_value(_TARGET, target))
    try:
        yield
    finally:
        otel_context.detach(token)
