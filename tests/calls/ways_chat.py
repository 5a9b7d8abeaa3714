"""Ways of calling chat completions."""

from typing import Any

from pydantic import BaseModel

from dagster_openai_otel.testing import Answer, ToolCall
from tests.calls.either import all_of, closed, got, opened
from tests.calls.ways import CHAT, MODEL, STREAM, USAGE_WANTED, Way, way

CHAT_WAYS: list[Way] = []

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
]


class Capital(BaseModel):
    """What a parsed answer holds."""

    city: str


@way(CHAT_WAYS)
async def create(client: Any) -> Any:
    return await got(client.chat.completions.create(**CHAT))


@way(CHAT_WAYS)
async def create_with_a_long_prompt(client: Any) -> Any:
    messages = [{"role": "user", "content": "Norway. " * 2000}]
    return await got(client.chat.completions.create(model=MODEL, messages=messages))


@way(CHAT_WAYS)
async def create_of_three_choices(client: Any) -> Any:
    return await got(client.chat.completions.create(**CHAT, n=3))


@way(CHAT_WAYS)
async def create_in_another_tier(client: Any) -> Any:
    return await got(client.chat.completions.create(**CHAT, service_tier="priority"))


@way(CHAT_WAYS)
async def create_with_messages_from_an_iterator(client: Any) -> Any:
    return await got(client.chat.completions.create(model=MODEL, messages=iter(CHAT["messages"])))


@way(CHAT_WAYS, Answer(tool_calls=[ToolCall(name="weather", arguments={"city": "Oslo"})]))
async def create_with_tools(client: Any) -> Any:
    return await got(client.chat.completions.create(**CHAT, tools=TOOLS))


@way(CHAT_WAYS, Answer(refusal="No."))
async def create_that_is_refused(client: Any) -> Any:
    return await got(client.chat.completions.create(**CHAT))


@way(CHAT_WAYS, Answer(omit_usage=True))
async def create_whose_answer_says_no_usage(client: Any) -> Any:
    return await got(client.chat.completions.create(**CHAT))


@way(CHAT_WAYS, Answer(gzip=True))
async def create_gzipped(client: Any) -> Any:
    return await got(client.chat.completions.create(**CHAT))


@way(CHAT_WAYS, Answer(parsed={"city": "Oslo"}))
async def parse(client: Any) -> Any:
    return await got(client.chat.completions.parse(**CHAT, response_format=Capital))


@way(CHAT_WAYS, Answer(refusal="No."))
async def parse_that_is_refused(client: Any) -> Any:
    return await got(client.chat.completions.parse(**CHAT, response_format=Capital))


@way(CHAT_WAYS, Answer(text='{"city": "Os', finish_reason="length"))
async def parse_of_an_answer_that_is_too_long(client: Any) -> Any:
    return await got(client.chat.completions.parse(**CHAT, response_format=Capital))


@way(CHAT_WAYS, Answer(text="no JSON"))
async def parse_of_an_answer_that_does_not_fit(client: Any) -> Any:
    return await got(client.chat.completions.parse(**CHAT, response_format=Capital))


@way(CHAT_WAYS)
async def stream(client: Any) -> Any:
    return await all_of(await got(client.chat.completions.create(**STREAM)))


@way(CHAT_WAYS)
async def stream_of_three_choices(client: Any) -> Any:
    return await all_of(await got(client.chat.completions.create(**STREAM, n=3)))


@way(CHAT_WAYS)
async def stream_that_is_not_asked_for_usage(client: Any) -> Any:
    return await all_of(await got(client.chat.completions.create(**CHAT, stream=True)))


@way(CHAT_WAYS)
async def stream_that_is_asked_for_no_usage(client: Any) -> Any:
    wanted = {"include_usage": False}
    return await all_of(await got(client.chat.completions.create(**CHAT, stream=True, stream_options=wanted)))


@way(CHAT_WAYS, Answer(tool_calls=[ToolCall(name="weather", arguments={"city": "Oslo"})]))
async def stream_with_tools(client: Any) -> Any:
    return await all_of(await got(client.chat.completions.create(**STREAM, tools=TOOLS)))


@way(CHAT_WAYS, Answer(repeat_usage=True, chunks=8))
async def stream_with_usage_in_each_chunk(client: Any) -> Any:
    return await all_of(await got(client.chat.completions.create(**CHAT, stream=True)))


@way(CHAT_WAYS, Answer(no_done=True))
async def stream_without_an_end_mark(client: Any) -> Any:
    return await all_of(await got(client.chat.completions.create(**STREAM)))


@way(CHAT_WAYS, Answer(gzip=True))
async def stream_gzipped(client: Any) -> Any:
    return await all_of(await got(client.chat.completions.create(**STREAM)))


@way(CHAT_WAYS)
async def stream_in_a_with_block(client: Any) -> Any:
    async with opened(await got(client.chat.completions.create(**STREAM))) as chunks:
        return await all_of(chunks)


@way(CHAT_WAYS)
async def stream_that_is_closed_after_its_end(client: Any) -> Any:
    chunks = await got(client.chat.completions.create(**STREAM))
    said = await all_of(chunks)
    await closed(chunks)
    return said


@way(CHAT_WAYS)
async def stream_helper(client: Any) -> Any:
    async with opened(client.chat.completions.stream(**CHAT, stream_options=USAGE_WANTED)) as events:
        return [await all_of(events), await got(events.get_final_completion())]


@way(CHAT_WAYS, Answer(parsed={"city": "Oslo"}))
async def stream_helper_until_done(client: Any) -> Any:
    wanted = {"response_format": Capital, "stream_options": USAGE_WANTED}
    async with opened(client.chat.completions.stream(**CHAT, **wanted)) as events:
        return await got((await got(events.until_done())).get_final_completion())


@way(CHAT_WAYS)
async def copy_of_the_client_with_other_options(client: Any) -> Any:
    other = client.with_options(max_retries=0, default_headers={"x-team": "data"})
    return await got(other.chat.completions.create(**CHAT, extra_headers={"x-job": "poem"}))


@way(CHAT_WAYS)
async def post(client: Any) -> Any:
    return await got(client.post("/chat/completions", body=CHAT, cast_to=object))


@way(CHAT_WAYS)
async def post_to_a_whole_url(client: Any) -> Any:
    url = f"{str(client.base_url).rstrip('/')}/chat/completions"
    return await got(client.post(url, body=CHAT, cast_to=dict[str, Any]))
