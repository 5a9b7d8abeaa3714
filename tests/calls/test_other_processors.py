"""Processors, exporters and prices of the user's: what they do wrong costs no call and no usage."""

import gc
import logging

import pytest
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Sampler
from opentelemetry.trace import ProxyTracerProvider

from dagster_openai_otel import faults
from dagster_openai_otel.processor import DagsterSpanProcessor
from dagster_openai_otel.testing import Answer, FakeOpenAI
from tests.calls.books import booked, taken
from tests.calls.clients import KINDS, run, sync_client
from tests.calls.either import all_of, got
from tests.calls.instrumenting import instrumented_with, not_instrumented, provider_into
from tests.calls.ways import CHAT, STREAM
from tests.events import billed


class Broken(SpanProcessor):
    """A processor of the user's that raises."""

    def __init__(self, where: str) -> None:
        self.where = where

    def on_start(self, span, parent_context=None):
        if self.where == "on_start":
            raise LookupError(self.where)

    def on_end(self, span):
        if self.where == "on_end":
            raise LookupError(self.where)


class BrokenExporter(SpanExporter):
    """An exporter of the user's that raises."""

    def export(self, spans):
        raise LookupError


@pytest.fixture
def as_in_production(monkeypatch):
    """Faults are caught and said, as users have it."""
    monkeypatch.setattr(faults, "_raising", False)
    monkeypatch.setattr(faults, "_said", set())


async def create(client):
    return (await got(client.chat.completions.create(**CHAT))).model_dump()


async def stream(client):
    return [chunk.model_dump() for chunk in await all_of(await got(client.chat.completions.create(**STREAM)))]


def provider_with(*processors: SpanProcessor) -> TracerProvider:
    provider = TracerProvider(shutdown_on_exit=False)
    for processor in processors:
        provider.add_span_processor(processor)
    return provider


def test_a_second_processor_of_the_library_doubles_nothing(api, scope):
    with instrumented_with(provider_with(DagsterSpanProcessor(), DagsterSpanProcessor())):
        run(create, "sync", api)
        run(stream, "sync", api)
    assert booked(scope) == billed(api.bill)


def test_without_a_processor_of_the_library_a_call_returns_its_result(api):
    with instrumented_with(provider_with()):
        assert run(create, "sync", api)["id"] == "chatcmpl-000000000000"


@pytest.mark.parametrize("where", ["on_start", "on_end"])
@pytest.mark.parametrize("ours_first", [True, False])
class TestABrokenProcessorOfTheUsers:
    @pytest.fixture
    def provider(self, where, ours_first):
        ours, theirs = DagsterSpanProcessor(), Broken(where)
        return provider_with(*((ours, theirs) if ours_first else (theirs, ours)))

    @pytest.mark.parametrize("kind", KINDS)
    def test_leaves_the_users_result(self, api, scope, as_in_production, provider, kind):
        with not_instrumented(), FakeOpenAI() as bare_api:
            bare = run(create, kind, bare_api), run(stream, kind, bare_api)
        with instrumented_with(provider):
            assert (run(create, kind, api), run(stream, kind, api)) == bare

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("steps", [create, stream])
    def test_costs_no_usage(self, api, scope, as_in_production, provider, kind, steps):
        with instrumented_with(provider):
            run(steps, kind, api)
        assert booked(scope) == billed(api.bill)

    def test_is_said_once(self, api, scope, as_in_production, caplog, provider):
        with instrumented_with(provider):
            for _ in range(3):
                run(create, "sync", api)
        ours = [record for record in caplog.records if record.name == "dagster_openai_otel"]
        assert [record.levelno for record in ours] == [logging.WARNING]


def test_a_broken_exporter_costs_no_call_and_no_usage(api, scope, caplog):
    provider = provider_with(DagsterSpanProcessor(), SimpleSpanProcessor(BrokenExporter()))
    with instrumented_with(provider):
        assert run(create, "sync", api)["object"] == "chat.completion"
    assert booked(scope) == billed(api.bill)
    caplog.clear()


class BrokenPrices(dict[str, object]):
    """A table of own prices that raises when it is looked at."""

    def __contains__(self, model: object) -> bool:
        raise LookupError(model)

    def __bool__(self) -> bool:
        return True


def test_broken_prices_cost_the_price_and_nothing_else(api, scope, as_in_production, caplog):
    with (
        instrumented_with(provider_into(InMemorySpanExporter()), prices=BrokenPrices()),
        sync_client(api) as client,
    ):
        for _ in range(3):
            client.chat.completions.create(**CHAT)
    sums = taken(scope)
    assert (sums.calls, sums.unpriced_calls, sums.cost_usd) == (3, 3, None)
    assert sums.usage.total_tokens == api.bill.usage.total_tokens
    assert [record.getMessage() for record in caplog.records if record.name == "dagster_openai_otel"] == [
        "lost because of a fault in dagster-openai-otel: the price of a call"
    ]


class BrokenSampler(Sampler):
    """A sampler of the user's that raises."""

    def should_sample(self, *args, **kwargs):
        raise LookupError

    def get_description(self):
        return "broken"


class BrokenIds(RandomIdGenerator):
    """Raises where a span is to start."""

    def generate_span_id(self):
        raise LookupError


class BrokenProvider(ProxyTracerProvider):
    """Makes no tracer."""

    def get_tracer(self, *args, **kwargs):
        raise LookupError


@pytest.mark.parametrize(
    "provider",
    [
        TracerProvider(sampler=BrokenSampler(), shutdown_on_exit=False),
        TracerProvider(id_generator=BrokenIds(), shutdown_on_exit=False),
        BrokenProvider(),
    ],
    ids=["sampler", "ids", "provider"],
)
@pytest.mark.parametrize("steps", [create, stream])
def test_a_provider_that_makes_no_span_costs_no_usage(api, scope, as_in_production, provider, steps):
    with not_instrumented(), FakeOpenAI() as bare_api:
        bare = run(steps, "sync", bare_api)
    with instrumented_with(provider):
        assert run(steps, "sync", api) == bare
    assert booked(scope) == billed(api.bill)


class BrokenHandler(logging.Handler):
    """A handler of the user's that raises."""

    def emit(self, record):
        raise LookupError


def test_a_broken_log_handler_costs_no_call_and_no_usage(api, scope, as_in_production):
    handler, logger = BrokenHandler(), logging.getLogger("dagster_openai_otel")
    logger.addHandler(handler)
    try:
        with instrumented_with(provider_with(DagsterSpanProcessor(), Broken("on_start"))):
            assert run(create, "sync", api)["object"] == "chat.completion"
    finally:
        logger.removeHandler(handler)
    assert booked(scope) == billed(api.bill)


class Collecting(SpanProcessor):
    """Has garbage collected wherever a span starts or ends."""

    def on_start(self, span, parent_context=None):
        gc.collect()

    def on_end(self, span):
        gc.collect()


def test_streams_that_end_in_the_garbage_collector_inside_a_processor_are_booked(api, scope):
    api.script(*[Answer(chunk_delay=0.05)] * 5)
    with (
        instrumented_with(provider_with(Collecting(), DagsterSpanProcessor())),
        sync_client(api, max_retries=0) as client,
    ):
        for _ in range(5):
            next(client.chat.completions.create(**STREAM))
    gc.collect()
    assert booked(scope) == billed(api.bill)
