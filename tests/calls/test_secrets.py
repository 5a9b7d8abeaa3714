"""Nothing that a user sends, gets or keeps secret stands on a span or in the library's log."""

import json
import logging
from typing import Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import BaseModel

from dagster_openai_otel import faults
from dagster_openai_otel.testing import Answer, FakeOpenAI, ToolCall
from tests.calls.books import booked, taken
from tests.calls.clients import KINDS, sync_client
from tests.calls.either import all_of, got
from tests.calls.instrumenting import instrumented_with, not_instrumented, provider_into
from tests.calls.ways import MODEL, outcome
from tests.events import billed

CANARY = "canary-7f3a"
SECRET = f"say {CANARY}"
MESSAGES: list[Any] = [{"role": "user", "content": SECRET, "name": CANARY}]
EXTRAS: dict[str, Any] = {
    "extra_headers": {"x-canary": CANARY, "authorization": f"Bearer {CANARY}"},
    "extra_query": {"canary": CANARY},
    "extra_body": {"canary": CANARY},
    "metadata": {"canary": CANARY},
    "user": CANARY,
}
CHAT: dict[str, Any] = {"model": MODEL, "messages": MESSAGES, **EXTRAS}


class Canary(BaseModel):
    """A schema with a name that nobody is to know."""

    canary: int


async def chat(client):
    return await got(client.chat.completions.create(**CHAT))


async def chat_stream(client):
    wanted = {"stream": True, "stream_options": {"include_usage": True}}
    return await all_of(await got(client.chat.completions.create(**CHAT, **wanted)))


async def chat_parse(client):
    return await got(client.chat.completions.parse(**CHAT, response_format=Canary))


async def respond(client):
    return await got(client.responses.create(model=MODEL, input=SECRET, instructions=SECRET, **EXTRAS))


async def respond_stream(client):
    return await all_of(await got(client.responses.create(model=MODEL, input=SECRET, stream=True, **EXTRAS)))


async def embed(client):
    return await got(client.embeddings.create(model="text-embedding-3-small", input=[SECRET], user=CANARY))


async def complete(client):
    return await got(client.completions.create(model="gpt-3.5-turbo-instruct", prompt=SECRET, user=CANARY))


TELLING = Answer(text=SECRET)
CALLS = {
    "chat": (chat, TELLING),
    "chat with tools": (chat, Answer(tool_calls=[ToolCall(name=CANARY, arguments={"a": CANARY})])),
    "chat that is refused": (chat, Answer(refusal=SECRET)),
    "chat stream": (chat_stream, TELLING),
    "chat parse that does not fit": (chat_parse, TELLING),
    "chat parse that is too long": (chat_parse, Answer(text=SECRET, finish_reason="length")),
    "response": (respond, TELLING),
    "response stream": (respond_stream, TELLING),
    "embeddings": (embed, Answer()),
    "completion": (complete, TELLING),
    "bad request": (chat, Answer(status=400, error_message=SECRET, error_code=CANARY)),
    "rate limit": (chat, Answer(status=429, error_message=SECRET, headers={"x-should-retry": "false"})),
    "error in a stream": (chat_stream, Answer(error_after=1, error_message=SECRET)),
    "stream that is cut": (chat_stream, Answer(text=SECRET, cut_after=2)),
    "broken JSON": (chat, Answer(raw=("application/json", f'{{"a": "{CANARY}'.encode()))),
    "HTML": (chat, Answer(raw=("text/html", CANARY.encode()), headers={"x-canary": CANARY})),
    "usage that is no usage": (
        chat,
        Answer(raw=("application/json", json.dumps({"usage": {"prompt_tokens": CANARY}}).encode())),
    ),
}
each_call = pytest.mark.parametrize("call", CALLS)


@pytest.mark.parametrize("kind", KINDS)
@each_call
def test_no_content_and_no_secret_is_on_a_span_or_in_the_log(api, spans, caplog, kind, call):
    steps, answer = CALLS[call]
    with (
        caplog.at_level(logging.DEBUG, "dagster_openai_otel"),
        caplog.at_level(logging.DEBUG, "opentelemetry"),
    ):
        outcome(steps, kind, api, answer, api_key=CANARY, organization=CANARY, project=CANARY)
    (span,) = spans.get_finished_spans()
    assert CANARY not in span.to_json()
    ours = [
        record
        for record in caplog.records
        if record.name.startswith(("dagster_openai_otel", "opentelemetry"))
    ]
    assert CANARY not in "".join(caplog.handler.format(record) for record in ours)
    assert CANARY in api.requests[0].body.decode()


@pytest.fixture
def captured():
    """Spans with prompts and completions, which the user asked for."""
    exporter = InMemorySpanExporter()
    with instrumented_with(provider_into(exporter), capture_content=True):
        yield exporter


@each_call
def test_content_that_was_asked_for_changes_no_call(api, scope, captured, call):
    steps, answer = CALLS[call]
    with not_instrumented(), FakeOpenAI() as bare_api:
        bare = outcome(steps, "sync", bare_api, answer)
    assert outcome(steps, "sync", api, answer) == bare
    assert (taken(scope).retries, len(captured.get_finished_spans())) == (0, 1)


@pytest.mark.parametrize("call", [call for call, (_, answer) in CALLS.items() if answer.raw is None])
def test_content_that_was_asked_for_costs_no_usage(api, scope, captured, call):
    steps, answer = CALLS[call]
    outcome(steps, "sync", api, answer)
    assert len(captured.get_finished_spans()) == 1
    assert booked(scope) == billed(api.bill)


ODD_CHOICES = [
    {"index": [], "delta": {"content": ["Oslo"]}},
    {"index": None, "delta": {"tool_calls": [{"index": {}, "function": {"arguments": 5}}]}},
    {"delta": "Oslo", "text": 5},
    "Oslo",
    None,
]


@pytest.fixture
def faults_are_caught(monkeypatch):
    monkeypatch.setattr(faults, "_raising", False)


@pytest.mark.parametrize("choice", ODD_CHOICES)
def test_a_completion_in_an_odd_form_costs_no_usage(api, scope, captured, faults_are_caught, choice):
    usage = {"prompt_tokens": 3, "completion_tokens": 4}
    events = [{"choices": [choice]}, {"choices": [], "usage": usage}]
    body = b"".join(b"data: %s\n\n" % json.dumps(event).encode() for event in events)
    whole = json.dumps({"choices": [choice], "usage": usage}).encode()
    with sync_client(api) as client:
        raw = client.chat.completions.with_raw_response
        api.script(Answer(raw=("text/event-stream", body)), *[Answer(raw=("application/json", whole))] * 2)
        raw.create(**CHAT, stream=True).http_response.read()
        raw.create(**CHAT)
        client.chat.completions.create(**CHAT)
    assert taken(scope).usage.total_tokens == 21
    assert len(captured.get_finished_spans()) == 3


@pytest.mark.parametrize(
    "messages", [[CANARY], [5], [None], [[]], [{"role": 5, "content": 5}], [{}], {}, "Oslo"]
)
def test_a_prompt_in_an_odd_form_costs_no_usage(api, scope, captured, faults_are_caught, messages):
    body = b'{"usage": {"prompt_tokens": 3, "completion_tokens": 4}}'
    api.script(Answer(raw=("application/json", body)))
    with sync_client(api) as client:
        client.post("/chat/completions", body={"model": MODEL, "messages": messages}, cast_to=object)
    assert taken(scope).usage.total_tokens == 7
    assert len(captured.get_finished_spans()) == 1
