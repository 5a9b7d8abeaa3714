"""`POST /chat/completions` answered as a stream."""

import json

import openai
import pytest
from pydantic import BaseModel

from dagster_openai_otel.testing import Answer, ToolCall
from dagster_openai_otel.usage import Usage

MODEL = "gpt-4o-mini"


class Capital(BaseModel):
    city: str


@pytest.fixture
def stream(client, hello):
    """Read a whole stream."""

    def read(**settings):
        return list(client.chat.completions.create(model=MODEL, messages=hello, stream=True, **settings))

    return read


def test_the_pieces_make_up_the_text(api, stream):
    api.script(Answer(text="Oslo it is", chunks=5))
    pieces = [chunk.choices[0].delta.content for chunk in stream()]
    assert pieces == ["", "Os", "lo", " i", "t ", "is", None]


def test_without_include_usage_no_chunk_mentions_usage(stream):
    assert all("usage" not in chunk.model_fields_set for chunk in stream())


def test_with_include_usage_only_the_last_chunk_has_it(stream):
    chunks = stream(stream_options={"include_usage": True})
    assert [chunk.usage for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    assert all("usage" in chunk.model_fields_set for chunk in chunks)
    assert chunks[-1].choices == []
    assert chunks[-1].usage.prompt_tokens == 9


def test_repeated_usage_grows_to_the_whole(api, stream):
    api.script(Answer(repeat_usage=True, usage=Usage(input_tokens=10, output_tokens=12)))
    counts = [chunk.usage.completion_tokens for chunk in stream()]
    assert counts == [2, 4, 6, 8, 10, 12]


def test_all_choices_are_streamed(api, stream):
    api.script(Answer(choices=("one", "two", "three")))
    texts = ["", "", ""]
    for chunk in stream(n=3):
        texts[chunk.choices[0].index] += chunk.choices[0].delta.content or ""
    assert texts == ["one", "two", "three"]


def test_tool_arguments_come_in_pieces(api, stream):
    calls = [ToolCall(name="first", arguments={"city": "Oslo"}), ToolCall(name="second", arguments="{")]
    api.script(Answer(tool_calls=calls, chunks=3))
    deltas = [call for chunk in stream() for call in chunk.choices[0].delta.tool_calls or ()]
    named = [(call.index, call.function.name) for call in deltas if call.id]
    assert named == [(0, "first"), (1, "second")]
    arguments = [call.function.arguments for call in deltas if call.index == 0]
    assert len(arguments) == 4
    assert json.loads("".join(arguments)) == {"city": "Oslo"}


def test_the_stream_helper_assembles_the_completion(client, hello):
    with client.chat.completions.stream(
        model=MODEL, messages=hello, response_format=Capital, stream_options={"include_usage": True}
    ) as events:
        completion = events.get_final_completion()
    assert completion.choices[0].message.parsed == Capital(city="text")
    assert completion.usage.prompt_tokens > 0


def test_the_stream_helper_assembles_tool_calls(api, client, hello):
    api.script(Answer(tool_calls=[ToolCall(name="get_weather", arguments={"city": "Oslo"})]))
    with client.chat.completions.stream(model=MODEL, messages=hello) as events:
        (call,) = events.get_final_completion().choices[0].message.tool_calls
    assert json.loads(call.function.arguments) == {"city": "Oslo"}


def test_an_async_stream_gives_the_same_text(run_async, hello):
    async def task(client):
        chunks = await client.chat.completions.create(model=MODEL, messages=hello, stream=True)
        return "".join([chunk.choices[0].delta.content or "" async for chunk in chunks])

    assert run_async(task) == "You said: Name the capital of Norway, please."


def test_a_refusal_is_streamed(api, stream):
    api.script(Answer(refusal="I would rather not."))
    refusal = "".join(chunk.choices[0].delta.refusal or "" for chunk in stream())
    assert refusal == "I would rather not."


def test_a_cut_stream_breaks_off_without_an_end(api, hasty_client, hello):
    api.script(Answer(cut_after=2))
    chunks = hasty_client.chat.completions.create(model=MODEL, messages=hello, stream=True)
    assert [next(chunks).choices[0].delta.content for _ in range(2)] == ["", "You said: N"]
    with pytest.raises(Exception, match=r"incomplete chunked read|Connection error"):
        next(chunks)


def test_a_stream_can_fail_with_an_error_event(api, hasty_client, hello):
    api.script(Answer(error_after=1, error_message="It broke."))
    chunks = hasty_client.chat.completions.create(model=MODEL, messages=hello, stream=True)
    next(chunks)
    with pytest.raises(openai.APIError, match="It broke"):
        next(chunks)


def test_a_stream_without_done_still_ends(api, client, hello):
    api.script(Answer(no_done=True))
    response = client.chat.completions.with_raw_response.create(model=MODEL, messages=hello, stream=True)
    body = response.http_response.read()
    assert b"finish_reason" in body
    assert b"[DONE]" not in body


def test_a_gzipped_stream_is_read(api, stream):
    api.script(Answer(text="Oslo", gzip=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream()) == "Oslo"
