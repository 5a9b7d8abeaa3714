"""Streamed chat completions: read to the end, left, kept, handed on."""

import asyncio
import gc
import threading
from dataclasses import replace
from typing import Any

from opentelemetry import trace

from dagster_openai_otel.testing import Answer
from tests.calls import ways_chat
from tests.calls.either import all_of, closed, got, next_of, opened
from tests.calls.ways import CHAT, STREAM
from tests.matrix.rows import ASYNC, KEPT, SILENT, SYNC, Table, read

STREAM_ROWS = Table()

_SLOW = Answer(chunk_delay=0.02, chunks=1)


def _create(client: Any, **more: Any) -> Any:
    return client.chat.completions.create(**{**STREAM, **more})


def _plain(client: Any) -> Any:
    return client.chat.completions.create(**CHAT, stream=True)


STREAM_ROWS.add("chat.stream usage full", lambda client: read(_create(client)))
STREAM_ROWS.add("chat.stream no include_usage full", lambda client: read(_plain(client)))
STREAM_ROWS.add_way("chat.stream include_usage=False full", ways_chat.stream_that_is_asked_for_no_usage)
STREAM_ROWS.add_way("chat.stream tools usage full", ways_chat.stream_with_tools)
STREAM_ROWS.add("chat.stream n=2 usage full", lambda client: read(_create(client, n=2)))
STREAM_ROWS.add_way("chat.stream usage in each chunk", ways_chat.stream_with_usage_in_each_chunk)
STREAM_ROWS.add_way("chat.stream usage gzip", ways_chat.stream_gzipped)
STREAM_ROWS.add_way("chat.stream usage without [DONE]", ways_chat.stream_without_an_end_mark)
STREAM_ROWS.add_way("chat.stream with: full", ways_chat.stream_in_a_with_block)
STREAM_ROWS.add_way("chat.stream() helper usage full", ways_chat.stream_helper)
STREAM_ROWS.add_way("chat.stream() helper until_done parsed", ways_chat.stream_helper_until_done)
STREAM_ROWS.add(
    "chat.stream store + retrieve", lambda client: _read_and_look(client, _create(client, store=True))
)


async def _read_and_look(client: Any, stream: Any) -> Any:
    chunks = await read(stream)
    return [chunks, await got(client.chat.completions.retrieve(chunks[0].id))]


@STREAM_ROWS.row("chat.stream break, dropped", SILENT)
async def _dropped(client: Any) -> Any:
    return await next_of(await got(_create(client)))


@STREAM_ROWS.row("chat.stream break, kept", SILENT)
async def _kept(client: Any) -> Any:
    stream = await got(_create(client))
    KEPT.append(stream)
    return await next_of(stream)


@STREAM_ROWS.row("chat.stream break after last content (usage chunk unread)", _SLOW)
async def _usage_unread(client: Any) -> Any:
    chunks: list[Any] = []
    stream = await got(_create(client))
    while not (chunks and chunks[-1].choices[0].finish_reason):
        chunks.append(await next_of(stream))  # of either kind
    return chunks


@STREAM_ROWS.row("chat.stream break at the usage chunk")
async def _left_at_usage(client: Any) -> Any:
    stream = await got(_create(client))
    chunk = await next_of(stream)
    while chunk.usage is None:
        chunk = await next_of(stream)
    return chunk


@STREAM_ROWS.row("chat.stream never iterated, dropped", SILENT)
async def _never_iterated(client: Any) -> Any:
    return (await got(_create(client))).response.status_code


@STREAM_ROWS.row("chat.stream never iterated, kept", SILENT)
async def _never_iterated_kept(client: Any) -> Any:
    KEPT.append(await got(_create(client)))


@STREAM_ROWS.row("chat.stream closed early", SILENT)
async def _closed(client: Any) -> Any:
    stream = await got(_create(client))
    first = await next_of(stream)
    await closed(stream)
    return first


@STREAM_ROWS.row("chat.stream with: break", SILENT)
async def _left_with(client: Any) -> Any:
    async with opened(await got(_create(client))) as chunks:
        return await next_of(chunks)


@STREAM_ROWS.row("chat.stream user exception in loop", SILENT, raises="LookupError")
async def _raising(client: Any) -> Any:
    async with opened(await got(_create(client))) as chunks:
        await next_of(chunks)
        message = "of the user"
        raise LookupError(message)


@STREAM_ROWS.row("chat.stream iterated in other thread", kinds=SYNC)
def _other_thread(client: Any) -> Any:
    stream, chunks = _create(client), []
    thread = threading.Thread(target=lambda: chunks.extend(stream))
    thread.start()
    thread.join()
    return chunks


@STREAM_ROWS.row("chat.stream dropped in other thread", SILENT, kinds=SYNC)
def _dropped_elsewhere(client: Any) -> Any:
    streams = [_create(client)]

    def drop() -> None:
        next(streams[0])
        streams.clear()
        gc.collect()

    thread = threading.Thread(target=drop)
    thread.start()
    thread.join()


@STREAM_ROWS.row("chat.stream iterated in other task", kinds=ASYNC)
async def _other_task(client: Any) -> Any:
    return await asyncio.create_task(all_of(await _create(client)))


@STREAM_ROWS.row("chat.stream iterated after parent ended")
async def _after_parent(client: Any) -> Any:
    with trace.get_tracer("matrix").start_as_current_span("parent"):
        stream = await got(_create(client))
    return await all_of(stream)


@STREAM_ROWS.row("chat.stream current span while iterating")
async def _current_span(client: Any) -> Any:
    stream = await got(_create(client))
    await next_of(stream)
    during = trace.get_current_span().get_span_context().span_id
    return [during, await all_of(stream)]


@STREAM_ROWS.row("chat.stream text_stream .response attr", SILENT)
async def _response_attribute(client: Any) -> Any:
    stream = await got(_create(client))
    seen = [stream.response.status_code, dict(stream.response.headers)]
    await closed(stream)
    return seen


@STREAM_ROWS.row("chat.stream() helper no usage")
async def _helper_without_usage(client: Any) -> Any:
    async with opened(client.chat.completions.stream(**CHAT)) as events:
        return [await all_of(events), await got(events.get_final_completion())]


@STREAM_ROWS.row("chat.stream() helper break", SILENT)
async def _helper_left(client: Any) -> Any:
    async with opened(client.chat.completions.stream(**CHAT)) as events:
        return await next_of(events)


@STREAM_ROWS.row(
    "chat.stream() helper finish=length",
    replace(_SLOW, text='{"city": "Os', finish_reason="length"),
    raises="LengthFinishReasonError",
)
async def _helper_too_long(client: Any) -> Any:
    wanted = {"response_format": ways_chat.Capital, "stream_options": {"include_usage": True}}
    async with opened(client.chat.completions.stream(**CHAT, **wanted)) as events:
        return await all_of(events)


@STREAM_ROWS.row("beta.chat.completions.stream() usage full", needs="beta.chat.completions.stream")
async def _beta_helper(client: Any) -> Any:
    wanted = {"include_usage": True}
    async with opened(client.beta.chat.completions.stream(**CHAT, stream_options=wanted)) as events:
        return await all_of(events)


@STREAM_ROWS.row("chat.stream() helper never entered")
def _helper_not_entered(client: Any) -> Any:
    manager = client.chat.completions.stream(**CHAT)
    request = getattr(manager, "_AsyncChatCompletionStreamManager__api_request", None)
    if request is not None:
        # else Python warns, as it does with the bare SDK
        request.close()
    return type(manager).__name__
