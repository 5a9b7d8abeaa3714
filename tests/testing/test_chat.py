"""`POST /chat/completions` answered at once."""

import json

import pytest
from pydantic import BaseModel

from dagster_openai_otel.testing import Answer, ToolCall
from dagster_openai_otel.usage import Usage

MODEL = "gpt-4o-mini"


class Capital(BaseModel):
    city: str
    people: int
    old: bool


WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


def test_the_default_text_repeats_the_prompt(client, hello):
    completion = client.chat.completions.create(model=MODEL, messages=hello)
    assert completion.choices[0].message.content == "You said: Name the capital of Norway, please."
    assert completion.choices[0].finish_reason == "stop"


def test_the_answer_names_the_dated_model(client, hello):
    names = {
        asked: client.chat.completions.create(model=asked, messages=hello).model
        for asked in ("gpt-5-mini", "gpt-4o", "gpt-4o-mini", "my-model")
    }
    assert names == {
        "gpt-5-mini": "gpt-5-mini-2025-08-07",
        "gpt-4o": "gpt-4o-2024-08-06",
        "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
        "my-model": "my-model",
    }


def test_an_async_client_gets_the_same_kind_of_answer(run_async, hello):
    async def task(client):
        return await client.chat.completions.create(model=MODEL, messages=hello)

    completion = run_async(task)
    assert completion.choices[0].message.content == "You said: Name the capital of Norway, please."


def test_scripted_text_model_tier_and_reason_are_served(api, client, hello):
    api.script(Answer(text="Oslo", model="gpt-9", service_tier="flex", finish_reason="length"))
    completion = client.chat.completions.create(model=MODEL, messages=hello)
    served = (completion.choices[0].message.content, completion.model, completion.service_tier)
    assert served == ("Oslo", "gpt-9", "flex")
    assert completion.choices[0].finish_reason == "length"


def test_scripted_usage_arrives_with_its_details_and_a_total(api, client, hello):
    usage = Usage(input_tokens=90, output_tokens=30, cached_input_tokens=64, cache_write_tokens=8)
    api.script(Answer(usage=usage))
    wire = client.chat.completions.create(model=MODEL, messages=hello).usage
    assert (wire.prompt_tokens, wire.completion_tokens, wire.total_tokens) == (90, 30, 120)
    assert wire.prompt_tokens_details.model_dump(exclude_unset=True) == {
        "cached_tokens": 64,
        "cache_write_tokens": 8,
    }
    assert wire.completion_tokens_details is None


def test_a_scripted_total_is_kept(api, client, hello):
    api.script(Answer(usage=Usage(input_tokens=90, output_tokens=30, total_tokens=125)))
    assert client.chat.completions.create(model=MODEL, messages=hello).usage.total_tokens == 125


def test_a_detail_that_is_not_scripted_is_not_on_the_wire(api, client, hello):
    api.script(Answer(usage=Usage(input_tokens=1, output_tokens=1)))
    wire = client.chat.completions.create(model=MODEL, messages=hello).usage
    assert "prompt_tokens_details" not in wire.model_fields_set


def test_audio_tokens_arrive(api, client, hello):
    api.script(Answer(usage=Usage(input_audio_tokens=5, output_audio_tokens=6)))
    wire = client.chat.completions.create(model=MODEL, messages=hello).usage
    assert wire.prompt_tokens_details.audio_tokens == 5
    assert wire.completion_tokens_details.audio_tokens == 6


def test_omitted_usage_is_absent(api, client, hello):
    api.script(Answer(omit_usage=True))
    assert client.chat.completions.create(model=MODEL, messages=hello).usage is None


def test_a_long_prompt_was_partly_cached(client):
    messages = [{"role": "user", "content": "x" * 8192}]
    wire = client.chat.completions.create(model=MODEL, messages=messages).usage
    assert wire.prompt_tokens == 2048
    assert wire.prompt_tokens_details.cached_tokens == 1024


def test_a_model_that_charges_for_it_reports_cache_writes(client):
    messages = [{"role": "user", "content": "x" * 8192}]
    wire = client.chat.completions.create(model="gpt-5.6-sol", messages=messages).usage
    assert wire.model_dump()["prompt_tokens_details"]["cache_write_tokens"] == 1024


