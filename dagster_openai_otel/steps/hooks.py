"""What happens where Dagster is wrapped: round a step, between its results, and round a run."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from dagster import DagsterEvent, OpExecutionContext

from dagster_openai_otel.faults import guarded
from dagster_openai_otel.identity import trace_id
from dagster_openai_otel.processor import deliver_late, executing
from dagster_openai_otel.scope import StepScope, entered, find
from dagster_openai_otel.steps.delivery import Delivery
from dagster_openai_otel.steps.metadata import Remarks
from dagster_openai_otel.steps.spans import StepSpans, step_attributes
from dagster_openai_otel.steps.targets import made_by

# Private in dagster; tests/test_upstream.py says why each is relied on.
EXECUTE_STEP = "dagster._core.execution.plan.execute_step"
API = "dagster._core.execution.api"
RUN_ITERATOR = "job_execution_iterator"
_FAILURES = {"PIPELINE_FAILURE", "PIPELINE_CANCELED"}


class StepHooks:
    """Stands in for the wrapped functions.

    Args:
        spans: Makes run and step spans.
        prices: Name and version of the price table.
        trace_url: Template with `{trace_id}` for a link to the trace.
        flush: Called at the end of each run and of each step process.
    """

    def __init__(
        self, *, spans: StepSpans, prices: str | None, trace_url: str | None, flush: Callable[[], None]
    ) -> None:
        self._spans = spans
        self._prices = prices
        self._trace_url = trace_url
        self._flush = flush
        self._deliveries: dict[StepScope, Delivery] = {}

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
        return events if delivery is None else delivery.results(events)

    def run(
        self, wrapped: Callable[..., Any], plan: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Iterator[DagsterEvent]:
        """Stands in for `ExecuteRunWithPlanIterable.__iter__`: the events of a run, or of one step of it."""
        began, failed = time.time_ns(), False
        try:
            with executing():
                for event in wrapped(*args, **kwargs):
                    failed = failed or event.event_type_value in _FAILURES
                    yield event
        finally:
            with guarded("the span of a run"):
                deliver_late()
                if plan.iterator.__name__ == RUN_ITERATOR and plan.job_context:
                    self._spans.run(plan.job_context.dagster_run, began=began, failed=failed)
                self._flush()

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
            attributes=step_attributes(context, step_key, made),
        )
        link = self._trace_url and self._trace_url.format(trace_id=f"{trace_id(context.run_id):032x}")
        delivery = Delivery(context, scope, made, Remarks(prices=self._prices, trace=link))
        scope.on_late.append(delivery.deliver_late)
        stack.enter_context(entered(scope))
        stack.enter_context(self._spans.step(scope))
        self._deliveries[scope] = delivery
        return scope
