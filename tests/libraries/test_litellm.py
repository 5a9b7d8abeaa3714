# mypy: disable-error-code="import-not-found,misc"
"""LiteLLM in an asset: completions, streams, structured output, tools, embeddings, images, Responses."""

import litellm
import pytest
from pydantic import BaseModel

from dagster_openai_otel import record_usage
from dagster_openai_otel.testing import Answer, ToolCall
from tests.libraries.asset import assert_counted, assert_counted_where_asked, shown

pytestmark = pytest.mark.slow

MODEL = "openai/gpt-5-mini"
MESSAGES = [{"role": "user", "content": "Hello."}]
USAGE_WANTED = {"include_usage": True}
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


class City(BaseModel):
    name: str


def test_a_completion_is_counted(instance, api):
    assert_counted(shown(instance, lambda: litellm.completion(MODEL, MESSAGES)), api, calls=1)


def test_an_async_completion_is_counted(instance, api):
    assert_counted(shown(instance, lambda: litellm.acompletion(MODEL, MESSAGES)), api, calls=1)


def test_a_stream_that_asks_for_usage_is_counted(instance, api):
    def work() -> None:
        list(litellm.completion(MODEL, MESSAGES, stream=True, stream_options=USAGE_WANTED))

    assert_counted(shown(instance, work), api, calls=1)


def test_a_stream_that_does_not_ask_is_unknown(instance, api):
    def work() -> None:
        list(litellm.completion(MODEL, MESSAGES, stream=True))

    assert_counted_where_asked(shown(instance, work), api, calls=1)


def test_an_async_stream_is_counted(instance, api):
    async def work() -> None:
        stream = await litellm.acompletion(MODEL, MESSAGES, stream=True, stream_options=USAGE_WANTED)
        async for _ in stream:
            pass

    assert_counted(shown(instance, work), api, calls=1)


def test_structured_output_is_counted(instance, api):
    def work() -> None:
        litellm.completion(MODEL, MESSAGES, response_format=City)

    assert_counted(shown(instance, work), api, calls=1)


def test_a_tool_call_and_its_answer_are_counted(instance, api):
    api.script(Answer(tool_calls=[ToolCall(name="weather", arguments={"city": "Oslo"})]), Answer())

    def work() -> None:
        asked = litellm.completion(MODEL, MESSAGES, tools=[TOOL]).choices[0].message
        said = {"role": "tool", "tool_call_id": asked.tool_calls[0].id, "content": "Rain."}
        litellm.completion(MODEL, [*MESSAGES, asked.model_dump(), said], tools=[TOOL])

    assert_counted(shown(instance, work), api, calls=2)


def test_embeddings_are_counted(instance, api):
    def work() -> None:
        litellm.embedding("openai/text-embedding-3-small", ["One.", "Two."])

    assert_counted(shown(instance, work), api, calls=1)


def test_async_embeddings_are_counted(instance, api):
    def work():
        return litellm.aembedding("openai/text-embedding-3-small", ["One.", "Two."])

    assert_counted(shown(instance, work), api, calls=1)


def test_a_text_completion_is_counted(instance, api):
    def work() -> None:
        litellm.text_completion(model="text-completion-openai/gpt-3.5-turbo-instruct", prompt="Hello.")

    assert_counted(shown(instance, work), api, calls=1)


def test_an_image_is_counted(instance, api):
    def work() -> None:
        litellm.image_generation(model="openai/gpt-image-1", prompt="A fjord.")

    assert_counted(shown(instance, work), api, calls=1)


def test_a_tool_call_in_a_stream_is_counted(instance, api):
    api.script(Answer(tool_calls=[ToolCall(name="weather", arguments={"city": "Oslo"})]))

    def work() -> None:
        list(litellm.completion(MODEL, MESSAGES, tools=[TOOL], stream=True, stream_options=USAGE_WANTED))

    assert_counted(shown(instance, work), api, calls=1)


def test_a_call_of_a_router_is_counted(instance, api):
    router = litellm.Router([{"model_name": "any", "litellm_params": {"model": MODEL}}])
    assert_counted(shown(instance, lambda: router.completion("any", MESSAGES)), api, calls=1)


def respond() -> None:
    record_usage(litellm.responses(model=MODEL, input="Hello."))


async def respond_async() -> None:
    record_usage(await litellm.aresponses(model=MODEL, input="Hello."))


def respond_in_a_stream() -> None:
    *_, last = litellm.responses(model=MODEL, input="Hello.", stream=True)
    record_usage(last.response)


def complete_by_a_response() -> None:
    record_usage(litellm.completion("openai/responses/gpt-5-mini", MESSAGES))


@pytest.mark.parametrize("work", [respond, respond_async, respond_in_a_stream, complete_by_a_response])
def test_a_response_which_goes_past_the_sdk_is_counted_where_it_is_recorded(instance, api, work):
    assert_counted(shown(instance, work), api, calls=1)
