"""What Traceloop's instrumentor does to calls, which the library mends: it changes what they send and return.

Each test shows a fault as it comes, and fails when upstream has cured it, and that it is gone as we drive it.
"""

import asyncio
import json
import threading
from typing import Any

import pytest
from opentelemetry.sdk.trace import SpanProcessor

from dagster_openai_otel import faults
from dagster_openai_otel.testing import Answer
from tests.calls.either import got, opened
from tests.calls.traceloops import Seen, asking, assert_mended, bare, ours, ours_with_content, seen
from tests.calls.ways import CHAT, MESSAGES, STREAM
from tests.calls.ways_chat import Capital
from tests.calls.ways_others import ASK, COMPLETE, EMBED

TOOL = {"type": "function", "function": {"name": "weather", "parameters": {}}}
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}


def assert_unharmed(mend: str, steps: Any, *answers: Answer, driving: Any = ours, **options: Any) -> None:
    """The result or the request is another as it comes, and the bare SDK's as the library drives it."""
    plain = seen(bare, steps, *answers, **options)

    def differs(came: Seen) -> bool:
        sent = [request.body for request in came.requests]
        return came.result != plain.result or sent != [request.body for request in plain.requests]

    assert_mended(mend, differs, steps, *answers, driving=driving, **options)


def test_a_synchronous_call_takes_the_event_loop_of_its_thread_away():
    async def steps(client: Any) -> Any:
        asyncio.set_event_loop(loop)
        try:
            client.chat.completions.create(**CHAT)
            return asyncio.get_event_loop() is loop
        finally:
            asyncio.set_event_loop(None)

    loop = asyncio.new_event_loop()
    assert_unharmed("run_async", steps)
    loop.close()


def test_a_synchronous_call_in_a_running_loop_starts_a_thread():
    class Headers(dict[str, str]):
        """Headers that know in which thread they are read."""

        def __str__(self) -> str:
            readers.add(threading.get_ident())
            return ""

    readers: set[int] = set()

    async def steps(client: Any) -> Any:
        async def main() -> None:
            client.chat.completions.create(**CHAT, extra_headers=Headers(a="b"))

        readers.clear()
        asyncio.run(main())
        return readers <= {threading.get_ident()}

    assert_unharmed("run_async", steps)


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("name", ["messages", "tools", "functions", "tool_calls"])
def test_what_is_made_lazily_is_used_up_where_content_is_captured(kind, name):
    lazy: Any = {
        "messages": lambda: {"messages": iter(MESSAGES)},
        "tools": lambda: {"tools": iter([TOOL])},
        "functions": lambda: {"functions": iter([TOOL["function"]])},
        "tool_calls": lambda: {
            "messages": [
                {"role": "assistant", "tool_calls": iter([CALL])},
                {"role": "tool", "tool_call_id": "call_1", "content": "Rain."},
            ]
        },
    }[name]

    async def steps(client: Any) -> Any:
        return await got(client.chat.completions.create(**{**CHAT, **lazy()}))

    assert_unharmed("_is_used_up", steps, driving=ours_with_content, kind=kind)


def test_a_legacy_stream_becomes_a_bare_generator():
    async def steps(client: Any) -> Any:
        async with opened(client.completions.create(**COMPLETE, stream=True)) as stream:
            return len(list(stream))

    assert_unharmed("_is_used_up", steps)


def test_a_synchronous_stream_looks_like_an_asynchronous_one():
    """instructor's `create_partial` reads such a stream as the latter."""

    async def steps(client: Any) -> Any:
        with client.chat.completions.create(**STREAM) as stream:
            return hasattr(stream, "__aiter__")

    assert_unharmed("_is_used_up", steps)


def test_a_raw_response_about_an_image_is_parsed_though_it_is_no_json():
    async def steps(client: Any) -> Any:
        response = await got(client.images.with_raw_response.generate(model="gpt-image-1", prompt="A fjord."))
        return response.content

    assert_unharmed("images taken off", steps, Answer(raw=("application/json", b"{")))


