"""Any program of calls on one step: what is booked is what was billed, call by call."""

import asyncio
import gc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import openai
from hypothesis import given, settings, strategies as st
from opentelemetry.sdk.trace import TracerProvider

from dagster_openai_otel.processor import DagsterSpanProcessor
from dagster_openai_otel.scope import StepScope, entered
from dagster_openai_otel.testing import Answer, FakeOpenAI
from tests.calls.books import taken
from tests.calls.clients import KINDS, http, run
from tests.calls.either import all_of, closed, got, next_of, opened
from tests.calls.instrumenting import instrumented_with
from tests.calls.ways import CHAT, MODEL, STREAM
from tests.calls.ways_chat import Capital

EMBED: dict[str, Any] = {"model": "text-embedding-3-small", "input": "Oslo"}
ASK: dict[str, Any] = {"model": MODEL, "input": "Oslo?"}
COMPLETE: dict[str, Any] = {"model": "gpt-3.5-turbo-instruct", "prompt": "Oslo?"}


async def raw_stream(client):
    return (await got(client.chat.completions.with_raw_response.create(**STREAM))).parse()


async def parsed(client, options):
    async with opened(client.chat.completions.with_streaming_response.create(**options)) as response:
        return await got(response.parse())


async def read_by_lines(client, options):
    async with opened(client.chat.completions.with_streaming_response.create(**options)) as response:
        return await all_of(response.iter_lines())


async def read_as_it_came(client, options):
    response = (await got(client.chat.completions.with_raw_response.create(**options))).http_response
    return await all_of(response.aiter_raw() if hasattr(client, "__aenter__") else response.iter_raw())


async def read_elsewhere(client):
    stream = await got(client.chat.completions.create(**STREAM))
    if hasattr(client, "__aenter__"):
        return await asyncio.create_task(all_of(stream))
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(list, stream).result()


async def helped(client):
    wanted = {"stream_options": {"include_usage": True}}
    async with opened(client.chat.completions.stream(**CHAT, **wanted)) as events:
        return await all_of(events)


PLAIN: dict[str, Callable[[Any], Any]] = {
    "chat": lambda client: client.chat.completions.create(**CHAT),
    "raw chat": lambda client: client.chat.completions.with_raw_response.create(**CHAT),
    "parsed chat": lambda client: client.chat.completions.parse(**CHAT, response_format=Capital),
    "chat with a model in the extra body": lambda client: client.chat.completions.create(
        **CHAT, extra_body={"model": "gpt-5"}
    ),
    "chat by post": lambda client: client.post("/chat/completions", body=CHAT, cast_to=str),
    "chat of a copy": lambda client: client.with_options(timeout=20).chat.completions.create(**CHAT),
    "streamed response, parsed": lambda client: parsed(client, CHAT),
    "streamed response, read by lines": lambda client: read_by_lines(client, CHAT),
    "stream, read by lines": lambda client: read_by_lines(client, STREAM),
    "stream, read as it came": lambda client: read_as_it_came(client, STREAM),
    "stream, read in a task or thread": read_elsewhere,
    "stream helper": helped,
    "response": lambda client: client.responses.create(**ASK),
    "embeddings": lambda client: client.embeddings.create(**EMBED),
    "completion": lambda client: client.completions.create(**COMPLETE),
    "models": lambda client: client.models.retrieve("gpt-5"),
}
STREAMED: dict[str, Callable[[Any], Any]] = {
    "chat": lambda client: client.chat.completions.create(**STREAM),
    "raw chat": raw_stream,
    "chat that asks in the extra body": lambda client: client.chat.completions.create(
        **CHAT, stream=True, extra_body={"stream_options": {"include_usage": True}}
    ),
    "chat that wants no usage": lambda client: client.chat.completions.create(
        **CHAT, stream=True, stream_options={"include_usage": False}
    ),
    "chat without usage": lambda client: client.chat.completions.create(**CHAT, stream=True),
    "response": lambda client: client.responses.create(**ASK, stream=True),
    "completion": lambda client: client.completions.create(**COMPLETE, stream=True),
}
AGAIN = [Answer(status=429, retry_after=0.001), Answer(status=500, retry_after=0.001)]
ENDS = [
    Answer(),
    Answer(gzip=True),
    Answer(omit_usage=True),
    Answer(repeat_usage=True),
    Answer(cut_after=3),
    Answer(error_after=3),
    Answer(no_done=True),
    Answer(finish_reason="length"),
    Answer(status=400),
    Answer(status=400, error_message="What is stream_options?"),
]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One call of a program."""

    call: str
    streamed: bool
    answers: tuple[Answer, ...]
    leave_after: int | None
    """Events that are read of a stream; `None` for all."""
    close: bool
    """Whether a stream that is left is closed, not dropped."""


retries = st.lists(st.sampled_from(AGAIN), max_size=1)
answers = st.builds(lambda again, end: (*again, end), retries, st.sampled_from(ENDS))
plain_steps = st.builds(
    Step,
    call=st.sampled_from(sorted(PLAIN)),
    streamed=st.just(value=False),
    answers=answers,
    leave_after=st.none(),
    close=st.just(value=False),
)
streamed_steps = st.builds(
    Step,
    call=st.sampled_from(sorted(STREAMED)),
    streamed=st.just(value=True),
    answers=answers,
    leave_after=st.none() | st.integers(0, 4),
    close=st.booleans(),
)


async def played(client, step: Step) -> bool:
    """Do one step; tells whether its answer was read to the end."""
    try:
        if not step.streamed:
            await got(PLAIN[step.call](client))
            return True
        stream = await got(STREAMED[step.call](client))
        if step.leave_after is None:
            await all_of(stream)
            return True
        for _ in range(step.leave_after):
            await next_of(stream)
        if step.close:
            await closed(stream)
    except (openai.OpenAIError, http.HTTPError, ValueError, StopIteration, StopAsyncIteration):
        pass
    return False


@settings(max_examples=15, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    stream_usage=st.sampled_from(["never", "always"]),
    program=st.lists(plain_steps | streamed_steps, min_size=1, max_size=8),
)
def test_every_call_of_a_program_is_booked_as_billed_or_declared_unknown(kind, stream_usage, program):
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(DagsterSpanProcessor())
    scope = StepScope(run_id="", step_key="program")

    async def steps(client):
        for step in program:
            api.script(*step.answers)
            before = len(api.bill.calls)
            read = await played(client, step)
            if step.leave_after is not None:
                gc.collect()
            if kind == "async":
                await asyncio.sleep(0)
            calls, sums = api.bill.calls[before:], taken(scope)
            known = [call for call in calls if sums.calls_without_usage == 0]
            assert sums.calls == len(calls)
            assert sums.usage.total_tokens == sum(call.usage.total_tokens for call in known)
            assert all(call in known for call in calls if call.reported and read)

    with (
        FakeOpenAI() as api,
        instrumented_with(provider, stream_usage=stream_usage),
        entered(scope),
    ):
        run(steps, kind, api)
    assert scope.open_calls == set()
