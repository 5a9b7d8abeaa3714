"""Streams that break: by the network, by the server, by a timeout; and streams of unusual servers."""

import asyncio

import openai
import pytest

from dagster_openai_otel import conventions
from dagster_openai_otel.testing import Answer, FakeOpenAI
from dagster_openai_otel.usage import Usage
from tests.calls.books import booked, taken
from tests.calls.clients import KINDS, http, run_async
from tests.calls.either import all_of, got
from tests.calls.instrumenting import not_instrumented
from tests.calls.ways import CHAT, STREAM, outcome
from tests.events import billed

USAGE = b'{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}'


async def chat(client):
    return await all_of(await got(client.chat.completions.create(**STREAM)))


async def respond(client):
    return await all_of(await got(client.responses.create(model="gpt-5-mini", input="Oslo?", stream=True)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("steps", [chat, respond])
def test_a_stream_that_the_network_cuts_is_a_call_that_failed(api, scope, spans, kind, steps):
    with not_instrumented(), FakeOpenAI() as bare_api:
        bare = outcome(steps, kind, bare_api, Answer(cut_after=2))
    assert outcome(steps, kind, api, Answer(cut_after=2)) == bare
    (span,) = spans.get_finished_spans()
    assert span.attributes[conventions.ERROR_TYPE] == f"{http.__name__}.RemoteProtocolError"
    assert (booked_of := taken(scope)).failed_calls == 1
    assert (booked_of.calls, booked_of.calls_without_usage) == (1, 1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("steps", [chat, respond])
def test_a_stream_in_which_the_server_fails_is_a_call_that_failed(api, scope, kind, steps):
    result = outcome(steps, kind, api, Answer(error_after=2)).result
    sums = taken(scope)
    assert (sums.calls, sums.calls_without_usage) == (1, 1)
    assert (result[0], sums.failed_calls) == (openai.APIError, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_response_that_fails_in_its_stream_is_booked_with_what_it_used(api, scope, kind):
    used = Usage(input_tokens=5, output_tokens=2, total_tokens=7)
    outcome(respond, kind, api, Answer(response_status="failed", usage=used))
    assert booked(scope) == billed(api.bill)


@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_that_falls_silent_is_a_call_that_failed(api, scope, kind):
    silent = Answer(chunk_delay=60)
    with not_instrumented(), FakeOpenAI() as bare_api:
        bare = outcome(chat, kind, bare_api, silent, timeout=0.2)
    assert outcome(chat, kind, api, silent, timeout=0.2).result == bare.result
    sums = taken(scope)
    assert (sums.calls, sums.calls_without_usage, sums.failed_calls) == (1, 1, 1)


def test_a_task_that_is_cancelled_in_a_stream_leaves_a_call_that_failed(api, scope):
    async def cancelled(client):
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(chat(client), 0.2)

    api.script(Answer(chunk_delay=60))
    run_async(api, cancelled)
    sums = taken(scope)
    assert (sums.calls, sums.calls_without_usage, sums.failed_calls) == (1, 1, 1)


STREAMS = {
    "without a blank line at its end": b'data: {"choices":[],"usage":%s}' % USAGE,
    "with CRLF": b'data: {"choices":[],"usage":%s}\r\n\r\ndata: [DONE]\r\n\r\n' % USAGE,
    "with CR": b'data: {"choices":[],"usage":%s}\r\rdata: [DONE]\r\r' % USAGE,
    "with comments": b': wait\n\n: wait\n\ndata: {"choices":[],"usage":%s}\n\ndata: [DONE]\n\n' % USAGE,
    "without a space": b'data:{"choices":[],"usage":%s}\n\ndata:[DONE]\n\n' % USAGE,
    "over several lines": b'data: {"choices":[],\ndata: "usage":%s}\n\ndata: [DONE]\n\n' % USAGE,
    "with other fields": b'id: 1\nevent: chunk\nretry: 5\ndata: {"choices":[],"usage":%s}\n\n' % USAGE,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", STREAMS)
def test_a_stream_in_any_form_of_the_standard_is_booked(api, scope, kind, form):
    used = Usage(input_tokens=5, output_tokens=2, total_tokens=7)
    outcome(chat, kind, api, Answer(raw=("text/event-stream", STREAMS[form]), usage=used))
    assert booked(scope) == billed(api.bill)


def test_a_server_that_ends_late_after_its_last_event_has_not_failed(api, scope):
    class Lingering(http.AsyncByteStream):  # type: ignore[misc]  # of httpx or httpx2
        async def __aiter__(self):
            yield b'data: {"id":"a","model":"m","choices":[{"index":0,"delta":{"content":"Oslo"}}]}\n\n'
            yield b"data: [DONE]\n\n"
            await asyncio.sleep(60)

    def answer(_):
        return http.Response(200, headers={"content-type": "text/event-stream"}, stream=Lingering())

    async def read(client):
        return len(await all_of(await client.chat.completions.create(**CHAT, stream=True)))

    transport = http.MockTransport(answer)
    assert run_async(api, read, http_client=openai.DefaultAsyncHttpxClient(transport=transport)) == 1
    sums = taken(scope)
    assert (sums.calls, sums.calls_without_usage, sums.failed_calls) == (1, 1, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_an_html_page_in_place_of_a_stream_is_a_call_without_usage(api, scope, kind):
    outcome(chat, kind, api, Answer(raw=("text/html", b"<html>")))
    sums = taken(scope)
    assert (sums.calls, sums.calls_without_usage, sums.failed_calls) == (1, 1, 0)
