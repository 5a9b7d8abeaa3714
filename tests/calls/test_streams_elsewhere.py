"""Streams that are read in other threads, other tasks, or after their step; and when their chunks came."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from dagster_openai_otel import conventions, processor
from dagster_openai_otel.scope import StepScope, entered
from dagster_openai_otel.testing import Answer
from tests.calls.books import booked, taken
from tests.calls.clients import KINDS, run, run_async, sync_client
from tests.calls.either import all_of, got
from tests.calls.ways import MESSAGES, MODEL, STREAM
from tests.events import billed


def test_a_stream_that_is_read_in_another_thread_is_booked_where_it_was_begun(api, scope):
    with sync_client(api) as client, ThreadPoolExecutor(1) as pool:
        stream = client.chat.completions.create(**STREAM)
        pool.submit(list, stream).result()
    assert booked(scope) == billed(api.bill)


def test_a_stream_that_is_read_in_a_bare_thread_is_booked_where_it_was_begun(api, scope):
    with sync_client(api) as client:
        reader = threading.Thread(target=list, args=[client.chat.completions.create(**STREAM)])
        reader.start()
        reader.join()
    assert booked(scope) == billed(api.bill)


def test_a_stream_that_is_read_in_another_task_is_booked_where_it_was_begun(api, scope):
    async def read_elsewhere(client):
        stream = await client.chat.completions.create(**STREAM)
        return await asyncio.create_task(all_of(stream))

    run_async(api, read_elsewhere)
    assert booked(scope) == billed(api.bill)


def test_a_stream_that_is_read_in_another_step_is_booked_where_it_was_begun(api, scope):
    other = StepScope(run_id=scope.run_id, step_key="other")
    with sync_client(api) as client:
        stream = client.chat.completions.create(**STREAM)
        with entered(other):
            list(stream)
    assert taken(other).calls == 0
    assert booked(scope) == billed(api.bill)


def test_a_stream_that_is_read_after_its_step_is_booked_for_it_as_late(api):
    late = []
    scope = StepScope(run_id="", step_key="poem", on_late=[lambda: late.append(booked(scope))])
    with sync_client(api) as client:
        with entered(scope):
            stream = client.chat.completions.create(**STREAM)
        scope.ended.set()
        list(stream)
    processor.deliver_late()
    assert late == [billed(api.bill)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_time_to_the_first_chunk_is_that_of_the_first_bytes(api, scope, spans, kind):
    async def steps(client):
        return await all_of(await got(client.chat.completions.create(**STREAM)))

    api.script(Answer(hang=0.15, chunk_delay=0.02))
    run(steps, kind, api)
    (span,) = spans.get_finished_spans()
    first_chunk = span.attributes[conventions.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK]
    assert 0.15 <= first_chunk < (span.end_time - span.start_time) / 1e9
    assert taken(scope).calls == 1


def test_an_answer_that_is_no_stream_has_no_time_to_the_first_chunk(api, scope, spans):
    with sync_client(api) as client:
        chat = client.chat.completions.with_streaming_response
        with chat.create(model=MODEL, messages=MESSAGES) as response:
            response.read()
    (span,) = spans.get_finished_spans()
    assert conventions.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK not in span.attributes
    assert taken(scope).calls == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_that_the_users_hook_has_read_already_is_booked(api, scope, kind):
    async def steps(client):
        async def read_async(response):
            await response.aread()

        hook = read_async if kind == "async" else lambda response: response.read()
        client._client.event_hooks = {"response": [hook]}
        return await all_of(await got(client.chat.completions.create(**STREAM)))

    assert len(run(steps, kind, api)) > 1
    assert booked(scope) == billed(api.bill)
