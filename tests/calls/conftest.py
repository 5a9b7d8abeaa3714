"""A step that is running, and spans that a test can look at."""

import gc
from collections.abc import Iterator

import openai
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from dagster_openai_otel import processor
from dagster_openai_otel.scope import StepScope, entered
from dagster_openai_otel.testing import FakeOpenAI
from tests.calls.clients import sync_client
from tests.calls.instrumenting import instrumented_with, provider_into


@pytest.fixture(autouse=True)
def quick_collection() -> Iterator[None]:
    """Make `gc.collect()` look at nothing but what the test made: all of Dagster takes it long."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def scope() -> Iterator[StepScope]:
    """The step that the test's calls are made in."""
    running = StepScope(run_id="00000000-0000-4000-8000-000000000000", step_key="poem")
    with entered(running):
        yield running
    left_open = set(running.open_calls)
    for span_id in left_open:
        # so that one failure stays one
        processor._claims.pop(span_id, None)  # type: ignore[call-overload]  # an id of a span, or of other work
    assert left_open == set()


@pytest.fixture
def client(api: FakeOpenAI) -> Iterator[openai.OpenAI]:
    """A client that asks the stand-in."""
    with sync_client(api) as asking:
        yield asking


@pytest.fixture
def exported() -> InMemorySpanExporter:
    """Where spans are exported to."""
    return InMemorySpanExporter()


@pytest.fixture
def provider(exported: InMemorySpanExporter) -> Iterator[TracerProvider]:
    """A provider of the test's own."""
    own = provider_into(exported)
    yield own
    own.shutdown()


@pytest.fixture
def spans(exported: InMemorySpanExporter, provider: TracerProvider) -> Iterator[InMemorySpanExporter]:
    """The spans that were exported, of all requests of the test."""
    with instrumented_with(provider):
        yield exported
