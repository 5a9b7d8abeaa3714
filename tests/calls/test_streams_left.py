"""Streams that are not read to their end: billed, not on the wire, and declared as unknown."""

import asyncio
import gc
from contextlib import suppress

import pytest

from dagster_openai_otel.testing import Answer
from tests.calls.books import booked, taken
from tests.calls.clients import KINDS, run, run_async, sync_client
from tests.calls.either import closed, got, next_of, opened
from tests.calls.ways import MODEL, STREAM, USAGE_WANTED
from tests.events import billed

# one event, and then silence for as long as the client stays
SILENT = Answer(chunk_delay=60)
PROMPT = "Name the capital of Norway, please."


async def chat(client):
    return await got(client.chat.completions.create(**STREAM))


async def respond(client):
    return await got(client.responses.create(model=MODEL, input=PROMPT, stream=True))


async def complete(client):
    wanted = {"stream": True, "stream_options": USAGE_WANTED}
    return await got(client.completions.create(model="gpt-3.5-turbo-instruct", prompt=PROMPT, **wanted))


async def raw(client):
    return (await got(client.chat.completions.with_raw_response.create(**STREAM))).parse()


async def broken_off(stream):
    await next_of(stream)


async def never_read(stream):
    pass


async def closed_after_an_event(stream):
    await next_of(stream)
    await closed(stream)


async def closed_at_once(stream):
    await closed(stream)


async def broken_off_in_a_with_block(stream):
    async with opened(stream) as chunks:
        await next_of(chunks)


async def left_by_an_exception(stream):
    with suppress(LookupError):
        await next_of(stream)
        raise LookupError(PROMPT)


LEAVINGS = [
    broken_off,
    never_read,
    closed_after_an_event,
    closed_at_once,
    broken_off_in_a_with_block,
    left_by_an_exception,
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("start", [chat, respond, complete, raw])
@pytest.mark.parametrize("leave", LEAVINGS)
def test_a_stream_that_is_left_is_a_call_without_usage_and_its_span_ends(
    api, scope, spans, kind, start, leave
):
    async def steps(client):
        await leave(await start(client))
        gc.collect()
        if kind == "async":
            await asyncio.sleep(0)
        return [span.status.is_ok for span in spans.get_finished_spans()]

    api.script(SILENT)
    assert run(steps, kind, api) == [True]
    assert booked(scope) == billed(api.bill)
    assert len(api.bill.unreported) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("helper", ["chat", "responses"])
def test_a_stream_helper_that_is_left_is_a_call_without_usage_and_its_span_ends(api, scope, kind, helper):
    async def steps(client):
        if helper == "chat":
            manager = client.chat.completions.stream(model=MODEL, messages=STREAM["messages"])
        else:
            manager = client.responses.stream(model=MODEL, input=PROMPT)
        async with opened(manager) as events:
            await next_of(events)
        return set(scope.open_calls)

    api.script(SILENT)
    assert run(steps, kind, api) == set()
    assert booked(scope) == billed(api.bill)


def test_a_stream_that_is_kept_is_open_until_it_is_dropped(api, scope):
    api.script(SILENT)
    with sync_client(api) as client:
        stream = client.chat.completions.create(**STREAM)
        next(stream)
        assert len(scope.open_calls) == 1
        assert taken(scope).calls == 0
        del stream
        gc.collect()
    assert scope.open_calls == set()
    assert booked(scope) == billed(api.bill)


def test_an_async_stream_whose_loop_is_closed_ends_too(api, scope):
    kept = []

    async def keep(client):
        kept.append(await chat(client))
        await next_of(kept[0])

    api.script(SILENT)
    run_async(api, keep)
    kept.clear()
    gc.collect()
    assert booked(scope) == billed(api.bill)


def test_a_response_stream_that_is_left_at_its_last_event_is_booked_in_full(api, scope):
    with sync_client(api) as client:
        stream = client.responses.create(model=MODEL, input=PROMPT, stream=True)
        last = next(event for event in stream if event.type == "response.completed")
        assert scope.open_calls == set()
    assert last.response.status == "completed"
    assert booked(scope) == billed(api.bill)


def test_a_chat_stream_that_is_left_at_its_usage_is_booked_in_full(api, scope):
    with sync_client(api) as client:
        stream = client.chat.completions.create(**STREAM)
        assert next(chunk for chunk in stream if chunk.usage)
        assert scope.open_calls == set()
    assert booked(scope) == billed(api.bill)


@pytest.mark.parametrize("kind", KINDS)
def test_usage_that_was_not_final_when_a_stream_was_left_is_not_booked(api, scope, kind):
    async def steps(client):
        stream = await got(
            client.chat.completions.create(model=MODEL, messages=STREAM["messages"], stream=True)
        )
        said = [(await next_of(stream)).usage for _ in range(3)]
        await closed(stream)
        return said

    api.script(Answer(repeat_usage=True, chunks=8, chunk_delay=0.05, text="Oslo, of course."))
    assert None not in run(steps, kind, api)
    assert booked(scope) == billed(api.bill)
    assert len(api.bill.unreported) == 1
