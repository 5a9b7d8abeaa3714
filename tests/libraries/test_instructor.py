# mypy: disable-error-code="import-not-found,misc"
"""instructor in an asset: structured output, what is asked for again, partial and async output."""

import os
from contextlib import nullcontext

import instructor
import openai
import pytest
from pydantic import BaseModel

from dagster_openai_otel.testing import Answer, ToolCall
from tests.libraries.asset import MODEL, assert_counted, assert_counted_where_asked, shown

pytestmark = pytest.mark.slow

# These two give instructor an async generator, which it cannot read; the call is counted all the same.
BROKEN = os.environ.get("TEST_LIBRARIES_BESIDE") in {"traceloop", "openinference"}
MESSAGES = [{"role": "user", "content": "The capital of Norway?"}]
RIGHT = Answer(tool_calls=[ToolCall(name="City", arguments={"name": "Oslo"})])
WRONG = Answer(tool_calls=[ToolCall(name="City", arguments={"name": None})])


class City(BaseModel):
    name: str


def asked(client):
    return client.create(model=MODEL, messages=MESSAGES, response_model=City, max_retries=3)


def test_structured_output_is_counted(instance, api):
    api.script(RIGHT)

    def work() -> None:
        with openai.OpenAI() as client:
            asked(instructor.from_openai(client))

    assert_counted(shown(instance, work), api, calls=1)


def test_every_time_it_is_asked_for_again_is_counted(instance, api):
    api.script(WRONG, WRONG, RIGHT)

    def work() -> None:
        with openai.OpenAI() as client:
            asked(instructor.from_openai(client))

    assert_counted(shown(instance, work), api, calls=3)


def test_async_output_is_counted(instance, api):
    api.script(RIGHT)

    async def work() -> None:
        async with openai.AsyncOpenAI() as client:
            await asked(instructor.from_openai(client))

    assert_counted(shown(instance, work), api, calls=1)


def test_output_by_json_schema_is_counted(instance, api):
    def work() -> None:
        with openai.OpenAI() as client:
            asked(instructor.from_openai(client, mode=instructor.Mode.JSON_SCHEMA))

    assert_counted(shown(instance, work), api, calls=1)


def test_output_of_responses_is_counted(instance, api):
    api.script(RIGHT)

    def work() -> None:
        with openai.OpenAI() as client:
            asked(instructor.from_openai(client, mode=instructor.Mode.RESPONSES_TOOLS))

    assert_counted(shown(instance, work), api, calls=1)


def test_partial_output_is_counted_where_its_stream_asks(instance, api):
    api.script(RIGHT)

    def work() -> None:
        with openai.OpenAI() as client, pytest.raises(TypeError) if BROKEN else nullcontext():
            list(
                instructor.from_openai(client).create_partial(
                    model=MODEL, messages=MESSAGES, response_model=City
                )
            )

    assert_counted_where_asked(shown(instance, work), api, calls=1)


def test_an_output_with_its_completion_is_counted(instance, api):
    api.script(RIGHT)

    def work() -> None:
        with openai.OpenAI() as client:
            instructor.from_openai(client).create_with_completion(
                model=MODEL, messages=MESSAGES, response_model=City
            )

    assert_counted(shown(instance, work), api, calls=1)


def test_outputs_of_a_stream_are_counted_where_it_asks(instance, api):
    api.script(RIGHT)

    def work() -> None:
        with openai.OpenAI() as client, pytest.raises(TypeError) if BROKEN else nullcontext():
            list(
                instructor.from_openai(client).create_iterable(
                    model=MODEL, messages=MESSAGES, response_model=City
                )
            )

    assert_counted_where_asked(shown(instance, work), api, calls=1)


def test_async_partial_output_is_counted_where_its_stream_asks(instance, api):
    api.script(RIGHT)

    async def work() -> None:
        async with openai.AsyncOpenAI() as client:
            async for _ in instructor.from_openai(client).create_partial(
                model=MODEL, messages=MESSAGES, response_model=City
            ):
                pass

    assert_counted_where_asked(shown(instance, work), api, calls=1)
