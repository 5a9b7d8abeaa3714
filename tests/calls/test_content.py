import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from dagster_openai_otel.testing import Answer, ToolCall
from tests.calls.instrumenting import instrumented_with, provider_into

CHAT = {
    "model": "gpt-4o",
    "messages": [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Name a capital."}],
}
PROMPT = [
    {"role": "system", "parts": [{"type": "text", "content": "Be short."}]},
    {"role": "user", "parts": [{"type": "text", "content": "Name a capital."}]},
]


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """The spans of an instrumentor that captures content, in place of the one that does not."""
    exporter = InMemorySpanExporter()
    with instrumented_with(provider_into(exporter), capture_content=True):
        yield exporter


@pytest.fixture
def client(api):
    with openai.OpenAI() as made:
        yield made


def captured(exporter: InMemorySpanExporter) -> dict[str, Any]:
    (span,) = exporter.get_finished_spans()
    attributes: Any = span.attributes
    names = ("gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions")
    return {name: json.loads(attributes[name]) for name in names if name in attributes}


def test_prompt_and_completion_of_a_chat_stand_on_its_span(api, client, spans):
    api.script(Answer(text="Oslo"))

    client.chat.completions.create(**CHAT)

    assert captured(spans) == {
        "gen_ai.input.messages": PROMPT,
        "gen_ai.output.messages": [
            {
                "role": "assistant",
                "parts": [{"type": "text", "content": "Oslo"}],
                "finish_reason": "stop",
            }
        ],
    }


def test_a_streamed_chat_is_put_together_again(api, client, spans):
    api.script(Answer(text="Oslo is the capital of Norway", chunks=5))

    list(client.chat.completions.create(**CHAT, stream=True))

    (message,) = captured(spans)["gen_ai.output.messages"]
    assert message["parts"] == [{"type": "text", "content": "Oslo is the capital of Norway"}]
    assert message["finish_reason"] == "stop"


@pytest.mark.parametrize("stream", [False, True])
def test_tool_calls_are_told_with_their_arguments(api, client, spans, stream):
    api.script(Answer(tool_calls=(ToolCall(name="look_up", arguments='{"city": "Oslo"}'),)))

    answer = client.chat.completions.create(**CHAT, stream=stream)
    for _ in answer if stream else ():
        pass

    (message,) = captured(spans)["gen_ai.output.messages"]
    (call,) = [part for part in message["parts"] if part["type"] == "tool_call"]
    assert (call["name"], call["arguments"]) == ("look_up", '{"city": "Oslo"}')


@pytest.mark.parametrize("stream", [False, True])
def test_a_response_tells_its_instructions_input_and_output(api, client, spans, stream):
    api.script(Answer(text="Oslo"))

    answer = client.responses.create(
        model="gpt-4o", instructions="Be short.", input="Name a capital.", stream=stream
    )
    for _ in answer if stream else ():
        pass

    told = captured(spans)
    assert told["gen_ai.system_instructions"] == [{"type": "text", "content": "Be short."}]
    assert told["gen_ai.input.messages"] == PROMPT[1:]
    (message,) = told["gen_ai.output.messages"]
    assert {"type": "text", "content": "Oslo"} in message["parts"]


def test_a_raw_response_is_read_too(api, client, spans):
    api.script(Answer(text="Oslo"))

    client.chat.completions.with_raw_response.create(**CHAT)

    (message,) = captured(spans)["gen_ai.output.messages"]
    assert message["parts"] == [{"type": "text", "content": "Oslo"}]
