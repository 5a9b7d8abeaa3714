"""What happens round a step, between its results, and in its hooks."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from dagster import DagsterEvent, DagsterInstance, DagsterRun, OpExecutionContext

from dagster_openai_otel.faults import guarded
from dagster_openai_otel.ledger import ANY
from dagster_openai_otel.processor import deliver_late
from dagster_openai_otel.scope import StepScope, entered, find, inside, resumed
from dagster_openai_otel.steps.delivery import Delivery
from dagster_openai_otel.steps.metadata import Remarks
from dagster_openai_otel.steps.spans import StepSpans, step_attributes
from dagster_openai_otel.steps.targets import made_by


class StepHooks:
    """Stands in for the wrapped functions.

    Args:
        spans: Makes run and step spans.
        remarks: What is said beside the numbers, by run.
    """

    def __init__(
        self, *, spans: StepSpans, remarks: Callable[[DagsterRun, DagsterInstance], Remarks]
    ) -> None:
        self._spans = spans
        self._remarks = remarks
        self._deliveries: dict[StepScope, Delivery] = {}
        self._threads = threading.local()

    @contextmanager
    def enter(
        self, wrapped: Callable[..., Any], _: object, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Iterator[Any]:
        """Stands in for `enter_execution_context`: while the block runs, the step does."""
        with wrapped(*args, **kwargs) as context, self._running(context):
            yield context

    def compute(
        self, wrapped: Callable[..., Any], _: object, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Iterator[Any]:
        """Stands in for `execute_core_compute`: the results of a step's code, one by one."""
        scope = find()
        delivery = self._deliveries.get(scope) if scope else None
        events: Iterator[Any] = wrapped(*args, **kwargs)
        if scope is None or delivery is None:
            return events
        return delivery.results(resumed(scope, events))

    def after(
        self, wrapped: Callable[..., Any], _: object, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Iterator[DagsterEvent]:
        """Stands in for `_trigger_hook`: runs the hooks of the step that this thread has just run."""
        scope: StepScope | None = self._threads.__dict__.pop("last", None)
        if scope is None:
            yield from wrapped(*args, **kwargs)
            return
        events = iter(wrapped(*args, **kwargs))
        while True:
            with inside(scope, ANY):
                event = next(events, None)
            if event is None:
                break
            yield event
        with guarded("the usage of a hook"):
            deliver_late()

    @contextmanager
    def _running(self, context: Any) -> Iterator[None]:
        stack, error = ExitStack(), None
        scope: StepScope | None = None
        with guarded("the usage of a step"):
            scope = self._open(context.op_execution_context, stack)
        try:
            yield
        except BaseException as raised:
            error = raised
            raise
        finally:
            with guarded("the usage of a step"):
                if scope is not None:
                    self._deliveries.pop(scope).close(error)
                    self._threads.last = scope
                deliver_late()
            with guarded("the span of a step"):
                stack.__exit__(type(error) if error else None, error, None)

    def _open(self, context: OpExecutionContext, stack: ExitStack) -> StepScope:
        made = made_by(context)
        step_key = context.get_step_execution_context().step.key
        scope = StepScope(
            run_id=context.run_id,
            step_key=step_key,
            retry_number=context.retry_number,
            asset_keys=made.assets,
            partition_keys=made.partitions,
            checked_keys=made.checked_assets,
            attributes=step_attributes(context, step_key, made),
        )
        delivery = Delivery(context, scope, made, self._remarks(context.run, context.instance))
        scope.on_late.append(delivery.deliver_late)
        stack.enter_context(entered(scope))
        stack.enter_context(self._spans.step(scope, context, made))
        self._deliveries[scope] = delivery
        return scope
