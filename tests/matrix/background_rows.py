"""Responses in the background: polled, streamed, cancelled, forgotten."""

from typing import Any

from dagster_openai_otel.scope import StepScope, entered
from dagster_openai_otel.testing import Answer
from tests.calls.either import got, next_of, opened
from tests.calls.ways_others import ASK
from tests.matrix.rows import SILENT, Table, read

BACKGROUND_ROWS = Table()


async def _begun(client: Any, **more: Any) -> Any:
    return await got(client.responses.create(**ASK, background=True, **more))


async def _polled(client: Any, response: Any, times: int) -> list[Any]:
    return [await got(client.responses.retrieve(response.id)) for _ in range(times)]


@BACKGROUND_ROWS.row("responses background poll: create+3 retrieve", Answer(polls=3))
async def _poll(client: Any) -> Any:
    return await _polled(client, await _begun(client), 3)


@BACKGROUND_ROWS.row("responses background poll + 2 more retrieves of completed")
async def _poll_on(client: Any) -> Any:
    return await _polled(client, await _begun(client), 4)


@BACKGROUND_ROWS.row("responses background poll incomplete", Answer(finish_reason="length"))
async def _poll_incomplete(client: Any) -> Any:
    return await _polled(client, await _begun(client), 2)


@BACKGROUND_ROWS.row("responses background poll failed", Answer(response_status="failed"))
async def _poll_failed(client: Any) -> Any:
    return await _polled(client, await _begun(client), 3)


@BACKGROUND_ROWS.row("responses background x3 polled in turn")
async def _poll_three(client: Any) -> Any:
    begun = [await _begun(client) for _ in range(3)]
    return [await _polled(client, response, 1) for _ in range(2) for response in begun]


@BACKGROUND_ROWS.row("responses background poll raw_response")
async def _poll_raw(client: Any) -> Any:
    raw = client.responses.with_raw_response
    begun = (await got(raw.create(**ASK, background=True))).parse()
    return [(await got(raw.retrieve(begun.id))).content for _ in range(3)]


@BACKGROUND_ROWS.row("responses background then cancel")
async def _cancel(client: Any) -> Any:
    begun = await _begun(client)
    cancelled = await got(client.responses.cancel(begun.id))
    return [cancelled, *await _polled(client, begun, 2)]


@BACKGROUND_ROWS.row("responses background poll, then cancel")
async def _poll_and_cancel(client: Any) -> Any:
    begun = await _begun(client)
    await _polled(client, begun, 1)
    return await got(client.responses.cancel(begun.id))


@BACKGROUND_ROWS.row("responses background never polled", open_calls=1)
async def _never_polled(client: Any) -> Any:
    return await _begun(client)


@BACKGROUND_ROWS.row("responses background polled in another step")
async def _another_step(client: Any) -> Any:
    begun = await _begun(client)
    with entered(StepScope(run_id="", step_key="another")):
        return await _polled(client, begun, 3)


@BACKGROUND_ROWS.row("responses background polled after parent ended")
async def _after_its_step(client: Any) -> Any:
    first = StepScope(run_id="", step_key="first")
    with entered(first):
        begun = await _begun(client)
    first.ended.set()
    return await _polled(client, begun, 3)


@BACKGROUND_ROWS.row("responses background stream full")
async def _stream(client: Any) -> Any:
    return await read(_begun(client, stream=True))


@BACKGROUND_ROWS.row("responses background stream break", SILENT, open_calls=1)
async def _stream_left(client: Any) -> Any:
    async with opened(await _begun(client, stream=True)) as events:
        return await next_of(events)


@BACKGROUND_ROWS.row("responses background stream break, then retrieve stream=True (resume)", SILENT)
async def _stream_resumed(client: Any) -> Any:
    async with opened(await _begun(client, stream=True)) as events:
        first = await next_of(events)
    return await read(client.responses.retrieve(first.response.id, stream=True, starting_after=0))


@BACKGROUND_ROWS.row("responses background retrieve stream=True")
async def _created_then_streamed(client: Any) -> Any:
    begun = await _begun(client)
    return await read(client.responses.retrieve(begun.id, stream=True))
