"""Which step is running: carried in the OpenTelemetry context, so that it reaches threads and tasks."""

import asyncio
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.util.types import AttributeValue

from dagster_openai_otel.ledger import ANY, Ledger, Target
from dagster_openai_otel.occasion import may_run_step_of


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
    checked_keys: tuple[str, ...] = ()
    """The assets whose checks the step was asked to evaluate, in the same form."""
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
    blocks: list["Block"] = field(default_factory=list)
    """The blocks that tasks have entered and not left."""
    on_late: list[Callable[[], None]] = field(default_factory=list)
    """What to call, in a thread where Dagster can be called, when something late was booked."""


def _current_task() -> "asyncio.Task[Any] | None":
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Block:
    """A block of code whose calls are attributed to a target."""

    target: Target
    around: object
    """What calls are attributed to outside of it: a block, a target, or nothing."""
    thread: int = field(default_factory=threading.get_ident)
    task: "asyncio.Task[Any] | None" = field(default_factory=_current_task)
    left: threading.Event = field(default_factory=threading.Event)

    def left_here(self) -> bool:
        """Whether this is the thread and task that has left the block; others that began in it go on."""
        return self.left.is_set() and (self.thread, self.task) == (threading.get_ident(), _current_task())


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
    if not isinstance(found, StepScope) and len(running) == 1 and may_run_step_of(running[0].run_id, context):
        found = running[0]
    return found if isinstance(found, StepScope) and found.process_id == os.getpid() else None


def find_target(context: Context | None = None) -> Target:
    """Find what usage is attributed to in a context; `ANY` where nothing was said."""
    found = otel_context.get_value(_TARGET, context)
    while isinstance(found, Block):
        if not found.left_here():
            return found.target
        found = found.around
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
    token = otel_context.attach(with_scope(scope, target.within(find_target())))
    try:
        yield
    finally:
        otel_context.detach(token)


def with_scope(scope: StepScope, target: Target, context: Context | None = None) -> Context:
    """A context in which calls belong to a step and a target."""
    return otel_context.set_value(_TARGET, target, otel_context.set_value(_SCOPE, scope, context))


@contextmanager
def targeted(target: Target) -> Iterator[None]:
    """Attribute the calls inside to a target, here and in the threads and tasks that start from here.

    A generator can leave the block in another task than it entered it in, or after a block that it entered
    later: so leaving it puts back nothing that was before, but takes out this block alone.
    """
    scope = find()
    block = Block(target=target, around=otel_context.get_value(_TARGET))
    otel_context.attach(otel_context.set_value(_TARGET, block))
    if scope is not None and block.task is not None:
        scope.blocks.append(block)
    try:
        yield
    finally:
        block.left.set()
        if scope is not None and block in scope.blocks:
            scope.blocks.remove(block)
        if otel_context.get_value(_TARGET) is block:
            otel_context.attach(otel_context.set_value(_TARGET, block.around))


def with_target(target: Target) -> Context:
    """The current context, in which calls belong to a target."""
    return otel_context.set_value(_TARGET, target)


def resumed(scope: StepScope, events: Iterator[Any]) -> Iterator[Any]:
    """Pass on the results of a step's code, which goes on inside the blocks that it has not left.

    Dagster runs an asynchronous generator in a new task from each result to the next, with a context in
    which the blocks that the task before has entered are unknown.
    """
    while True:
        entered_before = [block for block in scope.blocks if block.task is not None and block.task.done()]
        around = otel_context.get_value(_TARGET)
        if entered_before:
            otel_context.attach(otel_context.set_value(_TARGET, entered_before[-1]))
        try:
            event = next(events)
        except StopIteration:
            return
        finally:
            if entered_before:
                otel_context.attach(otel_context.set_value(_TARGET, around))
        yield event
