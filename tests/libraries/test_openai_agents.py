# mypy: disable-error-code="import-not-found,misc,untyped-decorator"
"""openai-agents in an asset: runs, streams, structured output, tools, hand-overs."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from agents import (
    Agent,
    ModelSettings,
    Runner,
    function_tool,
    set_default_openai_api,
    set_trace_processors,
    set_tracing_disabled,
)
from pydantic import BaseModel

from dagster_openai_otel.testing import Answer, ToolCall
from tests.libraries.asset import MODEL, assert_counted, assert_counted_where_asked, shown

pytestmark = pytest.mark.slow


class City(BaseModel):
    name: str


@function_tool
def weather(city: str) -> str:
    """The weather in a city."""
    return f"Rain in {city}."


@pytest.fixture(scope="module", autouse=True)
def no_export(beside: None) -> None:  # its processor is the only one that stays
    if os.environ.get("TEST_LIBRARIES_BESIDE") != "own":
        set_trace_processors([])
        set_tracing_disabled(disabled=True)


@pytest.fixture(params=["responses", "chat_completions"])
def interface(request) -> Iterator[Any]:
    set_default_openai_api(request.param)
    yield request.param
    set_default_openai_api("responses")


@pytest.mark.usefixtures("interface")
def test_a_run_is_counted(instance, api):
    agent = Agent(name="poet", model=MODEL)
    assert_counted(shown(instance, lambda: Runner.run_sync(agent, "Hello.")), api, calls=1)


@pytest.mark.usefixtures("interface")
def test_an_async_run_is_counted(instance, api):
    agent = Agent(name="poet", model=MODEL)
    assert_counted(shown(instance, lambda: Runner.run(agent, "Hello.")), api, calls=1)


def test_a_stream_is_counted_or_unknown(instance, api, interface):
    async def read() -> None:
        async for _ in Runner.run_streamed(Agent(name="poet", model=MODEL), "Hello.").stream_events():
            pass

    # chat completions of a server that is not OpenAI's are not asked for usage
    counted = assert_counted if interface == "responses" else assert_counted_where_asked
    counted(shown(instance, read), api, calls=1)


@pytest.mark.usefixtures("interface")
def test_structured_output_is_counted(instance, api):
    agent = Agent(name="geographer", model=MODEL, output_type=City)
    assert_counted(shown(instance, lambda: Runner.run(agent, "The capital of Norway?")), api, calls=1)


@pytest.mark.usefixtures("interface")
def test_a_tool_call_and_its_answer_are_counted(instance, api):
    api.script(Answer(tool_calls=[ToolCall(name="weather", arguments={"city": "Oslo"})]), Answer())
    agent = Agent(name="forecaster", model=MODEL, tools=[weather])
    assert_counted(shown(instance, lambda: Runner.run(agent, "The weather in Oslo?")), api, calls=2)


@pytest.mark.usefixtures("interface")
def test_a_hand_over_is_counted(instance, api):
    api.script(Answer(tool_calls=[ToolCall(name="transfer_to_poet")]), Answer())
    agent = Agent(name="router", model=MODEL, handoffs=[Agent(name="poet", model=MODEL)])
    assert_counted(shown(instance, lambda: Runner.run(agent, "A poem, please.")), api, calls=2)


def test_a_tool_call_in_a_stream_and_its_answer_are_counted_or_unknown(instance, api, interface):
    api.script(Answer(tool_calls=[ToolCall(name="weather", arguments={"city": "Oslo"})]), Answer())
    agent = Agent(name="forecaster", model=MODEL, tools=[weather])

    async def read() -> None:
        async for _ in Runner.run_streamed(agent, "The weather in Oslo?").stream_events():
            pass

    counted = assert_counted if interface == "responses" else assert_counted_where_asked
    counted(shown(instance, read), api, calls=2)


@pytest.mark.usefixtures("interface")
def test_a_stream_whose_usage_is_wanted_is_counted(instance, api):
    agent = Agent(name="poet", model=MODEL, model_settings=ModelSettings(include_usage=True))

    async def read() -> None:
        async for _ in Runner.run_streamed(agent, "Hello.").stream_events():
            pass

    assert_counted(shown(instance, read), api, calls=1)


@pytest.mark.usefixtures("interface")
def test_an_agent_that_is_a_tool_of_another_is_counted(instance, api):
    poet = Agent(name="poet", model=MODEL).as_tool(tool_name="poet", tool_description="Writes poems.")
    api.script(Answer(tool_calls=[ToolCall(name="poet", arguments={"input": "Oslo"})]), Answer(), Answer())
    agent = Agent(name="editor", model=MODEL, tools=[poet])
    assert_counted(shown(instance, lambda: Runner.run(agent, "A poem, please.")), api, calls=3)
