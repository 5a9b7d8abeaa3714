"""Sampling decides what is exported, and nothing of what is counted."""

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, SpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased, Sampler, TraceIdRatioBased
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from tests.calls.books import booked
from tests.calls.clients import run_async, sync_client
from tests.calls.instrumenting import instrumented_with, provider_into
from tests.calls.ways import CHAT, STREAM
from tests.events import billed


class Witness(SpanProcessor):
    """Sees all spans that end, exported or not."""

    def __init__(self) -> None:
        self.ended: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.ended.append(span)


@pytest.fixture
def sampled_by(exported):
    """Instrument the SDK with a provider that samples in some way."""

    def with_sampler(sampler: Sampler, witness: SpanProcessor | None = None):
        provider = provider_into(exported, sampler=sampler)
        if witness is not None:
            provider.add_span_processor(witness)
        return instrumented_with(provider)

    return with_sampler


def call(api, times=1):
    with sync_client(api) as client:
        for _ in range(times):
            client.chat.completions.create(**CHAT)


def test_what_is_never_sampled_is_counted_and_not_exported(api, scope, exported, sampled_by):
    with sampled_by(ALWAYS_OFF):
        call(api, 5)
        with sync_client(api) as client:
            list(client.chat.completions.create(**STREAM))
    assert exported.get_finished_spans() == ()
    assert booked(scope) == billed(api.bill)


def test_of_a_ratio_all_is_counted_and_exactly_the_sampled_are_exported(api, scope, exported, sampled_by):
    sampler, witness = TraceIdRatioBased(0.1), Witness()
    with sampled_by(sampler, witness):
        call(api, 100)
    sampled = {
        span.context.span_id
        for span in witness.ended
        if sampler.should_sample(None, span.context.trace_id, span.name).decision.is_sampled()
    }
    assert {span.context.span_id for span in exported.get_finished_spans()} == sampled
    assert len(witness.ended) == 100
    assert booked(scope) == billed(api.bill)


def test_under_an_unsampled_remote_parent_all_is_counted_and_nothing_exported(
    api, scope, exported, sampled_by
):
    remote = SpanContext(trace_id=1, span_id=1, is_remote=True, trace_flags=TraceFlags(TraceFlags.DEFAULT))
    with sampled_by(ParentBased(ALWAYS_ON)), trace.use_span(NonRecordingSpan(remote)):
        call(api, 3)
    assert exported.get_finished_spans() == ()
    assert booked(scope) == billed(api.bill)


def test_the_users_own_spans_are_sampled_as_before(api, scope, exported):
    provider = provider_into(exported, sampler=ALWAYS_OFF)
    with instrumented_with(provider):
        call(api)
        own = provider.get_tracer("user").start_span("own")
    assert own.is_recording() is False
    assert booked(scope) == billed(api.bill)


def test_what_the_user_does_under_an_unsampled_request_is_not_sampled_either(
    api, scope, exported, sampled_by
):
    with sampled_by(ParentBased(TraceIdRatioBased(0.0))):
        flags = []

        async def look(client):
            async def hook(_):
                flags.append(trace.get_current_span().get_span_context().trace_flags.sampled)

            client._client.event_hooks = {"request": [hook]}
            await client.chat.completions.create(**CHAT)

        run_async(api, look)
    assert flags == [False]
    assert booked(scope) == billed(api.bill)


@pytest.mark.parametrize("limit", [8, 16])
def test_a_low_limit_of_attributes_costs_no_usage(api, scope, exported, limit):
    provider = provider_into(exported, span_limits=SpanLimits(max_span_attributes=limit))
    with instrumented_with(provider):
        call(api)
    assert booked(scope) == billed(api.bill)


def test_a_low_limit_of_the_length_of_values_costs_no_usage(api, scope, exported):
    provider = provider_into(exported, span_limits=SpanLimits(max_span_attribute_length=64))
    with instrumented_with(provider):
        call(api)
    (tally,) = scope.ledger.take().values()
    assert [model.name for model in tally.by_model] == ["gpt-5-mini-2025-08-07"]
