"""Ways of calling the other endpoints: Responses, embeddings, completions, models."""

from typing import Any

from dagster_openai_otel.testing import Answer, ToolCall
from tests.calls.either import all_of, got, opened
from tests.calls.ways import MODEL, USAGE_WANTED, Way, way
from tests.calls.ways_chat import Capital

OTHER_WAYS: list[Way] = []

ASK: dict[str, Any] = {"model": MODEL, "input": "Name the capital of Norway, please."}
COMPLETE: dict[str, Any] = {"model": "gpt-3.5-turbo-instruct", "prompt": ["One.", "Two."]}
EMBED: dict[str, Any] = {"model": "text-embedding-3-small", "input": ["Oslo", "Bergen"]}
TOOL = {
    "type": "function",
    "name": "weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    "strict": False,
}


@way(OTHER_WAYS)
async def respond(client: Any) -> Any:
    return await got(client.responses.create(**ASK))


@way(OTHER_WAYS, Answer(tool_calls=[ToolCall(name="weather", arguments={"city": "Oslo"})]))
async def respond_with_tools(client: Any) -> Any:
    return await got(client.responses.create(**ASK, tools=[TOOL], instructions="Be brief."))


@way(OTHER_WAYS, Answer(finish_reason="length"))
async def respond_with_an_answer_that_is_too_long(client: Any) -> Any:
    return await got(client.responses.create(**ASK))


@way(OTHER_WAYS, Answer(parsed={"city": "Oslo"}))
async def respond_and_parse(client: Any) -> Any:
    return await got(client.responses.parse(**ASK, text_format=Capital))


@way(OTHER_WAYS)
async def respond_raw(client: Any) -> Any:
    response = await got(client.responses.with_raw_response.create(**ASK))
    return [response.content, response.parse()]


@way(OTHER_WAYS)
async def respond_streamed_and_parsed(client: Any) -> Any:
    async with opened(client.responses.with_streaming_response.create(**ASK)) as response:
        return await got(response.parse())


@way(OTHER_WAYS)
async def respond_in_a_stream(client: Any) -> Any:
    return await all_of(await got(client.responses.create(**ASK, stream=True)))


@way(OTHER_WAYS, Answer(finish_reason="length"))
async def respond_in_a_stream_that_is_too_long(client: Any) -> Any:
    return await all_of(await got(client.responses.create(**ASK, stream=True)))


@way(OTHER_WAYS, Answer(gzip=True))
async def respond_in_a_gzipped_stream(client: Any) -> Any:
    return await all_of(await got(client.responses.create(**ASK, stream=True)))


@way(OTHER_WAYS)
async def respond_in_a_raw_stream(client: Any) -> Any:
    response = await got(client.responses.with_raw_response.create(**ASK, stream=True))
    return await all_of(response.parse())


@way(OTHER_WAYS)
async def respond_in_a_stream_that_is_read_by_lines(client: Any) -> Any:
    async with opened(client.responses.with_streaming_response.create(**ASK, stream=True)) as response:
        return await all_of(response.iter_lines())


@way(OTHER_WAYS)
async def respond_stream_helper(client: Any) -> Any:
    async with opened(client.responses.stream(**ASK)) as events:
        return [await all_of(events), await got(events.get_final_response())]


@way(OTHER_WAYS, Answer(parsed={"city": "Oslo"}))
async def respond_stream_helper_until_done(client: Any) -> Any:
    async with opened(client.responses.stream(**ASK, text_format=Capital)) as events:
        return await got((await got(events.until_done())).get_final_response())


@way(OTHER_WAYS)
async def respond_and_look_again(client: Any) -> Any:
    response = await got(client.responses.create(**ASK))
    return await got(client.responses.retrieve(response.id))


@way(OTHER_WAYS)
async def embed(client: Any) -> Any:
    return await got(client.embeddings.create(**EMBED))


@way(OTHER_WAYS)
async def embed_as_floats(client: Any) -> Any:
    return await got(client.embeddings.create(**EMBED, encoding_format="float", dimensions=4))


@way(OTHER_WAYS)
async def embed_raw(client: Any) -> Any:
    return (await got(client.embeddings.with_raw_response.create(**EMBED))).content


@way(OTHER_WAYS)
async def embed_streamed_and_parsed(client: Any) -> Any:
    async with opened(client.embeddings.with_streaming_response.create(**EMBED)) as response:
        return await got(response.parse())


@way(OTHER_WAYS)
async def embed_by_post(client: Any) -> Any:
    return await got(client.post("/embeddings", body=EMBED, cast_to=object))


@way(OTHER_WAYS)
async def complete(client: Any) -> Any:
    return await got(client.completions.create(**COMPLETE, n=2))


@way(OTHER_WAYS)
async def complete_in_a_stream(client: Any) -> Any:
    return await all_of(await got(client.completions.create(**COMPLETE, stream=True)))


@way(OTHER_WAYS)
async def complete_in_a_stream_with_usage(client: Any) -> Any:
    wanted = {"stream": True, "stream_options": USAGE_WANTED}
    return await all_of(await got(client.completions.create(**COMPLETE, **wanted)))


@way(OTHER_WAYS)
async def complete_in_a_with_block(client: Any) -> Any:
    async with opened(await got(client.completions.create(**COMPLETE, stream=True))) as chunks:
        return [chunks.response.status_code, await all_of(chunks)]


@way(OTHER_WAYS)
async def list_models(client: Any) -> Any:
    return [model.id for model in await all_of(client.models.list())]


@way(OTHER_WAYS)
async def retrieve_a_model(client: Any) -> Any:
    return await got(client.models.retrieve("gpt-5-mini"))


@way(OTHER_WAYS)
async def count_input_tokens(client: Any) -> Any:
    return await got(client.post("/responses/input_tokens", body=ASK, cast_to=object))
