"""What Traceloop's instrumentor loses track of, which the library mends: its spans, their usage, its memory.

Each test shows a fault as it comes, and fails when upstream has cured it, and that it is gone as we drive it.
"""

import asyncio
from typing import Any

import openai
import pytest
from opentelemetry.instrumentation.openai import OpenAIInstrumentor

from dagster_openai_otel.testing import Answer
from tests.calls.either import all_of, closed, got, next_of, opened
from tests.calls.test_interrupts import Interrupting
from tests.calls.traceloops import Seen, asking, assert_mended, cured, upstream, wrapped
from tests.calls.ways import CHAT, STREAM
from tests.calls.ways_chat import Capital
from tests.calls.ways_others import ASK, COMPLETE

BOTH = pytest.mark.parametrize("kind", ["sync", "async"])


def is_left_open(came: Seen) -> bool:
    return came.left_open > 0


async def _left_in_a_block(client: Any) -> Any:
    async with opened(await got(client.chat.completions.create(**STREAM))) as stream:
        kept.append(stream)
        await next_of(aiter(stream))


async def _closed(client: Any) -> Any:
    stream = await got(client.chat.completions.create(**STREAM))
    kept.append(stream)
    await next_of(aiter(stream))
    await closed(stream)


async def _left_helper(client: Any) -> Any:
    async with opened(client.chat.completions.stream(**CHAT)) as stream:
        kept.append(stream)
        await next_of(aiter(stream))


async def _left_legacy(client: Any) -> Any:
    await next_of(await got(client.completions.create(**COMPLETE, stream=True)))


kept: list[Any] = []


@pytest.mark.parametrize(
    ("steps", "kind"),
    [
        (_left_in_a_block, "async"),
        (_closed, "async"),
        (_left_helper, "async"),
        (_left_legacy, "sync"),
        (_left_legacy, "async"),
    ],
)
def test_a_stream_that_is_left_early_leaves_its_span_open(steps, kind):
    assert_mended("_is_used_up", is_left_open, steps, kind=kind)
    kept.clear()


@pytest.mark.parametrize(
    "steps",
    [asking("chat.completions.create", **CHAT), asking("completions.create", **COMPLETE)],
    ids=["chat", "completion"],
)
class TestAnInterrupt:
    def test_leaves_the_span_open(self, steps):
        async def interrupted(client: Any) -> Any:
            with pytest.raises(KeyboardInterrupt):
                await steps(client)

        transport = Interrupting("sending")
        assert_mended(
            "ending_spans",
            is_left_open,
            interrupted,
            http_client=openai.DefaultHttpxClient(transport=transport),
        )

    def test_of_a_task_leaves_the_span_open(self, steps):
        async def cancelled(client: Any) -> Any:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(steps(client), 0.1)

        assert_mended("ending_spans", is_left_open, cancelled, Answer(hang=60), kind="async")


def shows_no_usage(came: Seen) -> bool:
    return any("gen_ai.usage.input_tokens" not in span.attributes for span in came.spans)


async def _raw_stream(client: Any) -> Any:
    response = await got(client.chat.completions.with_raw_response.create(**STREAM))
    return await all_of(response.parse())


_parse = asking("chat.completions.parse", **CHAT, response_format=Capital)


async def _background(client: Any) -> Any:
    begun = await got(client.responses.create(**ASK, background=True))
    return [await got(client.responses.retrieve(begun.id)) for _ in range(3)]


@BOTH
@pytest.mark.parametrize(
    ("steps", "mend", "answers"),
    [
        (_raw_stream, "_is_used_up", []),
        (_background, "responses taken off", []),
        (_parse, "parse taken off", [Answer(finish_reason="length")]),
    ],
    ids=["raw stream", "background", "parsed, too long"],
)
def test_usage_that_came_is_not_on_the_span(steps, mend, answers, kind):
    assert_mended(mend, shows_no_usage, steps, *answers, kind=kind)


@BOTH
def test_usage_of_a_response_is_shown_again_when_it_is_retrieved(kind):
    async def steps(client: Any) -> Any:
        answered = await got(client.responses.create(**ASK))
        await got(client.responses.retrieve(answered.id))
        return answered.usage.input_tokens

    def is_doubled(came: Seen) -> bool:
        shown = sum(span.attributes["gen_ai.usage.input_tokens"] for span in came.spans)
        return bool(shown > came.result)

    assert_mended("responses taken off", is_doubled, steps, kind=kind)


async def _run(client: Any) -> Any:
    thread = client.beta.threads.create().id
    return client.beta.threads.runs.create(thread_id=thread, assistant_id="asst_1")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    "steps",
    [asking("responses.create", **ASK), asking("beta.assistants.create", model="gpt-4o-mini"), _run],
    ids=["response", "assistant", "run"],
)
def test_what_was_asked_is_kept_for_ever(steps):
    assert_mended("taken off", lambda came: came.remembered, steps)


def test_taking_it_off_does_nothing(provider):
    with upstream(provider):
        put_on = wrapped()
        OpenAIInstrumentor().uninstrument()
        assert wrapped() == put_on, cured("it is never taken off")
