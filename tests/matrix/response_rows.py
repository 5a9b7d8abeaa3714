"""Responses, but for those in the background."""

import contextlib
from typing import Any

import openai

from dagster_openai_otel.testing import Answer
from tests.calls import ways_others
from tests.calls.either import all_of, closed, got, next_of, opened
from tests.calls.ways import MODEL
from tests.calls.ways_others import ASK
from tests.matrix.failure_rows import BILLED, BROKEN, HTML, no_retries
from tests.matrix.rows import KEPT, SILENT, Table, read

RESPONSE_ROWS = Table()

_RESPONSE = b'{"id": "resp_1", "object": "response", "model": "gpt-5-mini", "output": [%s], "usage": %s}'
_WIRE = b'{"input_tokens": 100, "output_tokens": 20, "total_tokens": 120}'


def _create(client: Any, **more: Any) -> Any:
    return client.responses.create(**{**ASK, **more})


def _stream(client: Any) -> Any:
    return _create(client, stream=True)


RESPONSE_ROWS.add("responses.create", _create)
RESPONSE_ROWS.add_way("responses.create instructions+tools", ways_others.respond_with_tools)
RESPONSE_ROWS.add("responses.create status=incomplete(length)", _create, Answer(finish_reason="length"))
RESPONSE_ROWS.add("responses.create status=failed", _create, Answer(response_status="failed"))
RESPONSE_ROWS.add(
    "responses.create status=failed with usage", _create, Answer(response_status="failed", usage=BILLED)
)
RESPONSE_ROWS.add(
    "responses.create no status field",
    _create,
    Answer(raw=("application/json", _RESPONSE % (b"", _WIRE)), usage=BILLED, model=MODEL),
)
RESPONSE_ROWS.add("responses.create usage missing", _create, Answer(omit_usage=True))
RESPONSE_ROWS.add("responses.create reasoning=None", lambda client: _create(client, reasoning=None))
RESPONSE_ROWS.add(
    "responses.create input=generator (which the SDK does not take)",
    lambda client: _create(client, input=iter([{"role": "user", "content": "Oslo?"}])),
    raises="TypeError",
)
RESPONSE_ROWS.add(
    "responses.create long prompt, cached and written",
    lambda client: _create(client, model="gpt-5.6", input="Oslo. " * 2000),
)
RESPONSE_ROWS.add_way("responses.parse", ways_others.respond_and_parse)
RESPONSE_ROWS.add_way("responses.raw_response.create", ways_others.respond_raw)
RESPONSE_ROWS.add_way("responses.raw_response.create stream", ways_others.respond_in_a_raw_stream)
RESPONSE_ROWS.add_way("responses.streaming_response.create parse", ways_others.respond_streamed_and_parsed)
RESPONSE_ROWS.add_way(
    "responses.streaming_response.create stream iter_lines",
    ways_others.respond_in_a_stream_that_is_read_by_lines,
)
RESPONSE_ROWS.add("responses.stream=True full", lambda client: read(_stream(client)))
RESPONSE_ROWS.add("responses.stream=True gzip", lambda client: read(_stream(client)), Answer(gzip=True))
RESPONSE_ROWS.add(
    "responses.stream=True length", lambda client: read(_stream(client)), Answer(finish_reason="length")
)
RESPONSE_ROWS.add(
    "responses.stream=True failed", lambda client: read(_stream(client)), Answer(response_status="failed")
)
RESPONSE_ROWS.add_way("responses.stream() helper full", ways_others.respond_stream_helper)
RESPONSE_ROWS.add_way(
    "responses.stream() helper until_done only", ways_others.respond_stream_helper_until_done
)
RESPONSE_ROWS.add_way("responses.create then retrieve (foreground)", ways_others.respond_and_look_again)
for _name, _raises, _answer in (
    ("s401", "AuthenticationError", Answer(status=401)),
    ("badjson", "JSONDecodeError", Answer(malformed=True, usage=BILLED)),
    ("html", "", Answer(raw=HTML, usage=BILLED)),
):
    RESPONSE_ROWS.add(f"responses.create err {_name}", _create, _answer, options=no_retries, raises=_raises)
RESPONSE_ROWS.add(
    "responses.create err s429x2 then ok",
    _create,
    *[Answer(status=429, retry_after=0.001)] * 2,
    Answer(),
)
for _name, _raises, _answer in (
    ("resetmid", BROKEN, Answer(cut_after=3, reset=True)),
    ("errmid", "APIError", Answer(error_after=3)),
):
    RESPONSE_ROWS.add(
        f"responses.stream=True err {_name}",
        lambda client: read(_stream(client)),
        _answer,
        options=no_retries,
        raises=_raises,
    )


