"""`DagsterInstrumentor`: wraps the three places of Dagster that steps and runs go through."""

from collections.abc import Collection
from typing import Any

from opentelemetry import trace
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

from dagster_openai_otel.faults import say_once
from dagster_openai_otel.steps.hooks import API, EXECUTE_STEP, StepHooks
from dagster_openai_otel.steps.spans import StepSpans
from dagster_openai_otel.wrapping import Wrapper, Wrapping


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
        self._wrapping = Wrapping()
        self._wrap(EXECUTE_STEP, "enter_execution_context", hooks.enter)
        self._wrap(EXECUTE_STEP, "execute_core_compute", hooks.compute)
        self._wrap(API, "ExecuteRunWithPlanIterable.__iter__", hooks.run)

    def _uninstrument(self, **kwargs: Any) -> None:  # noqa: ARG002  # the base class's signature
        self._wrapping.take_off()

    def _wrap(self, module: str, path: str, wrapper: Wrapper) -> None:
        try:
            self._wrapping.wrap(module, path, wrapper)
        except (ImportError, AttributeError):
            say_once(
                f"this version of Dagster has no {module}.{path}: usage is recorded only for clients of"
                " OpenAIResource. Please report it, with the version"
            )
