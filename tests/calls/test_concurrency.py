"""Many calls at once: each is counted once, exactly."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from opentelemetry.instrumentation.utils import suppress_http_instrumentation, suppress_instrumentation

from dagster_openai_otel.scope import StepScope, entered
from tests.calls.books import booked
from tests.calls.clients import run_async, sync_client
from tests.calls.ways import CHAT, STREAM
from tests.events import billed


def test_sixteen_threads_with_sixty_calls_each_are_booked_exactly(api, scope):
    def work(client, worker):
        for number in range(60):
            if (worker + number) % 4:
                client.chat.completions.create(**CHAT)
            else:
                list(client.chat.completions.create(**STREAM))

    with sync_client(api) as client, ThreadPoolExecutor(16) as pool:
        list(pool.map(work, [client] * 16, range(16)))
    assert len(api.bill.calls) == 960
    assert booked(scope) == billed(api.bill)


async def all_at_once(client, count):
    ask = client.embeddings.create
    await asyncio.gather(*(ask(model="text-embedding-3-small", input="Oslo") for _ in range(count)))


@pytest.mark.parametrize("count", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_calls_of_one_loop_all_at_once_are_booked_exactly(api, scope, count):
    run_async(api, lambda client: all_at_once(client, count))
    assert len(api.bill.calls) == count
    assert booked(scope) == billed(api.bill)


def test_steps_that_run_side_by_side_are_booked_apart(api):
    scopes = [StepScope(run_id="", step_key=f"step {number}") for number in range(8)]

    def step(scope, number):
        with entered(scope), sync_client(api) as client:
            for _ in range(number):
                client.chat.completions.create(**CHAT)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(step, scopes, range(8)))
    assert [booked(scope)["calls"] for scope in scopes] == list(range(8))


def test_calls_whose_tracing_is_suppressed_are_booked(api, scope):
    with sync_client(api) as client, suppress_instrumentation(), suppress_http_instrumentation():
        client.chat.completions.create(**CHAT)
        list(client.chat.completions.create(**STREAM))
    assert booked(scope) == billed(api.bill)
