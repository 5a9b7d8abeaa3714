"""Asking for the usage of streams: what the user asked for himself stays, and no server is lost by it."""

import pickle
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionChunk as Chunk

from dagster_openai_otel.testing import Answer, FakeOpenAI, Request
from tests.calls.books import booked, taken
from tests.calls.clients import KINDS, run, sync_client
from tests.calls.either import all_of, got
from tests.calls.instrumenting import instrumented_with, not_instrumented
from tests.calls.ways import CHAT, outcome
from tests.events import billed

Chunks = openai.Stream[Chunk]
kinds = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(autouse=True)
def asking(provider) -> Iterator[None]:
    with instrumented_with(provider, stream_usage="always"):
        yield


def stream(client: Any, **more: Any) -> Any:
    return client.chat.completions.create(**CHAT, stream=True, **more)


async def read(client):
    return await all_of(await got(stream(client)))


def bare(steps, kind, *answers, **server):
    with not_instrumented(), FakeOpenAI(**server) as api:
        return outcome(steps, kind, api, *answers)


@kinds
@pytest.mark.parametrize(
    "extra",
    [
        {"stream_options": {"include_usage": True}},
        {"stream_options": {"include_usage": False}},
        {"stream_options": {"include_obfuscation": False}},
        {"user": "poet"},
    ],
    ids=["usage", "no usage", "another option", "no option"],
)
def test_what_the_extra_body_asks_for_is_what_the_user_gets(api, scope, kind, extra):
    async def steps(client):
        return await all_of(await got(stream(client, extra_body=extra)))

    assert outcome(steps, kind, api).result == bare(steps, kind).result
    wanted = extra.get("stream_options", {})
    assert api.requests[0].json["stream_options"] == {"include_usage": True, **wanted}
    assert booked(scope) == billed(api.bill)


@kinds
def test_a_model_in_the_extra_body_is_the_one_that_is_priced(api, scope, kind):
    async def steps(client):
        return await got(client.chat.completions.create(**CHAT, extra_body={"model": "gpt-5"}))

    run(steps, kind, api)
    assert booked(scope) == billed(api.bill)


@kinds
def test_a_stream_that_the_sdk_reads_as_a_whole_is_not_asked(api, scope, kind):
    async def steps(client):
        return await got(client.post("/chat/completions", body={**CHAT, "stream": True}, cast_to=str))

    seen = outcome(steps, kind, api)
    assert seen == bare(steps, kind)
    assert booked(scope) == billed(api.bill)


@kinds
@pytest.mark.parametrize("answer", [Answer(), Answer(gzip=True)], ids=["plain", "gzip"])
def test_what_is_left_of_an_asked_stream_can_be_read_in_any_way(api, scope, kind, answer):
    async def steps(client):
        response = await got(client.chat.completions.with_raw_response.create(**CHAT, stream=True))
        inner = response.http_response
        content = await got(inner.aread() if kind == "async" else inner.read())
        again = await all_of(inner.aiter_bytes(7) if kind == "async" else inner.iter_bytes(7))
        copy = pickle.loads(pickle.dumps(inner))  # noqa: S301  # of the test's own making
        return [content, again, inner.text, copy.content]

    assert outcome(steps, kind, api, answer).result == bare(steps, kind, answer).result
    assert booked(scope) == billed(api.bill)