def test_a_realtime_connection_cannot_be_opened():
    async def steps(client: Any) -> Any:
        return hasattr(client.beta.realtime.connect(model="gpt-realtime"), "__enter__")

    assert_unharmed("beta.realtime taken off", steps)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_messages_of_a_run_cannot_be_listed():
    async def steps(client: Any) -> Any:
        thread = client.beta.threads.create().id
        client.beta.threads.runs.create_and_poll(thread_id=thread, assistant_id="asst_1", poll_interval_ms=1)
        return len(client.beta.threads.messages.list(thread_id=thread).data)

    assert_unharmed("beta.threads taken off", steps)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_streamed_response_without_reasoning_fails_after_it_was_billed(kind):
    steps = asking("responses.create", **ASK, reasoning=None, stream=True)

    async def is_given(client: Any) -> Any:
        return await steps(client) is not None

    assert_unharmed("responses taken off", is_given, kind=kind)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_response_that_is_no_json_fails(kind):
    steps = asking("responses.create", **ASK)
    assert_unharmed("responses taken off", steps, Answer(raw=("text/html", b"Hello.")), kind=kind)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_parsed_answer_is_warned_of(kind):
    steps = asking("chat.completions.parse", **CHAT, response_format=Capital)

    async def read(client: Any) -> Any:
        return (await steps(client)).model_dump()

    if not seen(bare, read, kind=kind).warnings:
        pytest.skip("the parsed answers of this SDK can be read without a warning")
    assert_mended("parse taken off", lambda came: came.warnings, steps, kind=kind)


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize(
    "steps",
    [
        asking("chat.completions.create", **CHAT),
        asking("completions.create", **COMPLETE),
        asking("embeddings.create", **EMBED),
    ],
    ids=["chat", "completion", "embeddings"],
)
def test_an_answer_with_a_value_of_an_unknown_type_is_warned_of(steps, kind):
    usage = {"prompt_tokens": 1.5, "total_tokens": 1.5}
    data = [{"object": "embedding", "index": 0, "embedding": [0.5]}]
    odd = Answer(raw=("application/json", json.dumps({"data": data, "usage": usage}).encode()))
    assert_mended("model_as_dict", lambda came: came.warnings, steps, odd, kind=kind)


def test_a_streaming_response_of_an_async_client_is_warned_of():
    async def steps(client: Any) -> Any:
        async with client.chat.completions.with_streaming_response.create(**CHAT) as response:
            return await response.json()

    assert_mended("_is_used_up", lambda came: came.warnings, steps, kind="async")


def test_what_a_streamed_helper_leaves_out_is_warned_of(caplog):
    def is_said(_: Seen) -> bool:
        said = "Invalid type" in caplog.text
        caplog.clear()
        return said

    async def steps(client: Any) -> Any:
        async with opened(client.chat.completions.stream(**CHAT)) as stream:
            return [event.type for event in stream]

    assert_mended("_is_used_up, and _VALUES of the shield", is_said, steps)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_embeddings_that_fail_end_their_span_twice(caplog, kind):
    def is_said(_: Seen) -> bool:
        said = "Calling end() on an ended span" in caplog.text
        caplog.clear()
        return said

    steps = asking("embeddings.create", **EMBED)
    assert_mended("shielded end", is_said, steps, Answer(status=400), kind=kind)


class Broken(SpanProcessor):
    """A processor of the user's that raises."""

    def __init__(self, where: str) -> None:
        setattr(self, where, self.fail)

    def fail(self, *_: object) -> None:
        raise LookupError


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("where", ["on_start", "on_end"])
@pytest.mark.parametrize(
    "steps",
    [
        asking("chat.completions.create", **CHAT),
        asking("completions.create", **COMPLETE),
        asking("embeddings.create", **EMBED),
    ],
    ids=["chat", "completion", "embeddings"],
)
def test_a_processor_that_raises_breaks_the_call(monkeypatch, steps, where, kind):
    # as users have it
    monkeypatch.setattr(faults, "_raising", False)
    assert_unharmed("the shield", steps, kind=kind, processors=[Broken(where)])
