"""Know what every OpenAI call in a Dagster pipeline used, cost and did, without writing a line for it.

Nothing is loaded before it is used: pytest and `dg` load this package in many processes.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster_openai_otel.attribution import attribute_usage
    from dagster_openai_otel.calls.instrumentor import OpenAIRequestInstrumentor
    from dagster_openai_otel.component import OpenAIOtelComponent
    from dagster_openai_otel.processor import DagsterSpanProcessor
    from dagster_openai_otel.recording import record_usage
    from dagster_openai_otel.resource import OpenAIResource, with_usage_metadata
    from dagster_openai_otel.steps.instrumentor import DagsterInstrumentor
    from dagster_openai_otel.usage import Usage
    from dagster_openai_otel.wiring import instrument

__all__ = [
    "DagsterInstrumentor",
    "DagsterSpanProcessor",
    "OpenAIOtelComponent",
    "OpenAIRequestInstrumentor",
    "OpenAIResource",
    "Usage",
    "attribute_usage",
    "instrument",
    "record_usage",
    "with_usage_metadata",
]

_MODULES = {
    "DagsterInstrumentor": "steps.instrumentor",
    "DagsterSpanProcessor": "processor",
    "OpenAIOtelComponent": "component",
    "OpenAIRequestInstrumentor": "calls.instrumentor",
    "OpenAIResource": "resource",
    "Usage": "usage",
    "attribute_usage": "attribution",
    "instrument": "wiring",
    "record_usage": "recording",
    "with_usage_metadata": "resource",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
