"""What ends a call from outside: interrupts in the transport, cancelled tasks, loops that go away."""

import asyncio
import gc
from typing import Any

import openai
import pytest

from dagster_openai_otel import conventions
from dagster_openai_otel.testing import Answer
from tests.calls.books import taken
from tests.calls.clients import async_client, http, run_async, sync_client
from tests.calls.instrumenting import instrumented_with
from tests.calls.ways import CHAT, STREAM


class Interrupting(http.BaseTransport):  # type: ignore[misc]  # of httpx or httpx2
    """A transport as users write them, in which the user presses Ctrl-C."""

    def __init__(self, where: str) -> None:
        self.where = where

    def handle_request(self, request):
        if self.where == "sending":
            raise KeyboardInterrupt
        return http.Response(200, headers={"content-type": "text/event-stream"}, stream=InterruptedStream())


class InterruptedStream(http.SyncByteStream):  # type: ignore[misc]  # of httpx or httpx2
    """The beginning of a stream."""

    def __iter__(self):
        yield b'data: {"id":"a","choices":[]}\n\n'
        raise KeyboardInterrupt


def test_an_interrupt_while_sending_reaches_the_user_and_ends_the_span(api, scope, spans):
    transport = openai.DefaultHttpxClient(transport=Interrupting("sending"))
    with sync_client(api, http_client=transport) as client, pytest.raises(KeyboardInterrupt):
        client.chat.completions.create(**CHAT)
    (span,) = spans.get_finished_spans()
    assert span.attributes[conventions.ERROR_TYPE] == "KeyboardInterrupt"
    assert (taken(scope).failed_calls, scope.open_calls) == (1, set())


def test_an_interrupt_in_a_stream_reaches_the_user_and_ends_the_span(api, scope, spans):
    transport = openai.DefaultHttpxClient(transport=Interrupting("reading"))
    with sync_client(api, http_client=transport) as client:
        stream = client.chat.completions.create(**STREAM)
        with pytest.raises(KeyboardInterrupt):
            list(stream)
    (span,) = spans.get_finished_spans()
    assert span.attributes[conventions.ERROR_TYPE] == "KeyboardInterrupt"
    sums = taken(scope)
    assert (sums.calls, sums.calls_without_usage, sums.failed_calls) == (1, 1, 1)


def test_a_task_that_is_cancelled_ends_the_span(api, scope, spans):
    async def cancelled(client):
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.chat.completions.create(**CHAT), 0.1)

    api.script(Answer(hang=60))
    run_async(api, cancelled)
    (span,) = spans.get_finished_spans()
    assert span.attributes[conventions.ERROR_TYPE] == "asyncio.exceptions.CancelledError"
    assert (taken(scope).failed_calls, scope.open_calls) == (1, set())


def test_a_call_that_a_loop_leaves_behind_ends_its_span_without_noise(api, scope, spans, caplog):
    class Endless(http.AsyncBaseTransport):  # type: ignore[misc]  # of httpx or httpx2
        async def handle_async_request(self, request):
            await asyncio.Event().wait()

    client = async_client(api, http_client=openai.DefaultAsyncHttpxClient(transport=Endless()))

    async def call():
        await client.chat.completions.create(**CHAT)

    loop = asyncio.new_event_loop()
    task: Any = loop.create_task(call())
    loop.run_until_complete(asyncio.sleep(0.1))
    loop.run_until_complete(loop.shutdown_default_executor())
    task._log_destroy_pending = False  # that it is left behind is the point
    loop.close()
    del task
    gc.collect()
    assert scope.open_calls == set()
    assert taken(scope).failed_calls == 1
    assert [record.name for record in caplog.records if record.name.startswith("opentelemetry")] == []


class InterruptedPrices(dict[str, object]):
    """Where the user presses Ctrl-C while the price of a call is looked up."""

    def __contains__(self, model: object) -> bool:
        raise KeyboardInterrupt

    def __bool__(self) -> bool:
        return True


def test_an_interrupt_while_a_call_is_priced_costs_its_price_alone(api, scope, provider):
    with (
        instrumented_with(provider, prices=InterruptedPrices()),
        sync_client(api) as client,
        pytest.raises(KeyboardInterrupt),
    ):
        client.chat.completions.create(**CHAT)
    sums = taken(scope)
    assert (sums.calls, sums.unpriced_calls, scope.open_calls) == (1, 1, set())
    assert sums.usage.total_tokens == api.bill.usage.total_tokens


class Interrupted(http.Response):  # type: ignore[misc]  # of httpx or httpx2
    """Where the user presses Ctrl-C while an answer is read."""

    @property
    def content(self) -> bytes:
        raise KeyboardInterrupt


class Answering(http.BaseTransport):  # type: ignore[misc]  # of httpx or httpx2
    """A transport whose answers cannot be read without that."""

    def handle_request(self, request):
        return Interrupted(200, json={"object": "chat.completion"})


def test_a_call_is_booked_though_an_interrupt_comes_while_its_answer_is_read(api, scope, spans):
    with (
        sync_client(api, http_client=openai.DefaultHttpxClient(transport=Answering())) as client,
        pytest.raises(KeyboardInterrupt),
    ):
        client.post("/chat/completions", cast_to=http.Response, body=CHAT)
    sums = taken(scope)
    assert (sums.calls, sums.calls_without_usage, scope.open_calls) == (1, 1, set())
