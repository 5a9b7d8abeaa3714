"""Ways of reading an answer oneself: raw responses, and responses that are streamed."""

from typing import Any

from dagster_openai_otel.testing import Answer
from tests.calls.either import all_of, closed, got, next_of, opened
from tests.calls.ways import CHAT, STREAM, Way, way

RAW_WAYS: list[Way] = []


def seen(response: Any) -> list[Any]:
    """What stands outside of a response's body."""
    return [response.status_code, dict(response.headers), response.request_id, response.retries_taken]


@way(RAW_WAYS)
async def raw(client: Any) -> Any:
    response = await got(client.chat.completions.with_raw_response.create(**CHAT))
    return [*seen(response), response.content, response.http_response.json(), response.parse()]


@way(RAW_WAYS)
async def raw_that_is_not_parsed(client: Any) -> Any:
    return seen(await got(client.chat.completions.with_raw_response.create(**CHAT)))


@way(RAW_WAYS, Answer(status=429, retry_after=0.001), Answer())
async def raw_that_is_tried_again(client: Any) -> Any:
    return seen(await got(client.chat.completions.with_raw_response.create(**CHAT)))


@way(RAW_WAYS)
async def raw_stream(client: Any) -> Any:
    response = await got(client.chat.completions.with_raw_response.create(**STREAM))
    return [*seen(response), await all_of(response.parse())]


@way(RAW_WAYS)
async def raw_stream_that_is_timed(client: Any) -> Any:
    response = await got(client.chat.completions.with_raw_response.create(**STREAM))
    await all_of(response.parse())
    return [response.elapsed.total_seconds() > 0, response.http_response.num_bytes_downloaded]


@way(RAW_WAYS)
async def raw_stream_that_is_read_as_lines(client: Any) -> Any:
    response = await got(client.chat.completions.with_raw_response.create(**STREAM))
    inner = response.http_response
    return await all_of(inner.aiter_lines() if hasattr(client, "__aenter__") else inner.iter_lines())


@way(RAW_WAYS)
async def streamed_and_parsed(client: Any) -> Any:
    async with opened(client.chat.completions.with_streaming_response.create(**CHAT)) as response:
        return [*seen(response), await got(response.parse()), response.elapsed.total_seconds() > 0]


@way(RAW_WAYS)
async def streamed_and_read_as_json(client: Any) -> Any:
    async with opened(client.chat.completions.with_streaming_response.create(**CHAT)) as response:
        return await got(response.json())


@way(RAW_WAYS)
async def streamed_and_read_as_text(client: Any) -> Any:
    async with opened(client.chat.completions.with_streaming_response.create(**CHAT)) as response:
        return await got(response.text())


@way(RAW_WAYS)
async def streamed_and_read(client: Any) -> Any:
    async with opened(client.chat.completions.with_streaming_response.create(**CHAT)) as response:
        return [await got(response.read()), response.is_closed]


@way(RAW_WAYS)
async def streamed_and_read_by_lines(client: Any) -> Any:
    async with opened(client.chat.completions.with_streaming_response.create(**CHAT)) as response:
        return await all_of(response.iter_lines())


@way(RAW_WAYS, Answer(gzip=True))
async def streamed_and_read_by_bytes(client: Any) -> Any:
    async with opened(client.chat.completions.with_streaming_response.create(**CHAT)) as response:
        return b"".join(await all_of(response.iter_bytes(chunk_size=7)))


@way(RAW_WAYS, Answer(gzip=True))
async def streamed_and_read_as_it_came(client: Any) -> Any:
    async with opened(client.chat.completions.with_streaming_response.create(**CHAT)) as response:
        inner = response.http_response
        return b"".join(
            await all_of(inner.aiter_raw() if hasattr(client, "__aenter__") else inner.iter_raw())
        )


@way(RAW_WAYS)
async def streamed_stream_that_is_parsed(client: Any) -> Any:
    async with opened(client.chat.completions.with_streaming_response.create(**STREAM)) as response:
        return await all_of(await got(response.parse()))


@way(RAW_WAYS)
async def streamed_stream_that_is_read_by_lines(client: Any) -> Any:
    async with opened(client.chat.completions.with_streaming_response.create(**STREAM)) as response:
        return await all_of(response.iter_lines())


@way(RAW_WAYS, Answer(gzip=True))
async def streamed_stream_that_is_read_by_bytes(client: Any) -> Any:
    async with opened(client.chat.completions.with_streaming_response.create(**STREAM)) as response:
        return b"".join(await all_of(response.iter_bytes()))


@way(RAW_WAYS, Answer(chunk_delay=0.1))
async def streamed_stream_that_is_not_read(client: Any) -> Any:
    async with opened(client.chat.completions.with_streaming_response.create(**STREAM)) as response:
        return seen(response)


@way(RAW_WAYS)
async def streamed_twice(client: Any) -> Any:
    async with opened(client.chat.completions.with_streaming_response.create(**CHAT)) as response:
        await all_of(response.iter_bytes())
        return await got(response.read())


@way(RAW_WAYS, Answer(chunk_delay=0.1))
async def raw_stream_that_is_closed_at_once(client: Any) -> Any:
    response = await got(client.chat.completions.with_raw_response.create(**STREAM))
    chunks = response.parse()
    first = await next_of(chunks)
    await closed(chunks)
    return [first, response.is_closed]
