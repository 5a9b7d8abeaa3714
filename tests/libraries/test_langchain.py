# mypy: disable-error-code="import-not-found,misc,untyped-decorator"
"""LangChain in an asset: chat, streams, structured output, tools, embeddings, Responses, batches, Azure."""

import pytest
from langchain_core.tools import tool
from langchain_openai import AzureChatOpenAI, ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel

from dagster_openai_otel.testing import Answer, ToolCall
from tests.libraries.asset import MODEL, assert_counted, assert_counted_where_asked, shown

pytestmark = pytest.mark.slow


class City(BaseModel):
    """A city."""

    name: str


OSLO = ToolCall(name="City", arguments={"name": "Oslo"})
CITY_IN = {
    "json_schema": Answer(parsed={"name": "Oslo"}),
    "function_calling": Answer(tool_calls=[OSLO]),
    "json_mode": Answer(text='{"name": "Oslo"}'),
}


@tool
def weather(city: str) -> str:
    """The weather in a city."""
    return f"Rain in {city}."


def test_a_call_is_counted(instance, api):
    assert_counted(shown(instance, lambda: ChatOpenAI(model=MODEL).invoke("Hello.")), api, calls=1)


def test_an_async_call_is_counted(instance, api):
    assert_counted(shown(instance, lambda: ChatOpenAI(model=MODEL).ainvoke("Hello.")), api, calls=1)


def test_a_batch_in_threads_is_counted(instance, api):
    assert_counted(
        shown(instance, lambda: ChatOpenAI(model=MODEL).batch(["One.", "Two.", "Three."])), api, calls=3
    )


def test_a_stream_that_asks_for_usage_is_counted(instance, api):
    model = ChatOpenAI(model=MODEL, stream_usage=True)
    assert_counted(shown(instance, lambda: list(model.stream("Hello."))), api, calls=1)


def test_a_stream_that_does_not_ask_is_unknown(instance, api):
    model = ChatOpenAI(model=MODEL, stream_usage=False)
    assert_counted_where_asked(shown(instance, lambda: list(model.stream("Hello."))), api, calls=1)


def test_an_async_stream_is_counted(instance, api):
    async def read() -> None:
        async for _ in ChatOpenAI(model=MODEL, stream_usage=True).astream("Hello."):
            pass

    assert_counted(shown(instance, read), api, calls=1)


@pytest.mark.parametrize("stream_usage", [True, False])
def test_a_stream_whose_headers_are_wanted_is_counted_like_any_other(instance, api, stream_usage):
    model = ChatOpenAI(model=MODEL, include_response_headers=True, stream_usage=stream_usage)
    counted = assert_counted if stream_usage else assert_counted_where_asked
    counted(shown(instance, lambda: list(model.stream("Hello."))), api, calls=1)


def test_a_call_whose_headers_are_wanted_is_counted(instance, api):
    model = ChatOpenAI(model=MODEL, include_response_headers=True)
    assert_counted(shown(instance, lambda: model.invoke("Hello.")), api, calls=1)


def test_an_async_batch_is_counted(instance, api):
    model = ChatOpenAI(model=MODEL)
    assert_counted(shown(instance, lambda: model.abatch(["One.", "Two.", "Three."])), api, calls=3)


def test_a_call_that_is_retried_is_counted_once(instance, api):
    api.script(Answer(status=429, retry_after=0.001))
    assert_counted(shown(instance, lambda: ChatOpenAI(model=MODEL).invoke("Hello.")), api, calls=1)


def test_a_call_of_azure_is_counted(instance, api):
    model = AzureChatOpenAI(
        azure_endpoint=api.azure_endpoint, azure_deployment=MODEL, api_version="2025-03-01-preview"
    )
    assert_counted(shown(instance, lambda: model.invoke("Hello.")), api, calls=1)


@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
def test_structured_output_in_a_stream_is_counted(instance, api, method):
    model = ChatOpenAI(model=MODEL, stream_usage=True).with_structured_output(City, method=method)
    api.script(CITY_IN[method])
    assert_counted(
        shown(instance, lambda: list(model.stream("The capital of Norway, as JSON?"))), api, calls=1
    )


def test_structured_output_is_counted(instance, api):
    model = ChatOpenAI(model=MODEL).with_structured_output(City)
    assert_counted(shown(instance, lambda: model.invoke("The capital of Norway?")), api, calls=1)


def test_a_tool_call_and_its_answer_are_counted(instance, api):
    api.script(Answer(tool_calls=[ToolCall(name="weather", arguments={"city": "Oslo"})]), Answer())

    def work() -> None:
        model = ChatOpenAI(model=MODEL).bind_tools([weather])
        asked = model.invoke("The weather in Oslo?")
        said = weather.invoke(asked.tool_calls[0])
        model.invoke([("user", "The weather in Oslo?"), asked, said])

    assert_counted(shown(instance, work), api, calls=2)


def test_responses_are_counted(instance, api):
    model = ChatOpenAI(model=MODEL, use_responses_api=True)
    assert_counted(shown(instance, lambda: model.invoke("Hello.")), api, calls=1)


def test_a_stream_of_responses_is_counted(instance, api):
    model = ChatOpenAI(model=MODEL, use_responses_api=True)
    assert_counted(shown(instance, lambda: list(model.stream("Hello."))), api, calls=1)


def test_an_async_stream_of_responses_is_counted(instance, api):
    async def read() -> None:
        async for _ in ChatOpenAI(model=MODEL, use_responses_api=True).astream("Hello."):
            pass

    assert_counted(shown(instance, read), api, calls=1)


def test_structured_output_of_responses_is_counted(instance, api):
    model = ChatOpenAI(model=MODEL, use_responses_api=True).with_structured_output(City)
    assert_counted(shown(instance, lambda: model.invoke("The capital of Norway?")), api, calls=1)


def test_embeddings_are_counted(instance, api):
    model = OpenAIEmbeddings(model="text-embedding-3-small", check_embedding_ctx_length=False)
    assert_counted(shown(instance, lambda: model.embed_documents(["One.", "Two."])), api, calls=1)


def test_async_embeddings_are_counted(instance, api):
    model = OpenAIEmbeddings(model="text-embedding-3-small", check_embedding_ctx_length=False)
    assert_counted(shown(instance, lambda: model.aembed_query("One.")), api, calls=1)
