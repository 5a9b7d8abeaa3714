"""Where the span of a request stands: under what, in which thread or task, and beside whose spans."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind

from dagster_openai_otel.testing import Answer
from tests.calls.books import booked
from tests.calls.clients import KINDS, run, run_async, sync_client
from tests.calls.either import all_of, got
from tests.calls.ways import CHAT, STREAM
from tests.events import billed


@pytest.fixture
def tracer(spans, provider):
    """Of the provider that the library's spans go to."""
    return provider.get_tracer("user")


@pytest.fixture
def request_spans(spans):
    """The library's spans, without the user's."""

    def of():
        return [span for span in spans.get_finished_spans() if span.instrumentation_scope.name != "user"]

    return of


async def create(client):
    return await got(client.chat.completions.create(**CHAT))


async def stream(client):
    return await all_of(await got(client.chat.completions.create(**STREAM)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("steps", [create, stream])
def test_a_request_under_another_genai_span_is_its_http_child_and_is_counted(
    api, scope, tracer, request_spans, kind, steps
):
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-5-mini"}
    with tracer.start_as_current_span("openai.chat", attributes=attributes) as around:
        run(steps, kind, api)
    (span,) = request_spans()
    assert (span.name, span.kind) == ("POST /chat/completions", SpanKind.CLIENT)
    assert span.parent.span_id == around.get_span_context().span_id
    assert [name for name in span.attributes if name.startswith("gen_ai.")] == []
    assert span.attributes["openai.usage.total_tokens"] == api.bill.usage.total_tokens
    assert booked(scope) == billed(api.bill)


@pytest.mark.parametrize("operation", ["invoke_agent", "execute_tool", None])
def test_a_request_under_a_span_of_no_model_call_is_a_genai_span(
    api, scope, tracer, request_spans, operation
):
    attributes = {"gen_ai.operation.name": operation} if operation else {}
    with tracer.start_as_current_span("around", attributes=attributes) as around, sync_client(api) as client:
        client.chat.completions.create(**CHAT)
    (span,) = request_spans()
    assert span.name == "chat gpt-5-mini"
    assert span.parent.span_id == around.get_span_context().span_id
    assert booked(scope) == billed(api.bill)


def test_a_request_from_a_pool_of_threads_stands_under_the_span_that_submitted_it(
    api, scope, tracer, request_spans
):
    with sync_client(api) as client, ThreadPoolExecutor(4) as pool:
        ask: Any = client.chat.completions.create
        with tracer.start_as_current_span("around") as around:
            asked = [pool.submit(ask, **CHAT) for _ in range(8)]
        for future in asked:
            future.result()
    assert {span.parent.span_id for span in request_spans()} == {around.get_span_context().span_id}
    assert booked(scope) == billed(api.bill)


def test_a_request_from_a_thread_stands_under_the_span_that_started_it(api, scope, tracer, request_spans):
    with sync_client(api) as client, tracer.start_as_current_span("around") as around:
        thread = threading.Thread(target=client.chat.completions.create, kwargs=CHAT)
        thread.start()
        thread.join()
    (span,) = request_spans()
    assert span.parent.span_id == around.get_span_context().span_id
    assert booked(scope) == billed(api.bill)


def test_requests_of_tasks_each_stand_under_the_span_of_their_own_task(api, scope, tracer, request_spans):
    async def task(client):
        with tracer.start_as_current_span("task") as around:
            await client.chat.completions.create(**CHAT)
            return around.get_span_context().span_id

    async def tasks(client):
        return await asyncio.gather(*(task(client) for _ in range(10)))

    parents = run_async(api, tasks)
    assert sorted(span.parent.span_id for span in request_spans()) == sorted(parents)
    assert booked(scope) == billed(api.bill)


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_user_starts_after_a_request_is_no_child_of_it(api, scope, tracer, kind):
    async def steps(client):
        chunks = await got(client.chat.completions.create(**STREAM))
        between = trace.get_current_span().get_span_context().is_valid
        await all_of(chunks)
        return between, trace.get_current_span().get_span_context().is_valid

    assert run(steps, kind, api) == (False, False)
    assert booked(scope) == billed(api.bill)


@pytest.mark.parametrize("kind", KINDS)
def test_no_trace_context_is_sent_to_the_api(api, scope, tracer, kind):
    with tracer.start_as_current_span("around"):
        run(create, kind, api)
    assert {"traceparent", "tracestate", "baggage"}.isdisjoint(api.requests[0].headers)
    assert booked(scope) == billed(api.bill)


def test_a_failed_request_ends_its_span_before_the_user_goes_on(api, scope, tracer, request_spans):
    api.script(Answer(status=400))
    with sync_client(api) as client:
        try:
            client.chat.completions.create(**CHAT)
        except Exception:  # noqa: BLE001  # whatever it is, the span has ended
            assert len(request_spans()) == 1
    assert booked(scope) == billed(api.bill)
