"""Traceloop's spans as the library drives them: round which calls, what stands on them, and when not."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from dagster_openai_otel.calls import traceloop
from dagster_openai_otel.testing import Answer
from tests.calls.books import booked
from tests.calls.clients import AZURE_KINDS, KINDS, run, run_async
from tests.calls.either import all_of, got
from tests.calls.instrumenting import instrumented_with, provider_into
from tests.calls.traceloops import asking, ours, upstream, wrapped
from tests.calls.ways import CHAT, MESSAGES, MODEL
from tests.calls.ways_others import ASK, COMPLETE, EMBED
from tests.events import billed

KEPT = {
    "openai.chat": ("chat.completions", CHAT),
    "openai.completion": ("completions", COMPLETE),
    "openai.embeddings": ("embeddings", EMBED),
}


def read(path: str, **arguments: Any) -> Any:
    """Steps that read a stream."""

    async def steps(client: Any) -> Any:
        return await all_of(await asking(path, **arguments, stream=True)(client))

    return steps


async def lazily(client: Any) -> Any:
    return await got(client.chat.completions.create(model=MODEL, messages=iter(MESSAGES)))


ALONE = {
    "chat stream": read("chat.completions.create", **CHAT),
    "lazy chat": lazily,
    "completion stream": read("completions.create", **COMPLETE),
    "response": asking("responses.create", **ASK),
    "response stream": read("responses.create", **ASK),
}
CONTENT = {"gen_ai.input.messages", "gen_ai.output.messages"}

kept = pytest.mark.parametrize("name", KEPT)
ways = pytest.mark.parametrize("way", ["create", "with_raw_response.create"])


@pytest.fixture
def content() -> bool:
    """What `capture_content` is set to."""
    return False


@pytest.fixture
def driven(exported, provider, content) -> Iterator[Any]:
    """Traceloop's spans on the SDK, and the library's in them; the spans that have ended, in pairs."""

    def pairs() -> list[tuple[Any, Any]]:
        ended = exported.get_finished_spans()
        around = {span.context.span_id: span for span in ended if span.name.startswith("openai.")}
        requests = [span for span in ended if span.name.startswith("POST ")]
        assert len(ended) == len(around) + len(requests)
        return [(around.pop(request.parent.span_id), request) for request in requests]

    with ours(provider, capture_content=content), instrumented_with(provider, capture_content=content):
        yield pairs


def test_they_stand_round_these_calls_and_no_others(provider):
    with ours(provider):
        assert wrapped() == {
            (f"{module}.{prefix}{name}", "create")
            for module, name in (
                ("chat.completions.completions", "Completions"),
                ("completions", "Completions"),
                ("embeddings", "Embeddings"),
            )
            for prefix in ("", "Async")
        }


@pytest.mark.parametrize("kind", [*KINDS, *AZURE_KINDS])
@ways
@kept
def test_a_request_stands_under_its_span_which_alone_says_gen_ai(api, scope, driven, name, way, kind):
    owner, arguments = KEPT[name]
    run(asking(f"{owner}.{way}", **arguments), kind, api)
    ((around, request),) = driven()
    assert (around.name, around.parent) == (name, None)
    assert around.attributes["gen_ai.usage.input_tokens"] == api.bill.usage.input_tokens
    assert not CONTENT & around.attributes.keys()
    assert [key for key in request.attributes if key.startswith("gen_ai.")] == []
    assert booked(scope) == billed(api.bill)


@kept
def test_its_span_stands_under_the_users(api, scope, provider, exported, driven, name):
    owner, arguments = KEPT[name]
    with provider.get_tracer("user").start_as_current_span("work") as work:
        run(asking(f"{owner}.create", **arguments), "sync", api)
    (around,) = [span for span in exported.get_finished_spans() if span.name == name]
    assert around.parent.span_id == work.get_span_context().span_id
    assert booked(scope) == billed(api.bill)


def test_requests_of_tasks_each_stand_under_a_span_of_their_own(api, scope, driven):
    async def steps(client: Any) -> Any:
        await asyncio.gather(*(client.chat.completions.create(**CHAT) for _ in range(20)))

    run_async(api, steps)
    assert len({around.context.trace_id for around, _ in driven()}) == 20
    assert booked(scope) == billed(api.bill)


@pytest.mark.parametrize("kind", KINDS)
def test_retries_are_one_span_with_one_request(api, scope, driven, kind):
    api.script(*[Answer(status=429, retry_after=0.001)] * 2)
    run(asking("chat.completions.create", **CHAT), kind, api)
    ((_, request),) = driven()
    assert request.attributes["http.request.resend_count"] == 2
    assert booked(scope) == billed(api.bill)


@pytest.mark.parametrize("kind", KINDS)
def test_what_suppresses_instrumentation_leaves_the_requests_span_alone(api, scope, exported, driven, kind):
    async def steps(client: Any) -> Any:
        with suppress_instrumentation():
            await got(client.chat.completions.create(**CHAT))

    run(steps, kind, api)
    assert [span.name for span in exported.get_finished_spans()] == [f"chat {MODEL}"]
    assert booked(scope) == billed(api.bill)


def test_what_the_sampler_drops_is_counted_and_exported_nowhere(api, scope, exported):
    provider = provider_into(exported, sampler=ALWAYS_OFF)
    with ours(provider), instrumented_with(provider):
        for owner, arguments in KEPT.values():
            run(asking(f"{owner}.create", **arguments), "sync", api)
    assert exported.get_finished_spans() == ()
    assert booked(scope) == billed(api.bill)


@pytest.mark.parametrize("first", [upstream, ours])
def test_where_it_is_there_already_it_is_not_put_on_again(api, scope, provider, exported, first):
    with first(provider), instrumented_with(provider):
        traceloop.when_imported(lambda: True, provider, capture_content=False)
        run(asking("chat.completions.create", **CHAT), "sync", api)
    assert [span.name for span in exported.get_finished_spans()] == ["POST /chat/completions", "openai.chat"]
    assert booked(scope) == billed(api.bill)


class TestWithContent:
    @pytest.fixture
    def content(self) -> bool:
        return True

    @pytest.mark.parametrize("kind", KINDS)
    @ways
    @kept
    def test_its_span_tells_prompt_and_completion_and_the_requests_does_not(
        self, api, scope, driven, name, way, kind
    ):
        owner, arguments = KEPT[name]
        run(asking(f"{owner}.{way}", **arguments), kind, api)
        ((around, request),) = driven()
        # an embedding is no message
        assert CONTENT - around.attributes.keys() <= (
            {"gen_ai.output.messages"} if name == "openai.embeddings" else set()
        )
        assert not CONTENT & request.attributes.keys()
        assert booked(scope) == billed(api.bill)

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("steps", ALONE.values(), ids=ALONE)
    def test_a_request_that_stands_alone_tells_them_itself(self, api, scope, exported, driven, steps, kind):
        run(steps, kind, api)
        (span,) = exported.get_finished_spans()
        assert span.attributes.keys() >= CONTENT
        assert booked(scope) == billed(api.bill)
