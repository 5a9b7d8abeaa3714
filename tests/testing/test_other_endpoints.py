"""Endpoints that are free, or in the least form: every answer fits the models of the SDK."""

import importlib
import json

import pytest

from dagster_openai_otel.testing import Answer

COMPACT = {"model": "gpt-5-mini", "input": "Hello"}
FREE = {
    "/moderations": ({"input": ["Hello", "Oslo"]}, "openai.types:ModerationCreateResponse"),
    "/fine_tuning/jobs": (
        {"model": "gpt-4o-mini", "training_file": "file-1"},
        "openai.types.fine_tuning:FineTuningJob",
    ),
    "/vector_stores": ({"name": "cities"}, "openai.types:VectorStore"),
    "/conversations": ({}, "openai.types.conversations:Conversation"),
    "/containers": ({"name": "sums"}, "openai.types:ContainerCreateResponse"),
    "/threads": ({}, "openai.types.beta:Thread"),
    "/assistants": ({"model": "gpt-4o"}, "openai.types.beta:Assistant"),
    "/threads/runs": ({"assistant_id": "asst_1"}, "openai.types.beta.threads:Run"),
    "/threads/thread_1/messages": ({"role": "user", "content": "Hello"}, "openai.types.beta.threads:Message"),
}
QUESTIONS = [
    {"type": "predicate", "instructions": "A city?"},
    {"type": "choice", "instructions": "Which?", "choices": [{"value": "Oslo"}]},
    {"type": "score", "instructions": "How big?"},
]


@pytest.fixture
def post(connection):
    def send(path, body):
        connection.request("POST", f"/v1{path}", json.dumps(body), {"authorization": "Bearer x"})
        return connection.getresponse().read()

    return send


@pytest.mark.parametrize("path", FREE)
def test_what_is_free_fits_its_model_and_costs_nothing(api, post, path):
    body, place = FREE[path]
    module, _, name = place.partition(":")
    getattr(importlib.import_module(module), name).model_validate_json(post(path, body))
    assert api.bill.calls == ()


def test_a_search_finds_the_query(client):
    store = client.vector_stores.create(name="cities")
    (found,) = client.vector_stores.search(store.id, query="Oslo")
    assert found.content[0].text == "Oslo"


def test_a_run_of_an_evaluation_is_queued(api, client):
    run = client.evals.runs.create("eval_1", name="cities", data_source={"type": "jsonl"})
    assert (run.eval_id, run.status, api.bill.calls) == ("eval_1", "queued", ())


def test_a_video_is_billed_but_not_reported(api, post):
    video = json.loads(post("/videos", {"prompt": "Oslo", "model": "sora-2"}))
    assert (video["status"], video["seconds"]) == ("queued", "4")
    assert [(call.endpoint, call.reported, call.cost_usd) for call in api.bill.calls] == [
        ("videos", False, None)
    ]


def test_a_compaction_is_billed_as_it_reports(api, post):
    compacted = json.loads(post("/responses/compact", COMPACT))
    assert [item["type"] for item in compacted["output"]] == ["compaction"]
    assert compacted["usage"]["total_tokens"] == api.bill.usage.total_tokens
    assert [(call.endpoint, call.reported) for call in api.bill.calls] == [("responses.compact", True)]


def test_every_question_is_decided(api, post):
    decision = json.loads(post("/decisions", {"model": "gpt-5.6", "input": "Oslo", "questions": QUESTIONS}))
    assert [answer["type"] for answer in decision["answers"]] == ["predicate", "choice", "score"]
    assert decision["answers"][1]["choice"] == "Oslo"
    assert decision["usage"]["total_tokens"] == api.bill.usage.total_tokens


@pytest.mark.parametrize("after", [-1, 3])
def test_the_events_of_a_finished_response_can_be_read_again(api, client, after):
    events = list(client.responses.create(model="gpt-4o", input="Hello", stream=True))
    query = {} if after < 0 else {"starting_after": after}
    again = list(client.responses.retrieve(events[0].response.id, stream=True, **query))
    assert again == events[after + 1 :]
    assert len(api.bill.calls) == 1


def test_a_background_response_is_billed_at_the_end_of_its_stream(api, client):
    begun = client.responses.create(model="gpt-4o", input="Hello", background=True)
    events = list(client.responses.retrieve(begun.id, stream=True))
    assert events[-1].response.usage.total_tokens == api.bill.usage.total_tokens
    assert [call.reported for call in api.bill.calls] == [True]


def test_a_reset_can_come_in_mid_stream(api, hasty_client, hello):
    api.script(Answer(cut_after=2, reset=True))
    with pytest.raises(Exception, match=r"[Rr]eset|Connection error"):
        list(hasty_client.chat.completions.create(model="gpt-4o", messages=hello, stream=True))
    assert [call.reported for call in api.bill.calls] == [False]
