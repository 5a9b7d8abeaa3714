"""The spans of this process's runs and ticks, for a test to look at."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import Sampler

from dagster_openai_otel import DagsterInstrumentor, OpenAIRequestInstrumentor
from dagster_openai_otel.pricing import Prices
from tests.calls.instrumenting import instrumented_with, provider_into


@contextmanager
def spans_of_this_process(sampler: Sampler | None = None, **settings: Any) -> Iterator[Any]:
    """The exporter of a provider of the test's own, which the library has while the block runs.

    Args:
        sampler: Of the provider.
        **settings: Of `DagsterInstrumentor`, beside the provider.
    """
    instrumentor, prices = DagsterInstrumentor(), Prices(own={}).source
    before = OpenAIRequestInstrumentor()._spans
    assert before is not None
    exported = InMemorySpanExporter()
    provider = provider_into(exported, sampler=sampler)
    instrumentor.uninstrument()
    try:
        with instrumented_with(provider):
            instrumentor.instrument(skip_dep_check=True, tracer_provider=provider, prices=prices, **settings)
            yield exported
            instrumentor.uninstrument()
    finally:
        instrumentor.instrument(skip_dep_check=True, tracer_provider=before._provider, prices=prices)
        provider.shutdown()
