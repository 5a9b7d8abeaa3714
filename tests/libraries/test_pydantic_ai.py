# mypy: disable-error-code="import-not-found,misc,untyped-decorator"
"""pydantic-ai in an asset: agents, streams, structured output, tools, Responses, embeddings."""

from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent, Embedder
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel

from dagster_openai_otel.testing import Answer, ToolCall
from tests.libraries.asset import MODEL, assert_counted, shown

pytestmark = pytest.mark.slow


class City(BaseModel):
    name: str


@pytest.fixture(params=[OpenAIChatModel, OpenAIResponsesModel])
def model(request, api) -> Any:  # finds the stand-in in the environment
    return request.param(MODEL)


def test_a_run_is_counted(instance, api, model):
    assert_counted(shown(instance, lambda: Agent(model).run_sync("Hello.")), api, calls=1)


def test_an_async_run_is_counted(instance, api, model):
    assert_counted(shown(instance, lambda: Agent(model).run("Hello.")), api, calls=1)


def test_a_stream_is_counted(instance, api, model):
    async def read() -> None:
        async with Agent(model).run_stream("Hello.") as result:
            async for _ in result.stream_text():
                pass

    assert_counted(shown(instance, read), api, calls=1)


def test_structured_output_is_counted(instance, api, model):
    api.script(Answer(tool_calls=[ToolCall(name="final_result", arguments={"name": "Oslo"})]))
    agent = Agent(model, output_type=City)
    assert_counted(shown(instance, lambda: agent.run_sync("The capital of Norway?")), api, calls=1)


def test_structured_output_that_is_asked_for_again_is_counted(instance, api, model):
    wrong = Answer(tool_calls=[ToolCall(name="final_result", arguments={"nom": "Oslo"})])
    api.script(wrong, Answer(tool_calls=[ToolCall(name="final_result", arguments={"name": "Oslo"})]))
    agent = Agent(model, output_type=City)
    assert_counted(shown(instance, lambda: agent.run_sync("The capital of Norway?")), api, calls=2)


def test_a_tool_call_and_its_answer_are_counted(instance, api, model):
    api.script(Answer(tool_calls=[ToolCall(name="weather", arguments={"city": "Oslo"})]), Answer())
    agent = Agent(model)

    @agent.tool_plain
    def weather(city: str) -> str:
        return f"Rain in {city}."

    assert_counted(shown(instance, lambda: agent.run_sync("The weather in Oslo?")), api, calls=2)


def test_a_tool_call_in_a_stream_and_its_answer_are_counted(instance, api, model):
    api.script(Answer(tool_calls=[ToolCall(name="weather", arguments={"city": "Oslo"})]), Answer())
    agent = Agent(model)

    @agent.tool_plain
    def weather(city: str) -> str:
        return f"Rain in {city}."

    async def read() -> None:
        async with agent.run_stream("The weather in Oslo?") as result:
            await result.get_output()

    assert_counted(shown(instance, read), api, calls=2)


def test_structured_output_in_a_stream_is_counted(instance, api, model):
    api.script(Answer(tool_calls=[ToolCall(name="final_result", arguments={"name": "Oslo"})]))

    async def read() -> None:
        async with Agent(model, output_type=City).run_stream("The capital of Norway?") as result:
            async for _ in result.stream_output():
                pass

    assert_counted(shown(instance, read), api, calls=1)


def test_a_stream_that_is_read_in_steps_is_counted(instance, api, model):
    async def read() -> None:
        async with Agent(model).iter("Hello.") as steps:
            async for _ in steps:
                pass

    assert_counted(shown(instance, read), api, calls=1)


def test_embeddings_are_counted(instance, api):
    embedder = Embedder("openai:text-embedding-3-small")
    assert_counted(shown(instance, lambda: embedder.embed_query("One.")), api, calls=1)


def test_embeddings_of_documents_are_counted(instance, api):
    embedder = Embedder("openai:text-embedding-3-small")
    assert_counted(shown(instance, lambda: embedder.embed_documents_sync(["One.", "Two."])), api, calls=1)