@pytest.mark.parametrize(
    ("asked", "answered"),
    [("auto", "default"), ("default", "default"), ("flex", "flex"), ("priority", "priority")],
)
def test_the_service_tier_is_echoed(client, hello, asked, answered):
    completion = client.chat.completions.create(model=MODEL, messages=hello, service_tier=asked)
    assert completion.service_tier == answered


def test_each_of_three_choices_has_its_text(client, hello):
    completion = client.chat.completions.create(model=MODEL, messages=hello, n=3)
    said = "You said: Name the capital of Norway, please."
    assert [choice.message.content for choice in completion.choices] == [said, f"{said} (2)", f"{said} (3)"]


def test_choices_can_be_scripted(api, client, hello):
    api.script(Answer(choices=("Oslo", "Bergen")))
    completion = client.chat.completions.create(model=MODEL, messages=hello, n=2)
    assert [choice.message.content for choice in completion.choices] == ["Oslo", "Bergen"]


def test_scripted_tool_calls_are_served(api, client, hello):
    api.script(Answer(tool_calls=[ToolCall(name="get_weather", arguments={"city": "Oslo"})]))
    choice = client.chat.completions.create(model=MODEL, messages=hello, tools=[WEATHER]).choices[0]
    assert choice.message.content is None
    assert choice.finish_reason == "tool_calls"
    assert choice.message.tool_calls[0].function.name == "get_weather"
    assert json.loads(choice.message.tool_calls[0].function.arguments) == {"city": "Oslo"}


@pytest.mark.parametrize(
    "tool_choice", ["required", {"type": "function", "function": {"name": "get_weather"}}]
)
def test_a_tool_that_is_insisted_on_is_called(client, hello, tool_choice):
    completion = client.chat.completions.create(
        model=MODEL, messages=hello, tools=[WEATHER], tool_choice=tool_choice
    )
    (call,) = completion.choices[0].message.tool_calls
    assert json.loads(call.function.arguments) == {"city": "text"}


def test_a_tool_that_is_only_offered_is_not_called(client, hello):
    completion = client.chat.completions.create(model=MODEL, messages=hello, tools=[WEATHER])
    assert completion.choices[0].message.tool_calls is None


def test_a_tool_that_does_not_exist_is_not_called(client, hello):
    choice = {"type": "function", "function": {"name": "unknown"}}
    completion = client.chat.completions.create(
        model=MODEL, messages=hello, tools=[WEATHER], tool_choice=choice
    )
    assert completion.choices[0].message.tool_calls is None


def test_parse_gets_an_object_of_the_schema(client, hello):
    completion = client.chat.completions.parse(model=MODEL, messages=hello, response_format=Capital)
    assert completion.choices[0].message.parsed == Capital(city="text", people=1, old=True)


def test_parse_gets_the_scripted_object(api, client, hello):
    oslo = Capital(city="Oslo", people=720_000, old=True)
    api.script(Answer(parsed=oslo))
    completion = client.chat.completions.parse(model=MODEL, messages=hello, response_format=Capital)
    assert completion.choices[0].message.parsed == oslo


def test_json_mode_answers_json(client, hello):
    completion = client.chat.completions.create(
        model=MODEL, messages=hello, response_format={"type": "json_object"}
    )
    said = json.loads(completion.choices[0].message.content)
    assert said == {"answer": "You said: Name the capital of Norway, please."}


def test_a_refusal_comes_in_place_of_the_text(api, client, hello):
    api.script(Answer(refusal="I would rather not."))
    message = client.chat.completions.create(model=MODEL, messages=hello).choices[0].message
    assert (message.content, message.refusal) == (None, "I would rather not.")


def test_the_default_text_obeys_the_limit(client, hello):
    completion = client.chat.completions.create(model=MODEL, messages=hello, max_completion_tokens=2)
    assert completion.choices[0].message.content == "You said"
    assert completion.choices[0].finish_reason == "length"
    assert completion.usage.completion_tokens == 2


def test_reasoning_keeps_within_the_limit(client, hello):
    completion = client.chat.completions.create(model="o3", messages=hello, max_completion_tokens=20)
    assert completion.usage.completion_tokens == 20


def test_the_raw_response_has_the_headers_of_the_api(client, hello):
    response = client.chat.completions.with_raw_response.create(model=MODEL, messages=hello)
    assert response.headers["x-request-id"] == "req_000000000000"
    assert response.headers["openai-processing-ms"] == "12"
    assert response.headers["x-ratelimit-remaining-requests"] == "9999"
    assert response.parse().id == "chatcmpl-000000000000"
