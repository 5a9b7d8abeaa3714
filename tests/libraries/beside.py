"""Instrumentations of others, switched on for a whole session: none of them may change a count.

None can be taken off reliably, so that each has a session of its own.
"""

import importlib
import importlib.util
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import openai
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from dagster_openai_otel.calls import traceloop

# of the libraries themselves: what makes spans of them, and what is installed where it is wanted
_OWN = (
    ("opentelemetry.instrumentation.langchain", "LangchainInstrumentor", "langchain_openai"),
    ("openinference.instrumentation.langchain", "LangChainInstrumentor", "langchain_openai"),
    ("openinference.instrumentation.openai_agents", "OpenAIAgentsInstrumentor", "agents"),
    ("openinference.instrumentation.litellm", "LiteLLMInstrumentor", "litellm"),
    ("openinference.instrumentation.llama_index", "LlamaIndexInstrumentor", "llama_index.core"),
)


@contextmanager
def _nothing() -> Iterator[None]:
    yield


@contextmanager
def _own() -> Iterator[None]:
    """Every instrumentation that a library has of its own."""
    with _provider() as (provider, exporter):
        for module, name, library in _OWN:
            if _is_installed(library):
                getattr(importlib.import_module(module), name)().instrument(tracer_provider=provider)
        if _is_installed("pydantic_ai"):
            settings = importlib.import_module("pydantic_ai.models.instrumented").InstrumentationSettings
            agent = importlib.import_module("pydantic_ai").Agent
            agent.instrument_all(settings(tracer_provider=provider))
        yield
        # else nothing stood beside, and nothing was tested
        assert exporter.get_finished_spans()


@contextmanager
def _driven() -> Iterator[None]:
    """Traceloop's of the SDK, as this library drives it where `call_spans` is on."""
    assert os.environ["DAGSTER_OPENAI_OTEL_CALL_SPANS"] == "on"
    yield
    assert traceloop.is_wrapped(openai.resources.chat.completions.Completions, "create")


def _of_the_sdk(module: str) -> Callable[[], AbstractContextManager[None]]:
    """Another instrumentation of the SDK itself."""

    @contextmanager
    def instrumented() -> Iterator[None]:
        with _provider() as (provider, exporter):
            importlib.import_module(module).OpenAIInstrumentor().instrument(tracer_provider=provider)
            yield
            assert exporter.get_finished_spans()

    return instrumented


@contextmanager
def _provider() -> Iterator[tuple[TracerProvider, InMemorySpanExporter]]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield provider, exporter
    provider.shutdown()


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


BESIDE: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "nothing": _nothing,
    "driven": _driven,
    "own": _own,
    "traceloop": _of_the_sdk("opentelemetry.instrumentation.openai"),
    "genai": _of_the_sdk("opentelemetry.instrumentation.genai.openai"),
    "openinference": _of_the_sdk("openinference.instrumentation.openai"),
}
