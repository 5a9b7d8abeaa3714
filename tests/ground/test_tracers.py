from typing import Any

import pytest
import wrapt
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler, TraceIdRatioBased
from opentelemetry.trace import NoOpTracerProvider, Tracer

from dagster_openai_otel import DagsterSpanProcessor, conventions, faults, identity
from dagster_openai_otel.ledger import Ledger
from dagster_openai_otel.processor import unwatch, watch
from dagster_openai_otel.tracers import calls_tracer, steps_tracer

CALL: dict[str, bool | str | int] = {
    conventions.OPENAI_CALL: True,
    conventions.OPENAI_MODEL: "gpt-5-mini",
    "openai.usage.input_tokens": 3,
    "openai.usage.total_tokens": 3,
}


@pytest.fixture
def ledger():
    """What all request spans of the test are booked in."""
    ledger = Ledger()
    watch(ledger)
    yield ledger
    unwatch(ledger)


def provider_with(*processors: SpanProcessor, sampler: Sampler = ALWAYS_ON) -> TracerProvider:
    provider = TracerProvider(sampler=sampler, shutdown_on_exit=False)
    for processor in processors:
        provider.add_span_processor(processor)
    return provider


def make_calls(tracer: Tracer, number: int) -> None:
    for _ in range(number):
        span = tracer.start_span(
            "chat gpt-5-mini", attributes={f"before.{place}": place for place in range(20)}
        )
        span.set_attributes(CALL)
        span.end()


def booked(ledger: Ledger) -> tuple[int, int]:
    """Calls and tokens."""
    sums = [tally.sums for tally in ledger.take().values()]
    return sum(each.calls for each in sums), sum(each.usage.total_tokens for each in sums)


@pytest.mark.parametrize(
    "sampler", [ALWAYS_ON, ALWAYS_OFF, TraceIdRatioBased(0.1)], ids=lambda sampler: sampler.get_description()
)
def test_every_call_is_counted_whatever_the_sampler_drops(sampler: Sampler, ledger: Ledger):
    make_calls(calls_tracer(provider_with(sampler=sampler)), 50)

    assert booked(ledger) == (50, 150)


def test_what_the_sampler_drops_is_not_exported():
    exporter = InMemorySpanExporter()
    provider = provider_with(SimpleSpanProcessor(exporter), sampler=ALWAYS_OFF)

    make_calls(calls_tracer(provider), 1)

    assert exporter.get_finished_spans() == ()


def test_what_the_sampler_takes_is_exported_once():
    exporter = InMemorySpanExporter()

    make_calls(calls_tracer(provider_with(SimpleSpanProcessor(exporter))), 1)

    assert len(exporter.get_finished_spans()) == 1


def test_a_call_is_counted_once_however_many_of_our_processors_see_it(ledger: Ledger):
    provider = provider_with(DagsterSpanProcessor(), DagsterSpanProcessor())

    make_calls(calls_tracer(provider), 2)

    assert booked(ledger) == (2, 6)


def test_spans_of_other_tracers_are_not_counted(ledger: Ledger):
    provider = provider_with(DagsterSpanProcessor())

    make_calls(provider.get_tracer("somebody.else"), 2)

    assert booked(ledger) == (0, 0)


@pytest.mark.parametrize("limit", [1, 8, 63])
def test_a_low_limit_of_attributes_loses_no_count(limit: int, ledger: Ledger):
    provider = TracerProvider(span_limits=SpanLimits(max_span_attributes=limit), shutdown_on_exit=False)

    make_calls(calls_tracer(provider), 1)

    assert booked(ledger) == (1, 3)


class Broken(SpanProcessor):
    """Another one's processor, which raises whenever it can."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        raise OSError

    def on_end(self, span: ReadableSpan) -> None:
        raise OSError


def test_another_ones_processor_that_raises_neither_breaks_a_call_nor_loses_its_count(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(faults, "_raising", False)

    make_calls(calls_tracer(provider_with(Broken())), 2)

    assert booked(ledger) == (2, 6)


def test_a_provider_gives_many_fit_tracers_without_fitting_them_twice(ledger: Ledger):
    provider = provider_with()

    for _ in range(3):
        make_calls(calls_tracer(provider), 1)

    assert booked(ledger) == (3, 9)


def test_the_ids_of_a_step_span_can_be_given():
    exporter = InMemorySpanExporter()
    tracer = steps_tracer(provider_with(SimpleSpanProcessor(exporter)))

    with identity.given(identity.Ids(trace_id=5, span_id=7)):
        tracer.start_span("given").end()
    tracer.start_span("not given").end()

    given, other = (span.get_span_context() for span in exporter.get_finished_spans())
    assert given is not None
    assert (given.trace_id, given.span_id) == (5, 7)
    assert other is not None
    assert other.is_valid
    assert other.trace_id != 5


def test_a_tracer_is_made_fit_once_however_often_it_is_asked_for():
    provider = TracerProvider(shutdown_on_exit=False)
    sampler = provider.sampler.get_description()

    for fit, layers in (
        (calls_tracer, f"RecordAll{{Decided{{{sampler}}}}}"),
        (steps_tracer, f"Decided{{{sampler}}}"),
    ):
        tracers = [fit(provider) for _ in range(3)]
        assert {vars(tracer)["sampler"].get_description() for tracer in tracers} == {layers}


def test_a_tracer_of_steps_that_is_not_of_the_sdk_stays_as_it_is():
    assert type(steps_tracer(NoOpTracerProvider())).__name__ == "NoOpTracer"


def test_calls_are_counted_where_the_tracer_is_not_of_the_sdk(ledger: Ledger):
    make_calls(calls_tracer(NoOpTracerProvider()), 3)

    assert booked(ledger) == (3, 9)


class Round(TracerProvider):
    """Puts something round its tracers, as other libraries do, which loses attributes and ids."""

    class Proxy(Tracer):
        def __init__(self, tracer: Tracer) -> None:
            self.tracer = tracer

        def start_span(self, name: str, *_, **__):
            return self.tracer.start_span(name)

        def start_as_current_span(self, *_, **__):
            raise NotImplementedError

    def get_tracer(self, *args, **kwargs) -> Tracer:
        around: Any = wrapt.ObjectProxy(super().get_tracer(*args, **kwargs))
        return Round.Proxy(around)


def test_calls_are_counted_whatever_is_round_the_tracer(ledger: Ledger):
    make_calls(calls_tracer(Round(shutdown_on_exit=False)), 3)

    assert booked(ledger) == (3, 9)


def test_steps_have_their_ids_whatever_is_round_the_tracer():
    tracer = steps_tracer(Round(shutdown_on_exit=False))

    with identity.given(identity.Ids(trace_id=5, span_id=7)):
        span = tracer.start_span("given", Context())

    assert span.get_span_context().span_id == 7
