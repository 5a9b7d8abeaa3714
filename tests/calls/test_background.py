"""Responses that are made in the background: counted once, when they are seen finished."""

from typing import Any

import pytest

from dagster_openai_otel.scope import StepScope, entered
from dagster_openai_otel.testing import Answer, FakeOpenAI
from tests.calls.books import booked, taken
from tests.calls.clients import KINDS, run, sync_client
from tests.calls.either import got
from tests.calls.instrumenting import not_instrumented
from tests.calls.ways import MODEL
from tests.events import billed

# with a memory of its own of what has been counted
pytestmark = pytest.mark.usefixtures("spans")

ASK: dict[str, Any] = {"model": MODEL, "input": "Oslo?", "background": True}


async def begun(client):
    return await got(client.responses.create(**ASK))


async def polled(client, response, times):
    return [await got(client.responses.retrieve(response.id)) for _ in range(times)][-1]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("looks", [3, 5])
def test_it_is_counted_once_however_often_one_looks(api, scope, kind, looks):
    async def steps(client):
        return (await polled(client, await begun(client), looks)).status

    api.script(Answer(polls=3))
    assert run(steps, kind, api) == "completed"
    assert booked(scope) == billed(api.bill)


def test_while_it_runs_it_is_open_and_not_counted(api, scope):
    with sync_client(api) as client:
        response = client.responses.create(**ASK)
        assert (taken(scope).calls, len(scope.open_calls)) == (0, 1)
        client.responses.retrieve(response.id)
        client.responses.retrieve(response.id)
    assert scope.open_calls == set()
    assert booked(scope) == billed(api.bill)


def test_it_is_counted_for_the_step_that_began_it(api, scope):
    other = StepScope(run_id="", step_key="other")
    with sync_client(api) as client:
        response = client.responses.create(**ASK)
        with entered(other):
            client.responses.retrieve(response.id)
            client.responses.retrieve(response.id)
    assert taken(other).calls == 0
    assert booked(scope) == billed(api.bill)


def test_it_is_counted_for_the_step_that_looks_where_the_other_has_ended(api, scope):
    first = StepScope(run_id="", step_key="first")
    with sync_client(api) as client:
        with entered(first):
            response = client.responses.create(**ASK)
        first.ended.set()
        client.responses.retrieve(response.id)
        client.responses.retrieve(response.id)
    assert taken(first).calls == 0
    assert booked(scope) == billed(api.bill)


def test_one_that_is_cancelled_is_a_call_without_usage(api, scope):
    with sync_client(api) as client:
        client.responses.cancel(client.responses.create(**ASK).id)
    sums = taken(scope)
    assert (sums.calls, sums.calls_without_usage) == (1, 1)


def test_one_that_another_process_began_is_counted_where_it_is_first_seen_finished(api, scope):
    with sync_client(api) as client:
        with not_instrumented():
            response = client.responses.create(**ASK)
        for _ in range(4):
            client.responses.retrieve(response.id)
    assert booked(scope) == billed(api.bill)


def test_one_with_the_id_of_an_earlier_one_is_counted_too(api, scope):
    with FakeOpenAI() as other:
        for server in (api, other):
            with sync_client(server) as client:
                response = client.responses.create(**ASK)
                client.responses.retrieve(response.id)
                client.responses.retrieve(response.id)
    assert [bill.calls[0].response_id for bill in (api.bill, other.bill)] == ["resp_000000000000"] * 2
    assert taken(scope).usage.total_tokens == api.bill.usage.total_tokens + other.bill.usage.total_tokens


@pytest.mark.parametrize("times", [1, 3])
def test_looking_at_one_that_was_made_in_the_foreground_counts_nothing_more(api, scope, times):
    with sync_client(api) as client:
        response = client.responses.create(model=MODEL, input="Oslo?")
        for _ in range(times):
            client.responses.retrieve(response.id)
    assert booked(scope) == billed(api.bill)


def test_answers_that_share_an_id_are_each_counted(api, scope):
    body = b'{"id": "same", "object": "%s", "usage": {"input_tokens": 3, "output_tokens": 4}}'
    with sync_client(api) as client:
        for _ in range(3):
            api.script(Answer(raw=("application/json", body % b"response")))
            client.responses.create(model=MODEL, input="Oslo?")
            api.script(Answer(raw=("application/json", body % b"chat.completion")))
            client.chat.completions.create(model=MODEL, messages=[])
    assert (taken(scope).usage.total_tokens, len(api.requests)) == (6 * 7, 6)
