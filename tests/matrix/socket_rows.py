"""Connections that stay open: realtime, and Responses over a websocket."""

from collections.abc import Mapping
from typing import Any

from dagster_openai_otel.testing import Answer
from tests.calls.either import got, next_of, opened
from tests.calls.ways_others import ASK
from tests.matrix.rows import SILENT, Table
from tests.matrix.sockets import SPEAKING, TRANSLATING, FakeSockets

SOCKET_ROWS = Table()


def _without_encryption(api: FakeSockets, _kind: str) -> Mapping[str, Any]:
    return {"websocket_base_url": api.base_url.replace("http", "ws", 1)}


_REALTIME: Mapping[str, Any] = {
    "stand_in": FakeSockets,
    "options": _without_encryption,
    "needs": "realtime.connect",
}


async def _events_until(connection: Any, kind: str) -> list[Any]:
    events = [await got(connection.recv())]
    while events[-1].type != kind:
        events.append(await got(connection.recv()))
    return events


async def _spoken(connections: Any) -> Any:
    async with opened(connections) as connection:
        await got(connection.input_audio_buffer.commit())
        heard = await _events_until(connection, "conversation.item.input_audio_transcription.completed")
        await got(connection.response.create())
        said = await _events_until(connection, "response.done")
        await got(connection.response.create())
        return [*heard, *said, *await _events_until(connection, "response.done")]


async def _responded(connections: Any, last: str = "response.completed") -> Any:
    async with opened(connections) as connection:
        await got(connection.response.create(**ASK))
        first = await _events_until(connection, last)
        await got(connection.send({"type": "response.create", **ASK}))
        return [*first, *await _events_until(connection, "response.completed")]


SOCKET_ROWS.add(
    "realtime.connect",
    lambda client: _spoken(client.realtime.connect(model=SPEAKING)),
    **_REALTIME,
)
SOCKET_ROWS.add(
    "beta.realtime.connect",
    lambda client: _spoken(client.beta.realtime.connect(model=SPEAKING)),
    options=_without_encryption,
    stand_in=FakeSockets,
    needs="beta.realtime.connect",
)
SOCKET_ROWS.add(
    "responses.connect",
    lambda client: _responded(client.responses.connect()),
    stand_in=FakeSockets,
    needs="responses.connect",
)
SOCKET_ROWS.add(
    "responses.connect status=incomplete(length)",
    lambda client: _responded(client.responses.connect(), "response.incomplete"),
    Answer(finish_reason="length"),
    stand_in=FakeSockets,
    needs="responses.connect",
)
SOCKET_ROWS.add(
    "beta.responses.connect",
    lambda client: _responded(client.beta.responses.connect()),
    stand_in=FakeSockets,
    needs="beta.responses.connect",
)


@SOCKET_ROWS.row("realtime.connect iterated", **_REALTIME)
async def _iterated(client: Any) -> Any:
    async with opened(client.realtime.connect(model=SPEAKING)) as connection:
        await got(connection.response.create())
        events = aiter(connection) if hasattr(connection, "__aiter__") else iter(connection)
        return [await next_of(events) for _ in range(4)]


@SOCKET_ROWS.row("realtime.connect recv_bytes", **_REALTIME)
async def _received_as_bytes(client: Any) -> Any:
    async with opened(client.realtime.connect(model=SPEAKING)) as connection:
        await got(connection.response.create())
        return [await got(connection.recv_bytes()) for _ in range(4)]


@SOCKET_ROWS.row("realtime.connect left before the end of a response", SILENT, **_REALTIME)
async def _left(client: Any) -> Any:
    async with opened(client.realtime.connect(model=SPEAKING)) as connection:
        await got(connection.response.create())
        return await _events_until(connection, "response.created")


@SOCKET_ROWS.row("live.connect", stand_in=FakeSockets, needs="live.connect")
async def _live(client: Any) -> Any:
    async with opened(client.live.connect()) as connection:
        await got(connection.send({"type": "session.start", "session": {"model": "gpt-live-1"}}))
        await _events_until(connection, "session.usage.updated")
        await got(connection.send({"type": "session.close"}))
        return await _events_until(connection, "session.closed")


@SOCKET_ROWS.row("live.connect left", SILENT, stand_in=FakeSockets, needs="live.connect")
async def _left_live(client: Any) -> Any:
    async with opened(client.live.connect()) as connection:
        await got(connection.send({"type": "session.start", "session": {"model": "gpt-live-1"}}))
        return await _events_until(connection, "session.usage.updated")


@SOCKET_ROWS.row("realtime.translations.connect", stand_in=FakeSockets, needs="realtime.translations.connect")
async def _translated(client: Any) -> Any:
    async with opened(client.realtime.translations.connect(model=TRANSLATING)) as connection:
        await got(connection.send({"type": "session.close"}))
        return await _events_until(connection, "session.closed")
