"""Azure OpenAI: its paths, and streams that the library asks for their usage."""

import pytest

from dagster_openai_otel.testing import Answer, FakeOpenAI
from tests.calls.books import booked, taken
from tests.calls.clients import AZURE_KINDS, run
from tests.calls.either import all_of, got, next_of
from tests.calls.instrumenting import not_instrumented
from tests.calls.ways import CHAT, Way, outcome
from tests.calls.ways_chat import CHAT_WAYS
from tests.calls.ways_others import OTHER_WAYS, complete_in_a_stream
from tests.calls.ways_raw import RAW_WAYS
from tests.events import billed

pytestmark = pytest.mark.parametrize("kind", AZURE_KINDS)

UNASKED = [
    Way(steps=complete_in_a_stream, answers=()),
    *(way for way in CHAT_WAYS if way.name == "stream_that_is_not_asked_for_usage"),
]


@pytest.mark.parametrize(
    "way", [*CHAT_WAYS, *RAW_WAYS, *OTHER_WAYS], ids=lambda way: getattr(way, "name", None)
)
def test_azure_gives_the_same_as_with_the_bare_sdk_and_is_booked_as_billed(api, scope, kind, way: Way):
    with not_instrumented(), FakeOpenAI() as bare_api:
        bare = outcome(way.steps, kind, bare_api, *way.answers)
    assert outcome(way.steps, kind, api, *way.answers).result == bare.result
    assert booked(scope) == billed(api.bill)


@pytest.mark.parametrize("way", UNASKED, ids=lambda way: way.name)
def test_a_stream_that_does_not_ask_is_asked_for_its_usage(api, scope, kind, way: Way):
    outcome(way.steps, kind, api)
    assert api.bill.unreported == ()
    assert booked(scope) == billed(api.bill)


@pytest.mark.parametrize("way", UNASKED, ids=lambda way: way.name)
def test_asking_changes_nothing_else_that_is_sent(api, scope, kind, way: Way):
    with not_instrumented(), FakeOpenAI() as bare_api:
        outcome(way.steps, kind, bare_api)
    outcome(way.steps, kind, api)
    (sent,), (bare,) = api.requests, bare_api.requests
    assert sent.json == {**bare.json, "stream_options": {"include_usage": True}}
    assert (sent.method, sent.path, sent.query) == (bare.method, bare.path, bare.query)
    changed = {name for name in bare.headers if sent.headers.get(name) != bare.headers[name]}
    assert changed - {"host"} == {"content-length"}
    assert booked(scope)["calls"] == 1


def test_other_stream_options_of_the_user_stay(api, scope, kind):
    async def steps(client):
        options = {"include_obfuscation": False}
        return await all_of(
            await got(client.chat.completions.create(**CHAT, stream=True, stream_options=options))
        )

    run(steps, kind, api)
    assert api.requests[0].json["stream_options"] == {"include_obfuscation": False, "include_usage": True}
    assert booked(scope) == billed(api.bill)


def test_a_stream_that_is_asked_and_left_early_is_a_call_without_usage(api, scope, kind):
    async def steps(client):
        chunks = await got(client.chat.completions.create(**CHAT, stream=True))
        await next_of(chunks)
        await got(chunks.close())

    api.script(Answer(chunk_delay=0.05))
    run(steps, kind, api)
    assert booked(scope) == billed(api.bill)
    assert len(api.bill.unreported) == 1


REFUSAL = Answer(status=400, error_message="Unrecognized request argument supplied: stream_options")


def test_a_server_that_refuses_to_be_asked_answers_all_the_same(api, scope, kind):
    async def steps(client):
        return [await all_of(await got(client.chat.completions.create(**CHAT, stream=True))) for _ in "ab"]

    api.script(REFUSAL)
    first, second = run(steps, kind, api)
    assert len(first) == len(second) > 1
    assert ["stream_options" in request.json for request in api.requests] == [True, False, False]
    assert booked(scope) == billed(api.bill)


def test_another_error_of_an_asked_stream_is_the_users(api, scope, kind):
    with not_instrumented(), FakeOpenAI() as bare_api:
        bare = outcome(all_streamed, kind, bare_api, Answer(status=400))
    assert outcome(all_streamed, kind, api, Answer(status=400)).result == bare.result
    assert len(api.requests) == 1
    assert booked(scope) == billed(api.bill)


async def all_streamed(client):
    return await all_of(await got(client.chat.completions.create(**CHAT, stream=True)))


def test_a_stream_that_comes_compressed_shows_no_more_than_asked(api, scope, kind):
    with not_instrumented(), FakeOpenAI() as bare_api:
        bare = outcome(all_streamed, kind, bare_api, Answer(gzip=True))
    assert outcome(all_streamed, kind, api, Answer(gzip=True)).result == bare.result
    assert booked(scope) == billed(api.bill)


UNENDED = b'data: {"choices":[{"index":0}]}\n\ndata: {"choices":[{"index":1}]}'


@pytest.mark.parametrize("size", [None, 1, 7, 10_000])
@pytest.mark.parametrize(
    "answer", [Answer(), Answer(raw=("text/event-stream", UNENDED))], ids=["whole", "unended"]
)
def test_the_bytes_of_an_asked_stream_are_those_of_one_that_was_not_asked(api, scope, kind, size, answer):
    async def pieces(client):
        response = await got(client.chat.completions.with_raw_response.create(**CHAT, stream=True))
        read = response.http_response.aiter_bytes if "async" in kind else response.http_response.iter_bytes
        parts = await all_of(read(size))
        return parts if size else b"".join(parts)

    with not_instrumented(), FakeOpenAI() as bare_api:
        bare_api.script(answer)
        bare = run(pieces, kind, bare_api)
    api.script(answer)
    assert run(pieces, kind, api) == bare
    assert api.requests[0].json["stream_options"] == {"include_usage": True}
    assert taken(scope).calls == 1


def test_an_asked_stream_that_the_users_hook_has_read_shows_no_more_than_asked(api, scope, kind):
    async def hooked(client):
        async def read_async(response):
            await response.aread()

        hook = read_async if kind == "async azure" else lambda response: response.read()
        client._client.event_hooks = {"response": [hook]}
        return await all_streamed(client)

    with not_instrumented(), FakeOpenAI() as bare_api:
        bare = outcome(hooked, kind, bare_api)
    assert outcome(hooked, kind, api).result == bare.result
    assert booked(scope) == billed(api.bill)
