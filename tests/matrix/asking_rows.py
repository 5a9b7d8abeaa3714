"""Streams whose usage the library asks for: the user gets what the bare SDK gives, and it is booked."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import openai

from dagster_openai_otel.testing import Answer, FakeOpenAI, Request
from tests.calls.clients import KINDS, http, trusted
from tests.calls.either import got, next_of, opened
from tests.calls.ways import CHAT, Outcome
from tests.calls.ways_others import COMPLETE
from tests.matrix.rows import AZURE, SILENT, Table, read

ASKING_ROWS = Table()


def _stream(client: Any, **more: Any) -> Any:
    return client.chat.completions.create(**CHAT, stream=True, **more)


def _asking(request: Any) -> Any:
    """A request of the bare SDK, with what the library adds."""
    method, path, query, headers, body = request
    asked = json.loads(body)
    assert _dumped(asked) == body
    asked["stream_options"] = {**asked.get("stream_options", {}), "include_usage": True}
    added = {"content-length": str(len(_dumped(asked)))}
    return (method, path, query, {**headers, **added}, _dumped(asked))


def _dumped(body: Any) -> bytes:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def _each_asks(bare: Outcome) -> Sequence[Any]:
    return [_asking(request) for request in bare.requests]


def _first_asks_too(bare: Outcome) -> Sequence[Any]:
    """A server that refuses is asked once, and sees then what it would have seen."""
    return [_asking(bare.requests[0]), *bare.requests]


def _refusing() -> FakeOpenAI:
    def answer(request: Request) -> Answer | None:
        if "stream_options" in (request.json or {}):
            return Answer(status=400, error_message="Unrecognized request argument: stream_options")
        return None

    return FakeOpenAI(answer=answer)


for _kinds, _prefix, _mode in ((AZURE, "azure ", "auto"), (KINDS, "", "always")):
    ASKING_ROWS.add(
        f"{_prefix}chat.stream asked for usage ({_mode})",
        lambda client: read(_stream(client)),
        kinds=_kinds,
        stream_usage=_mode,
        sends=_each_asks,
    )
    ASKING_ROWS.add(
        f"{_prefix}chat.stream asked for usage n=2, with other options ({_mode})",
        lambda client: read(_stream(client, n=2, stream_options={"include_obfuscation": False})),
        kinds=_kinds,
        stream_usage=_mode,
        sends=_each_asks,
    )
    ASKING_ROWS.add(
        f"{_prefix}completions stream asked for usage ({_mode})",
        lambda client: read(client.completions.create(**COMPLETE, stream=True)),
        kinds=_kinds,
        stream_usage=_mode,
        sends=_each_asks,
    )


@ASKING_ROWS.row(
    "chat.stream asked for usage, refused", stand_in=_refusing, stream_usage="always", sends=_first_asks_too
)
async def _refused(client: Any) -> Any:
    return await _read_twice(client)


@ASKING_ROWS.row(
    "azure chat.stream asked for usage, refused",
    stand_in=_refusing,
    stream_usage="auto",
    sends=_first_asks_too,
    kinds=AZURE,
)
async def _refused_by_azure(client: Any) -> Any:
    return await _read_twice(client)


async def _read_twice(client: Any) -> Any:
    """Without the ids, which count the requests."""
    chunks = [*await read(_stream(client)), *await read(_stream(client))]
    return [chunk.model_dump(exclude={"id"}, exclude_unset=True) for chunk in chunks]


@ASKING_ROWS.row("chat.stream asked for usage, break", SILENT, stream_usage="always", sends=_each_asks)
async def _left(client: Any) -> Any:
    async with opened(await got(_stream(client))) as chunks:
        return await next_of(chunks)


@ASKING_ROWS.row("chat.stream asked for usage, raw_response", stream_usage="always", sends=_each_asks)
async def _raw(client: Any) -> Any:
    response = await got(client.chat.completions.with_raw_response.create(**CHAT, stream=True))
    return await read(response.parse())


@ASKING_ROWS.row("chat.stream that forbids usage is not asked", stream_usage="always")
async def _forbidden(client: Any) -> Any:
    return await read(_stream(client, stream_options={"include_usage": False}))


@ASKING_ROWS.row("chat.stream to another server is not asked (auto)", stream_usage="auto")
async def _elsewhere(client: Any) -> Any:
    return await read(_stream(client))


def _led_here(api: Any, kind: str) -> Mapping[str, Any]:
    """A transport that takes every host for the stand-in."""
    port = int(api.base_url.rsplit(":", 1)[1].partition("/")[0])
    asynchronous = kind.startswith("async")
    transport: Any = http.AsyncHTTPTransport if asynchronous else http.HTTPTransport
    handle = "handle_async_request" if asynchronous else "handle_request"

    def handled(self: Any, request: Any) -> Any:
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=port)
        return getattr(transport, handle)(self, request)

    leading = type("LeadingTransport", (transport,), {handle: handled})
    client = openai.DefaultAsyncHttpxClient if asynchronous else openai.DefaultHttpxClient
    return {"http_client": client(transport=leading(verify=trusted()))}


ASKING_ROWS.add(
    "chat.stream to api.openai.com is asked (auto)",
    lambda client: read(_stream(client.with_options(base_url="https://api.openai.com/v1"))),
    options=_led_here,
    stream_usage="auto",
    sends=_each_asks,
)
ASKING_ROWS.add(
    "chat.stream to an Azure host is asked (auto)",
    lambda client: read(_stream(client.with_options(base_url="https://poems.openai.azure.com/openai/v1"))),
    options=_led_here,
    stream_usage="auto",
    sends=_each_asks,
)
ASKING_ROWS.add(
    "azure chat.create real host",
    lambda client: client.with_options(
        base_url="https://poems.openai.azure.com/openai"
    ).chat.completions.create(**CHAT),
    options=_led_here,
    kinds=AZURE,
)
