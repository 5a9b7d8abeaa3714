"""`/batches`."""

import json

import pytest

from dagster_openai_otel.testing import Answer
from dagster_openai_otel.usage import Usage

CHAT = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}
BODIES = {
    "/v1/chat/completions": CHAT,
    "/v1/responses": {"model": "gpt-5-mini", "input": "Hello"},
    "/v1/embeddings": {"model": "text-embedding-3-small", "input": "Hello"},
    "/v1/completions": {"model": "gpt-3.5-turbo-instruct", "prompt": "Hello"},
}


@pytest.fixture
def begin(client):
    def create(endpoint="/v1/chat/completions", lines=2):
        body = {"method": "POST", "url": endpoint, "body": BODIES[endpoint]}
        text = "\n".join(json.dumps({"custom_id": f"line {number}"} | body) for number in range(lines))
        file = client.files.create(file=("lines.jsonl", text.encode()), purpose="batch")
        return client.batches.create(input_file_id=file.id, endpoint=endpoint, completion_window="24h")

    return create


def test_a_batch_is_completed_at_the_second_poll(client, begin):
    batch = begin()
    polled = [client.batches.retrieve(batch.id).status for _ in range(3)]
    assert [batch.status, *polled] == ["validating", "in_progress", "completed", "completed"]


def test_a_batch_is_billed_once_when_it_is_found_completed(api, client, begin):
    batch = begin()
    counts = []
    for _ in range(3):
        client.batches.retrieve(batch.id)
        counts.append(len(api.bill.calls))
    assert counts == [0, 1, 1]
    (call,) = api.bill.calls
    assert (call.endpoint, call.batch, call.reported, call.response_id) == ("batches", True, True, batch.id)


@pytest.mark.parametrize("endpoint", BODIES)
def test_a_batch_uses_what_its_lines_would_use(api, client, begin, endpoint):
    client.post(endpoint.removeprefix("/v1"), body=BODIES[endpoint], cast_to=object)
    batch = begin(endpoint, lines=3)
    found = [client.batches.retrieve(batch.id) for _ in range(2)][-1]
    alone, together = api.bill.calls
    assert found.usage.total_tokens == together.usage.total_tokens == 3 * alone.usage.total_tokens


@pytest.mark.parametrize("endpoint", ["/v1/chat/completions", "/v1/responses"])
def test_a_batch_costs_half_of_what_its_lines_would_cost(api, client, begin, endpoint):
    client.post(endpoint.removeprefix("/v1"), body=BODIES[endpoint], cast_to=object)
    batch = begin(endpoint, lines=3)
    for _ in range(2):
        client.batches.retrieve(batch.id)
    alone, together = api.bill.calls
    assert together.cost_usd == 3 * alone.cost_usd / 2 > 0


def test_the_output_file_has_a_line_for_each_of_the_input(client, begin):
    batch = begin()
    found = [client.batches.retrieve(batch.id) for _ in range(2)][-1]
    lines = client.files.content(found.output_file_id).text.splitlines()
    said = [(line["custom_id"], line["response"]["body"]["id"]) for line in map(json.loads, lines)]
    assert said == [("line 0", "chatcmpl-000000000001_0"), ("line 1", "chatcmpl-000000000001_1")]


def test_scripted_usage_is_that_of_each_line(api, client, begin):
    api.script(Answer(), Answer(usage=Usage(input_tokens=10, output_tokens=5)))
    batch = begin(lines=3)
    found = [client.batches.retrieve(batch.id) for _ in range(2)][-1]
    assert (found.usage.input_tokens, found.usage.output_tokens) == (30, 15)


def test_a_batch_that_omits_its_usage_is_billed_but_not_reported(api, client, begin):
    api.script(Answer(), Answer(omit_usage=True, polls=1))
    assert client.batches.retrieve(begin().id).usage is None
    assert [call.reported for call in api.bill.calls] == [False]


def test_a_cancelled_batch_has_used_nothing(api, client, begin):
    batch = begin()
    states = [client.batches.cancel(batch.id), client.batches.retrieve(batch.id)]
    assert [state.status for state in states] == ["cancelling", "cancelled"]
    assert (states[1].usage.total_tokens, api.bill.cost_usd, len(api.bill.calls)) == (0, 0, 1)


def test_a_batch_without_lines_fails_for_free(api, client, begin):
    batch = begin(lines=0)
    found = [client.batches.retrieve(batch.id) for _ in range(2)][-1]
    assert (found.status, found.errors.data[0].code) == ("failed", "invalid_input_file")
    assert api.bill.calls == ()


def test_batches_are_listed(client, begin):
    batches = [begin(), begin()]
    assert [item.id for item in client.batches.list()] == [batch.id for batch in reversed(batches)]
