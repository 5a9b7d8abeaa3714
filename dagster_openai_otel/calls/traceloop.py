"""Traceloop's instrumentor of the OpenAI SDK, driven safely: spans around the requests."""

import os
from collections.abc import Callable
from types import ModuleType

import wrapt
from opentelemetry.trace import TracerProvider

from dagster_openai_otel.faults import guarded

_CONTENT = "TRACELOOP_TRACE_CONTENT"


def when_imported(wanted: Callable[[], bool], provider: TracerProvider, *, capture_content: bool) -> None:
    """Instrument the SDK with Traceloop's when `openai` is imported, and not before.

    Args:
        wanted: Asked then whether spans around the requests are wanted.
        provider: Makes the spans.
        capture_content: Whether prompts and completions go on them.
    """

    def instrument(openai: ModuleType) -> None:
        with guarded("the spans that Traceloop makes around requests"):
            if wanted():
                _instrument(openai, provider, capture_content=capture_content)

    wrapt.register_post_import_hook(instrument, "openai")


def _instrument(openai: ModuleType, provider: TracerProvider, *, capture_content: bool) -> None:
    if isinstance(openai.resources.chat.completions.Completions.create, wrapt.BoundFunctionWrapper):
        # somebody else makes spans around requests, with settings of their own
        return
    # It captures content unless this says otherwise, and reads it at every call.
    os.environ.setdefault(_CONTENT, "true" if capture_content else "false")
    from opentelemetry.instrumentation.openai import OpenAIInstrumentor

    OpenAIInstrumentor(enable_trace_context_propagation=False).instrument(tracer_provider=provider)
