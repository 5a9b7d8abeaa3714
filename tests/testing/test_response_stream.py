"""`POST /responses` answered as a stream."""

import openai
import pytest
from pydantic import BaseModel

from dagster_openai_otel.testing import Answer, ToolCall


class Capital(BaseModel):
    city: str


@pytest.fixture
def stream(client):
    """Read a whole stream."""

    def read(model="gpt-4o", **settings):
        return list(client.responses.create(model=model, input="Name a capital.", stream=True, **settings))

    return read


def kinds(events):
    return [event.type.removeprefix("response.") for event in events]


def test_the_events_of_a_text_come_in_the_order_of_the_api(api, stream):
    api.script(Answer(text="Oslo", chunks=2))
    assert kinds(stream()) == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]


def test_the_events_are_numbered(stream):
    events = stream()
    assert [event.sequence_number for event in events] == list(range(len(events)))


def test_only_the_last_event_has_usage(stream):
    events = stream()
    assert [event.response.usage for event in events[:2]] == [None, None]
    assert events[-1].response.usage.input_tokens == 4


def test_a_reasoning_item_comes_first(stream):
    events = stream(model="gpt-5-mini")
    items = [event.item.type for event in events if event.type == "response.output_item.added"]
    assert items == ["reasoning", "message"]


def test_a_reasoning_summary_is_streamed_when_asked_for(stream):
    events = stream(model="gpt-5-mini", reasoning={"summary": "auto"})
    pieces = [event.delta for event in events if event.type == "response.reasoning_summary_text.delta"]
    assert "".join(pieces) == "Thought about the answer."


def test_function_arguments_come_in_pieces(api, stream):
    api.script(Answer(tool_calls=[ToolCall(name="get_weather", arguments={"city": "Oslo"})], chunks=2))
    events = stream()
    pieces = [event.delta for event in events if event.type == "response.function_call_arguments.delta"]
    assert len(pieces) == 2
    assert "".join(pieces) == '{"city":"Oslo"}'
    assert events[-1].response.output[0].arguments == '{"city":"Oslo"}'


def test_a_refusal_is_streamed(api, stream):
    api.script(Answer(refusal="I would rather not.", chunks=1))
    assert kinds(stream())[3:7] == [
        "content_part.added",
        "refusal.delta",
        "refusal.done",
        "content_part.done",
    ]


@pytest.mark.parametrize("status", ["completed", "incomplete", "failed"])
def test_the_last_event_tells_how_it_ended(api, stream, status):
    api.script(Answer(text="Oslo", response_status=status))
    last = stream()[-1]
    assert (last.type, last.response.status) == (f"response.{status}", status)


def test_the_stream_helper_assembles_the_response(client):
    with client.responses.stream(model="gpt-4o", input="?", text_format=Capital) as events:
        response = events.get_final_response()
    assert response.output_parsed == Capital(city="text")
    assert response.usage.input_tokens > 0


def test_an_async_stream_gives_the_same_text(run_async):
    async def task(client):
        events = await client.responses.create(model="gpt-4o", input="Hello", stream=True)
        return "".join([event.delta async for event in events if event.type.endswith("text.delta")])

    assert run_async(task) == "You said: Hello"


def test_a_stream_can_fail_with_an_error_event(api, hasty_client):
    api.script(Answer(error_after=3, error_message="It broke."))
    events = hasty_client.responses.create(model="gpt-4o", input="?", stream=True)
    seen = [next(events).type for _ in range(3)]
    with pytest.raises(openai.APIError, match="It broke"):
        next(events)
    assert seen[0] == "response.created"


def test_a_cut_stream_raises(api, hasty_client):
    api.script(Answer(cut_after=4))
    events = hasty_client.responses.create(model="gpt-4o", input="?", stream=True)
    with pytest.raises(Exception, match=r"incomplete chunked read|Connection error"):
        list(events)


def test_a_streamed_response_can_be_asked_for_again(client, stream):
    final = stream()[-1].response
    assert client.responses.retrieve(final.id).output_text == final.output_text
