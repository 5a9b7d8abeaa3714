"""`DagsterInstrumentor`: wraps the three places of Dagster that steps and runs go through."""

from collections.abc import Callable, Collection
from importlib import import_module
from typing import Any

import wrapt
from opentelemetry import trace
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor
from opentelemetry.instrumentation.utils import unwrap

from dagster_openai_otel.faults import say_once
from dagster_openai_otel.steps.hooks import API, EXECUTE_STEP, StepHooks
from dagster_openai_otel.steps.spans import StepSpans


class DagsterInstrumentor(BaseInstrumentor):  # type: ignore[misc]  # untyped in opentelemetry
    """Opens a scope and a span round each step of Dagster, and delivers what was used in it.

    `instrument()` takes `tracer_provider` (default: the global one), `remarks` (texts beside the numbers),
    `trace_url` (a template with `{trace_id}`) and `flush`, called at the end of each run and step process.
    """

    def instrumentation_dependencies(self) -> Collection[str]:
        """The versions of Dagster that this knows."""
        return ("dagster >= 1.10",)

    def _instrument(self, **kwargs: Any) -> None:
        hooks = StepHooks(
            spans=StepSpans(kwargs.get("tracer_provider") or trace.get_tracer_provider()),
            prices=kwargs.get("prices"),
            trace_url=kwargs.get("trace_url"),
            flush=kwargs.get("flush") or (lambda: None),
        )
        _wrap(EXECUTE_STEP, "enter_execution_context", hooks.enter)
        _wrap(EXECUTE_STEP, "execute_core_compute", hooks.compute)
        _wrap(API, "ExecuteRunWithPlanIterable.__iter__", hooks.run)

    def _uninstrument(self, **kwargs: Any) -> None:  # noqa: ARG002  # the base class's signature
        execute_step, api = import_module(EXECUTE_STEP), import_module(API)
        unwrap(execute_step, "enter_execution_context")
        unwrap(execute_step, "execute_core_compute")
        unwrap(api.ExecuteRunWithPlanIterable, "__iter__")


def _wrap(module: str, name: str, wrapper: Callable[..., Any]) -> None:
    try:
        wrapt.wrap_function_wrapper(module, name, wrapper)
    except (ImportError, AttributeError):
        say_once(
            f"this version of Dagster has no {module}.{name}: usage is recorded only for clients of"
            " OpenAIResource. Please report it, with the version"
        )