@RESPONSE_ROWS.row("responses.streaming_response.create iter_lines")
async def _read_by_lines(client: Any) -> Any:
    async with opened(client.responses.with_streaming_response.create(**ASK)) as response:
        return await all_of(response.iter_lines())


@RESPONSE_ROWS.row(
    "responses.create x2 same id",
    *[Answer(raw=("application/json", _RESPONSE % (b"", _WIRE)), usage=BILLED, model=MODEL)] * 2,
)
async def _same_id(client: Any) -> Any:
    return [await got(_create(client)), await got(_create(client))]


@RESPONSE_ROWS.row("responses.stream=True break at completed")
async def _left_at_completed(client: Any) -> Any:
    stream = await got(_stream(client))
    event = await next_of(stream)
    while event.type != "response.completed":
        event = await next_of(stream)
    return event


@RESPONSE_ROWS.row("responses.stream=True break early dropped", SILENT)
async def _dropped(client: Any) -> Any:
    return await next_of(await got(_stream(client)))


@RESPONSE_ROWS.row("responses.stream=True never iterated kept", SILENT)
async def _kept(client: Any) -> Any:
    KEPT.append(await got(_stream(client)))


@RESPONSE_ROWS.row("responses.stream=True with: break", SILENT)
async def _left_with(client: Any) -> Any:
    async with opened(await got(_stream(client))) as events:
        return await next_of(events)


@RESPONSE_ROWS.row("responses.stream=True closed early", SILENT)
async def _closed(client: Any) -> Any:
    stream = await got(_stream(client))
    await closed(stream)
    return stream.response.is_closed


@RESPONSE_ROWS.row("responses.stream() helper break", SILENT)
async def _helper_left(client: Any) -> Any:
    async with opened(client.responses.stream(**ASK)) as events:
        return await next_of(events)


@RESPONSE_ROWS.row("responses.retrieve of a foreign id x3", raises="NotFoundError")
async def _foreign(client: Any) -> Any:
    for _ in range(2):
        with contextlib.suppress(openai.NotFoundError):
            await got(client.responses.retrieve("resp_foreign"))
    return await got(client.responses.retrieve("resp_foreign"))


@RESPONSE_ROWS.row("responses.retrieve stream=True (resume)")
async def _resumed(client: Any) -> Any:
    response = await got(_create(client))
    return await read(client.responses.retrieve(response.id, stream=True, starting_after=3))


@RESPONSE_ROWS.row("responses.stream=True left, then retrieve stream=True (resume)", SILENT, Answer())
async def _left_and_resumed(client: Any) -> Any:
    stream = await got(_stream(client))
    first = await next_of(stream)
    await closed(stream)
    return await read(client.responses.retrieve(first.response.id, stream=True, starting_after=0))


@RESPONSE_ROWS.row("responses.delete")
async def _deleted(client: Any) -> Any:
    response = await got(_create(client))
    return await got(client.responses.delete(response.id))


@RESPONSE_ROWS.row("responses.compact", needs="responses.compact")
async def _compacted(client: Any) -> Any:
    return await got(client.responses.compact(**ASK))


@RESPONSE_ROWS.row("responses.input_tokens.count", needs="responses.input_tokens")
async def _counted(client: Any) -> Any:
    return await got(client.responses.input_tokens.count(**ASK))


@RESPONSE_ROWS.row("responses.input_tokens raw response", needs="responses.input_tokens")
async def _counted_raw(client: Any) -> Any:
    return (await got(client.responses.input_tokens.with_raw_response.count(**ASK))).content


@RESPONSE_ROWS.row("beta.responses.create", needs="beta.responses")
async def _beta(client: Any) -> Any:
    return await got(client.beta.responses.create(**ASK))


@RESPONSE_ROWS.row("beta.responses.create stream", needs="beta.responses")
async def _beta_stream(client: Any) -> Any:
    return await read(client.beta.responses.create(**ASK, stream=True))


@RESPONSE_ROWS.row("beta.responses.compact", needs="beta.responses")
async def _beta_compacted(client: Any) -> Any:
    return await got(client.beta.responses.compact(**ASK))


@RESPONSE_ROWS.row("beta.responses background poll", needs="beta.responses")
async def _beta_background(client: Any) -> Any:
    begun = await got(client.beta.responses.create(**ASK, background=True))
    return [await got(client.beta.responses.retrieve(begun.id)) for _ in range(3)]
