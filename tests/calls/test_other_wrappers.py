"""Wrappers of others round the same methods: they stay, they see what the SDK says, a call counts once."""

from collections.abc import Iterator
from contextlib import contextmanager

import openai
import pytest
import wrapt
from opentelemetry.instrumentation.utils import unwrap

from dagster_openai_otel.calls.instrumentor import OpenAIRequestInstrumentor
from tests.calls.books import booked, taken
from tests.calls.clients import sync_client
from tests.calls.instrumenting import not_instrumented
from tests.calls.ways import CHAT, STREAM
from tests.events import billed


class Theirs:
    """Another instrumentor's wrapper, which reads its arguments by place, as the SDK gives them."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, wrapped, client, args, kwargs):
        self.seen.append(args[1].url)
        return wrapped(*args, **kwargs)

    def put_on(self) -> None:
        wrapt.wrap_function_wrapper(openai.OpenAI, "request", self)

    def take_off(self) -> None:
        unwrap(openai.OpenAI, "request")


@pytest.fixture
def theirs() -> Iterator[Theirs]:
    before = vars(openai.OpenAI)["request"]
    yield Theirs()
    openai.OpenAI.request = before  # type: ignore[method-assign]  # whatever a failed test left


@contextmanager
def ours_on(provider) -> Iterator[None]:
    instrumentor = OpenAIRequestInstrumentor()
    instrumentor.instrument(skip_dep_check=True, tracer_provider=provider)
    try:
        yield
    finally:
        instrumentor.uninstrument()


def call(api):
    with sync_client(api) as client:
        client.chat.completions.create(**CHAT)
        list(client.chat.completions.create(**STREAM))


def test_a_wrapper_under_ours_sees_the_arguments_as_the_sdk_gives_them(api, scope, provider, theirs):
    with not_instrumented():
        theirs.put_on()
        with ours_on(provider):
            call(api)
        theirs.take_off()
    assert theirs.seen == ["/chat/completions"] * 2
    assert booked(scope) == billed(api.bill)


def test_a_wrapper_over_ours_stays_where_ours_is_taken_off(api, scope, provider, theirs):
    with not_instrumented():
        with ours_on(provider):
            theirs.put_on()
            call(api)
        assert booked(scope) == billed(api.bill)
        call(api)
        assert len(theirs.seen) == 4
        assert taken(scope).calls == 0
        theirs.take_off()


def test_taken_off_under_anothers_and_put_on_again_it_counts_once(api, scope, provider, theirs):
    with not_instrumented():
        for _ in range(3):
            with ours_on(provider):
                theirs.put_on()
                call(api)
        with ours_on(provider):
            call(api)
    assert booked(scope) == billed(api.bill)


def test_taken_off_there_is_nothing_left(provider):
    with not_instrumented():
        before = vars(openai.OpenAI)["request"]
        with ours_on(provider):
            assert vars(openai.OpenAI)["request"] is not before
        assert vars(openai.OpenAI)["request"] is before
