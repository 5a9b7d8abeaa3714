# mypy: disable-error-code="import-not-found,misc"
"""LlamaIndex in an asset: completions, chats, streams, structured output, tools, embeddings."""

import pytest
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.embeddings.openai import OpenAIEmbedding
from llama_index.llms.openai import OpenAI, OpenAIResponses
from pydantic import BaseModel

from dagster_openai_otel.testing import Answer, FakeOpenAI, ToolCall
from tests.libraries.asset import MODEL, assert_counted, assert_counted_where_asked, shown

pytestmark = pytest.mark.slow

MESSAGES = [ChatMessage(role="user", content="Hello.")]
USAGE_WANTED = {"stream_options": {"include_usage": True}}


class City(BaseModel):
    """A city."""

    name: str


def weather(city: str) -> str:
    """The weather in a city."""
    return f"Rain in {city}."


def model(api: FakeOpenAI, **options):
    return OpenAI(model=MODEL, api_base=api.base_url, **options)


def test_a_chat_is_counted(instance, api):
    assert_counted(shown(instance, lambda: model(api).chat(MESSAGES)), api, calls=1)


def test_an_async_chat_is_counted(instance, api):
    assert_counted(shown(instance, lambda: model(api).achat(MESSAGES)), api, calls=1)


def test_a_completion_is_counted(instance, api):
    assert_counted(shown(instance, lambda: model(api).complete("Hello.")), api, calls=1)


def test_a_stream_that_asks_for_usage_is_counted(instance, api):
    asking = model(api, additional_kwargs=USAGE_WANTED)
    assert_counted(shown(instance, lambda: list(asking.stream_chat(MESSAGES))), api, calls=1)


def test_a_stream_that_does_not_ask_is_unknown(instance, api):
    shown_ = shown(instance, lambda: list(model(api).stream_chat(MESSAGES)))
    assert_counted_where_asked(shown_, api, calls=1)


def test_an_async_stream_is_counted(instance, api):
    async def work() -> None:
        async for _ in await model(api, additional_kwargs=USAGE_WANTED).astream_chat(MESSAGES):
            pass

    assert_counted(shown(instance, work), api, calls=1)


def test_structured_output_is_counted(instance, api):
    structured = model(api).as_structured_llm(City)
    assert_counted(shown(instance, lambda: structured.chat(MESSAGES)), api, calls=1)


def test_a_tool_call_and_its_answer_are_counted(instance, api):
    api.script(Answer(tool_calls=[ToolCall(name="weather", arguments={"city": "Oslo"})]), Answer())
    tool = FunctionTool.from_defaults(weather)

    def work() -> None:
        asked = model(api).chat_with_tools([tool], user_msg="The weather in Oslo?")
        call = asked.message.additional_kwargs["tool_calls"][0]
        said = ChatMessage(role="tool", content="Rain.", additional_kwargs={"tool_call_id": call.id})
        model(api).chat([*MESSAGES, asked.message, said])

    assert_counted(shown(instance, work), api, calls=2)


def test_responses_are_counted(instance, api):
    asking = OpenAIResponses(model=MODEL, api_base=api.base_url)
    assert_counted(shown(instance, lambda: asking.chat(MESSAGES)), api, calls=1)


def test_a_stream_of_responses_is_counted(instance, api):
    asking = OpenAIResponses(model=MODEL, api_base=api.base_url)
    assert_counted(shown(instance, lambda: list(asking.stream_chat(MESSAGES))), api, calls=1)


def test_embeddings_are_counted(instance, api):
    embedding = OpenAIEmbedding(model="text-embedding-3-small", api_base=api.base_url)
    assert_counted(
        shown(instance, lambda: embedding.get_text_embedding_batch(["One.", "Two."])), api, calls=1
    )


def test_async_embeddings_are_counted(instance, api):
    embedding = OpenAIEmbedding(model="text-embedding-3-small", api_base=api.base_url)
    assert_counted(shown(instance, lambda: embedding.aget_text_embedding("One.")), api, calls=1)


def test_an_async_completion_is_counted(instance, api):
    assert_counted(shown(instance, lambda: model(api).acomplete("Hello.")), api, calls=1)


def test_a_completion_in_a_stream_is_counted(instance, api):
    asking = model(api, additional_kwargs=USAGE_WANTED)
    assert_counted(shown(instance, lambda: list(asking.stream_complete("Hello."))), api, calls=1)


def test_structured_output_in_a_stream_is_counted(instance, api):
    api.script(Answer(tool_calls=[ToolCall(name="City", arguments={"name": "Oslo"})]))
    structured = model(api, additional_kwargs=USAGE_WANTED).as_structured_llm(City)
    assert_counted(shown(instance, lambda: list(structured.stream_chat(MESSAGES))), api, calls=1)


def test_an_async_chat_of_responses_is_counted(instance, api):
    asking = OpenAIResponses(model=MODEL, api_base=api.base_url)
    assert_counted(shown(instance, lambda: asking.achat(MESSAGES)), api, calls=1)