@kinds
def test_the_raw_bytes_of_an_asked_stream_are_those_of_one_that_was_not(api, scope, kind):
    async def steps(client):
        response = await got(client.chat.completions.with_raw_response.create(**CHAT, stream=True))
        inner = response.http_response
        raw = b"".join(await all_of(inner.aiter_raw() if kind == "async" else inner.iter_raw()))
        return [raw, inner.num_bytes_downloaded, inner.is_stream_consumed]

    assert outcome(steps, kind, api).result == bare(steps, kind).result
    assert booked(scope) == billed(api.bill)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_an_event_reaches_the_user_before_the_next_one_is_sent(scope, newline):
    events = [
        '{"choices":[{"index":0,"delta":{"content":"Oslo"}}],"usage":null}',
        '{"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5}}',
        "[DONE]",
    ]
    first, *rest = [f"data: {event}{newline}{newline}".encode() for event in events]
    seen = threading.Event()
    with serving(first, seen, b"".join(rest)) as url, openai.OpenAI(base_url=url, api_key="k") as client:
        response = client.chat.completions.with_raw_response.create(**CHAT, stream=True)
        pieces = response.http_response.iter_bytes()
        assert next(pieces) == first.replace(b',"usage":null', b"")
        seen.set()
        assert b"".join(pieces) == rest[-1]
    assert taken(scope).usage.total_tokens == 15


@contextmanager
def serving(first: bytes, seen: threading.Event, rest: bytes) -> Iterator[str]:
    """A server that sends the rest of a stream only when its first event was seen."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.recv(65536)
            head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
            self.request.sendall(head + first)
            assert seen.wait(10)
            self.request.sendall(rest)
            with suppress(OSError):
                self.request.shutdown(socket.SHUT_WR)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        finally:
            server.shutdown()
            thread.join()


def refusing(status: int, message: str) -> FakeOpenAI:
    def answer(request: Request) -> Answer | None:
        asked = "stream_options" in (request.json or {})
        return Answer(status=status, error_message=message) if asked else None

    return FakeOpenAI(answer=answer)


@kinds
@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "Unrecognized request argument supplied: stream_options"),
        (400, "Bad Request"),
        (404, "streamOptions is not available"),
        (422, "Extra inputs are not permitted"),
        (500, "create() got an unexpected keyword argument 'include_usage'"),
        (500, "Internal Server Error"),
    ],
)
def test_a_server_that_refuses_gets_the_users_own_request_once_and_is_remembered(
    scope, kind, status, message
):
    async def steps(client):
        return [len(await read(client)) for _ in range(3)]

    expected = bare(steps, kind)
    with refusing(status, message) as api:
        seen = outcome(steps, kind, api, max_retries=0)
        assert seen.result == expected.result
        assert seen.requests[1:] == expected.requests
        assert booked(scope) == billed(api.bill)


@kinds
def test_the_error_of_the_users_own_request_is_the_bare_one(scope, kind):
    def answer(request: Request) -> Answer:
        asked = "stream_options" in (request.json or {})
        return Answer(status=400, error_message="stream_options?" if asked else "No such model")

    async def steps(client):
        try:
            await read(client)
        except openai.BadRequestError as error:
            before = error.__context__
            return [error.message, error.body, type(before), getattr(before, "__context__", None)]

    with FakeOpenAI(answer=answer) as api:
        assert outcome(steps, kind, api).result == bare(steps, kind, answer=answer).result
    assert (taken(scope).calls, scope.open_calls) == (0, set())


@kinds
def test_what_a_server_does_not_explain_is_the_users_error_once_it_has_answered(api, scope, kind):
    async def steps(client):
        await read(client)
        with pytest.raises(openai.BadRequestError):
            await read(client)
        return len(api.requests)

    api.script(Answer(), Answer(status=400))
    assert run(steps, kind, api) == 2
    assert taken(scope).failed_calls == 1


def test_a_stream_that_goes_to_another_server_than_the_clients_is_not_taken_for_openais(api, scope, provider):
    with instrumented_with(provider, stream_usage="auto"), sync_client(api) as client:
        elsewhere = client.with_options(base_url="https://api.openai.com/v1")
        url = f"{api.base_url}/chat/completions"
        wanted: Any = {"cast_to": Chunk, "stream": True, "stream_cls": Chunks}
        chunks = elsewhere.post(url, body={**CHAT, "stream": True}, **wanted)
        assert len(list(chunks)) > 1
    assert "stream_options" not in api.requests[0].json
    assert booked(scope) == billed(api.bill)
