"""What `opentelemetry-instrument` runs: the same as `instrument()`, without a line in the definitions."""

import os
from collections.abc import Collection
from importlib import import_module
from types import ModuleType
from typing import Any

import wrapt
from opentelemetry import trace
from opentelemetry.instrumentation.environment_variables import OTEL_PYTHON_DISABLED_INSTRUMENTATIONS
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

from dagster_openai_otel.errors import SettingError
from dagster_openai_otel.faults import guarded, say_once

_NAME = "dagster_openai_otel"
_WIRING = "dagster_openai_otel.wiring"


class DagsterOpenAIInstrumentor(BaseInstrumentor):  # type: ignore[misc]  # untyped in opentelemetry
    """Instruments a process once it imports `dagster`; one that does not pays nothing.

    Settings come from the environment; those of an `instrument()` in the definitions go before them.
    `OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=dagster_openai_otel` leaves it out.
    """

    def instrumentation_dependencies(self) -> Collection[str]:
        """What is instrumented."""
        return ("dagster >= 1.10",)

    def _instrument(self, **_: Any) -> None:
        wrapt.register_post_import_hook(_assume, "dagster")
        wrapt.register_post_import_hook(_assume, _WIRING)

    def _uninstrument(self, **_: Any) -> None:
        """Nothing: what it put on can be taken off by the instrumentors of the two sides."""


def drive_traceloop() -> None:
    """Have Traceloop's instrumentor, which is here as a dependency, put on as `instrument()` would.

    Runs before `opentelemetry-instrument` puts the instrumentors on, and left by itself that one records
    prompts. Where it is in `OTEL_PYTHON_DISABLED_INSTRUMENTATIONS` nothing is put on by this.
    """
    disabled = os.environ.get(OTEL_PYTHON_DISABLED_INSTRUMENTATIONS, "").split(",")
    if not {_NAME, "*"} & {name.strip() for name in disabled}:
        wrapt.register_post_import_hook(_replace, "opentelemetry.instrumentation.openai")


def _replace(_: ModuleType) -> None:
    from dagster_openai_otel.calls import traceloop  # noqa: PLC0415  # loaded in few processes
    from dagster_openai_otel.settings import resolve  # noqa: PLC0415  # as above

    with guarded("the spans that Traceloop makes around requests"):
        settings = resolve({})
        traceloop.instead_of_itself(
            trace.get_tracer_provider(),
            wanted=settings.call_spans != "off",
            capture_content=settings.capture_content,
        )


def _assume(_: ModuleType) -> None:
    with guarded("the usage of all calls"):
        assume = getattr(import_module(_WIRING), "assume", None)
        if assume is None:
            # it is what imports dagster, and is told of again when it is there
            return
        try:
            assume()
        except SettingError as error:
            # an import of the user's must not fail
            say_once(f"usage of the OpenAI API is not recorded: {error}")
