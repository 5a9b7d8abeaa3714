"""Every answer fits the models of the SDK, which the SDK itself does not check."""

import json

import pytest
from openai.types import Completion, CreateEmbeddingResponse, Model
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from dagster_openai_otel.testing import Answer, ToolCall

CHAT = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "Hello"}], "n": 2}
RESPONSE = {"model": "gpt-5-mini", "input": "Hello", "reasoning": {"summary": "auto"}}
PROMPT = {"model": "gpt-3.5-turbo-instruct", "prompt": "Hello"}
STREAM = {"stream": True, "stream_options": {"include_usage": True}}
ANSWERS = [
    Answer(),
    Answer(tool_calls=[ToolCall(name="get_weather", arguments={"city": "Oslo"})]),
    Answer(refusal="No."),
    Answer(finish_reason="length"),
    Answer(finish_reason="content_filter"),
    Answer(response_status="failed"),
]


@pytest.fixture
def send(api, connection):
    """Send a request under a scripted answer and give back the body."""

    def request(path, body, answer):
        api.script(answer)
        connection.request("POST", path, json.dumps(body), {"authorization": "Bearer x"})
        return connection.getresponse().read()

    return request


def events(body):
    """The JSON data of the server-sent events in a body."""
    lines = [line.removeprefix(b"data: ") for line in body.splitlines() if line.startswith(b"data: ")]
    return [json.loads(line) for line in lines if line != b"[DONE]"]


@pytest.mark.parametrize("answer", ANSWERS)
def test_chat_completions_fit(send, answer):
    ChatCompletion.model_validate_json(send("/v1/chat/completions", CHAT, answer))


@pytest.mark.parametrize("answer", ANSWERS)
def test_chat_chunks_fit(send, answer):
    chunks = events(send("/v1/chat/completions", CHAT | STREAM, answer))
    assert len([ChatCompletionChunk.model_validate(chunk) for chunk in chunks]) > 4


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("more", [{}, {"background": True}])
def test_responses_fit(send, answer, more):
    Response.model_validate_json(send("/v1/responses", RESPONSE | more, answer))


@pytest.mark.parametrize("answer", ANSWERS)
def test_response_events_fit(send, answer):
    adapter = TypeAdapter(ResponseStreamEvent)
    sent = events(send("/v1/responses", RESPONSE | {"stream": True}, answer))
    assert [adapter.validate_python(event).type for event in sent] == [event["type"] for event in sent]


@pytest.mark.parametrize("answer", ANSWERS[:1])
def test_embeddings_and_completions_fit(send, answer):
    embeddings = send("/v1/embeddings", {"model": "text-embedding-3-small", "input": "Hello"}, answer)
    CreateEmbeddingResponse.model_validate_json(embeddings)
    Completion.model_validate_json(send("/v1/completions", PROMPT, answer))
    chunks = events(send("/v1/completions", PROMPT | STREAM, answer))
    assert [Completion.model_validate(chunk).usage is None for chunk in chunks[-2:]] == [True, False]


def test_models_fit(connection):
    connection.request("GET", "/v1/models", headers={"authorization": "Bearer x"})
    listed = json.loads(connection.getresponse().read())["data"]
    assert all(Model.model_validate(model).object == "model" for model in listed)
