"""Taking the library off the SDK for a while, and putting it on with a test's own provider."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import TracerProvider as AnyTracerProvider

from dagster_openai_otel.calls.instrumentor import OpenAIRequestInstrumentor
from dagster_openai_otel.processor import DagsterSpanProcessor


@contextmanager
def not_instrumented() -> Iterator[None]:
    """The bare SDK."""
    instrumentor = OpenAIRequestInstrumentor()
    before = instrumentor._spans
    assert before is not None
    instrumentor.uninstrument()
    try:
        yield
    finally:
        instrumentor.instrument(
            skip_dep_check=True,
            tracer_provider=before._provider,
            prices=before._prices.own,
            stream_usage=before._asker._mode,
        )


@contextmanager
def instrumented_with(provider: AnyTracerProvider, **settings: Any) -> Iterator[None]:
    """The SDK with the library on it, and spans that go to a provider of the test's own."""
    instrumentor = OpenAIRequestInstrumentor()
    with not_instrumented():
        instrumentor.instrument(skip_dep_check=True, tracer_provider=provider, **settings)
        try:
            yield
        finally:
            instrumentor.uninstrument()


def provider_into(exporter: InMemorySpanExporter, **options: Any) -> TracerProvider:
    """A provider with the library's processor, as `instrument()` makes it."""
    provider = TracerProvider(shutdown_on_exit=False, **options)
    provider.add_span_processor(DagsterSpanProcessor())
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider
