"""`POST /responses`, and what may be done to a response later."""

import json

import openai
import pytest
from pydantic import BaseModel

from dagster_openai_otel.testing import Answer, ToolCall
from dagster_openai_otel.usage import Usage

MODEL = "gpt-5-mini"
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "strict": False,
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


class Capital(BaseModel):
    city: str


def test_the_default_text_repeats_the_input(client):
    response = client.responses.create(model=MODEL, input="Name a capital.")
    assert response.output_text == "You said: Name a capital."
    assert (response.status, response.model) == ("completed", "gpt-5-mini-2025-08-07")


def test_a_reasoning_model_reasons_before_it_speaks(client):
    response = client.responses.create(model=MODEL, input="Name a capital.")
    assert [item.type for item in response.output] == ["reasoning", "message"]
    assert response.usage.output_tokens_details.reasoning_tokens == 128


def test_another_model_does_not_reason(client):
    response = client.responses.create(model="gpt-4o", input="Name a capital.")
    assert [item.type for item in response.output] == ["message"]
    assert response.usage.output_tokens_details.reasoning_tokens == 0


def test_scripted_usage_has_the_details_that_responses_always_have(api, client):
    api.script(Answer(usage=Usage(input_tokens=7, output_tokens=5, input_audio_tokens=3)))
    wire = client.responses.create(model=MODEL, input="Hello").usage
    assert wire.model_dump(exclude_unset=True) == {
        "input_tokens": 7,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 12,
    }


def test_an_async_client_gets_the_same_text(run_async):
    async def task(client):
        return await client.responses.create(model=MODEL, input="Name a capital.")

    assert run_async(task).output_text == "You said: Name a capital."


def test_parse_gets_an_object_of_the_schema(client):
    response = client.responses.parse(model=MODEL, input="A capital.", text_format=Capital)
    assert response.output_parsed == Capital(city="text")


def test_scripted_function_calls_are_served(api, client):
    api.script(Answer(tool_calls=[ToolCall(name="get_weather", arguments={"city": "Oslo"})]))
    response = client.responses.create(model="gpt-4o", input="Weather?", tools=[WEATHER])
    (call,) = response.output
    assert (call.type, call.name) == ("function_call", "get_weather")
    assert json.loads(call.arguments) == {"city": "Oslo"}


def test_a_function_that_is_insisted_on_is_called(client):
    choice = {"type": "function", "name": "get_weather"}
    response = client.responses.create(model="gpt-4o", input="?", tools=[WEATHER], tool_choice=choice)
    assert json.loads(response.output[0].arguments) == {"city": "text"}


def test_a_refusal_is_a_part_of_the_message(api, client):
    api.script(Answer(refusal="I would rather not."))
    part = client.responses.create(model="gpt-4o", input="?").output[0].content[0]
    assert (part.type, part.refusal) == ("refusal", "I would rather not.")


@pytest.mark.parametrize(
    ("finish_reason", "cause"), [("length", "max_output_tokens"), ("content_filter", "content_filter")]
)
def test_an_early_stop_makes_the_response_incomplete(api, client, finish_reason, cause):
    api.script(Answer(text="Os", finish_reason=finish_reason))
    response = client.responses.create(model=MODEL, input="?")
    assert (response.status, response.incomplete_details.reason) == ("incomplete", cause)
    assert response.usage.input_tokens == 1


def test_a_failed_response_names_its_error(api, client):
    api.script(Answer(response_status="failed", error_message="It broke."))
    response = client.responses.create(model=MODEL, input="?")
    assert (response.status, response.output, response.usage) == ("failed", [], None)
    assert (response.error.code, response.error.message) == ("server_error", "It broke.")


def test_a_finished_response_can_be_asked_for_again(client):
    created = client.responses.create(model=MODEL, input="?")
    assert client.responses.retrieve(created.id) == created


def test_a_response_that_is_not_stored_cannot_be_asked_for(client):
    created = client.responses.create(model=MODEL, input="?", store=False)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(created.id)


def test_a_deleted_response_is_gone(client):
    created = client.responses.create(model=MODEL, input="?")
    client.responses.delete(created.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(created.id)


def test_a_background_response_ends_at_the_second_poll(client):
    created = client.responses.create(model=MODEL, input="?", background=True)
    polled = [client.responses.retrieve(created.id).status for _ in range(3)]
    assert [created.status, *polled] == ["queued", "in_progress", "completed", "completed"]


def test_the_number_of_polls_can_be_scripted(api, client):
    api.script(Answer(polls=3, text="Oslo", finish_reason="length"))
    created = client.responses.create(model=MODEL, input="?", background=True)
    polled = [client.responses.retrieve(created.id).status for _ in range(3)]
    assert polled == ["in_progress", "in_progress", "incomplete"]
    assert client.responses.retrieve(created.id).output_text == "Oslo"


def test_a_cancelled_background_response_stays_cancelled(client):
    created = client.responses.create(model=MODEL, input="?", background=True)
    assert client.responses.cancel(created.id).status == "cancelled"
    assert client.responses.retrieve(created.id).status == "cancelled"


def test_a_synchronous_response_cannot_be_cancelled(client):
    created = client.responses.create(model=MODEL, input="?")
    with pytest.raises(openai.BadRequestError, match="synchronous"):
        client.responses.cancel(created.id)


def test_an_unknown_response_can_be_neither_cancelled_nor_deleted(client):
    for attempt in (client.responses.cancel, client.responses.delete):
        with pytest.raises(openai.NotFoundError):
            attempt("resp_unknown")


def test_input_tokens_are_counted_as_the_call_counts_them(client):
    response = client.responses.create(model=MODEL, input="Name a capital.", instructions="Be brief.")
    counted = client.post(
        "/responses/input_tokens",
        body={"input": "Name a capital.", "instructions": "Be brief."},
        cast_to=object,
    )
    assert counted == {"object": "response.input_tokens", "input_tokens": response.usage.input_tokens}
