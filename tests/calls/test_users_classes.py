"""Classes of the user's: clients, answers and exceptions that are not as the SDK's are."""

import openai
import pytest
from openai.types.chat import ChatCompletionChunk
from pydantic import Field

from dagster_openai_otel import conventions
from dagster_openai_otel.testing import Answer
from tests.calls.books import booked, taken
from tests.calls.clients import KEY, http, sync_client, trusted
from tests.calls.instrumenting import instrumented_with
from tests.calls.ways import CHAT
from tests.events import billed

Chunks = openai.Stream[ChatCompletionChunk]


class OtherResponseError(Exception):
    """As AWS's clients raise it."""

    def __init__(self):
        self.response = {"Error": {"Code": "Throttled"}}


class BrokenResponseError(Exception):
    """Raises where it is looked at."""

    @property
    def response(self):
        raise LookupError

    def __str__(self):
        raise LookupError


class Unhashable(openai.OpenAI):
    """A client that is compared by value."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unhashable)

    __hash__ = None  # type: ignore[assignment]  # as Python has it for such a class


class InOurWords(openai.BaseModel):
    """An answer in other words than the API's."""

    usage: dict[str, int] = Field(default_factory=dict, alias="nothing")


class Closed(openai.BaseModel):
    """An answer that does not tell what it used."""

    @property
    def usage(self):
        raise LookupError


@pytest.mark.parametrize(
    "error",
    [OtherResponseError(), BrokenResponseError(), http.ReadTimeout("of no request"), RecursionError()],
    ids=lambda error: type(error).__name__,
)
def test_whatever_is_raised_reaches_the_user_and_ends_the_span(api, scope, spans, error):
    class Failing(openai.OpenAI):
        def _prepare_options(self, options):
            raise error

    with (
        Failing(base_url=api.base_url, api_key=KEY) as client,
        pytest.raises(type(error)) as raised,
    ):
        client.chat.completions.create(**CHAT)
    assert raised.value is error
    (span,) = spans.get_finished_spans()
    assert span.attributes[conventions.ERROR_TYPE].endswith(type(error).__name__)
    assert (taken(scope).failed_calls, scope.open_calls) == (1, set())


def test_a_client_without_a_hash_is_booked(api, scope):
    transport = openai.DefaultHttpxClient(verify=trusted())
    with Unhashable(base_url=api.base_url, api_key=KEY, http_client=transport) as client:
        client.with_options(timeout=10).chat.completions.create(**CHAT)
    assert booked(scope) == billed(api.bill)


@pytest.mark.parametrize("kind", [InOurWords, Closed, str, object, http.Response])
def test_an_answer_of_any_type_is_booked_by_its_body(api, scope, kind):
    with sync_client(api) as client:
        client.post("/chat/completions", body=CHAT, cast_to=kind)
    assert booked(scope) == billed(api.bill)


@pytest.mark.parametrize("kind", ["", "text/plain", "text/html"])
@pytest.mark.parametrize("stream", [True, False])
def test_a_body_that_a_server_calls_something_else_is_booked_all_the_same(api, scope, kind, stream):
    events = b'data: {"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5}}\n\ndata: [DONE]\n\n'
    body = b'{"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5}}'
    api.script(Answer(raw=(kind, events if stream else body)))
    with sync_client(api) as client:
        response = client.chat.completions.with_raw_response.create(**CHAT, stream=stream)
        if stream:
            list(response.parse())
    assert taken(scope).usage.total_tokens == 15


@pytest.mark.parametrize("options", [7, "none", ["include_usage"]])
def test_options_that_make_no_sense_are_sent_and_booked(api, scope, provider, options):
    api.script(Answer(raw=("text/event-stream", b"data: [DONE]\n\n")))
    with instrumented_with(provider, stream_usage="always"), sync_client(api) as client:
        body = {**CHAT, "stream": True, "stream_options": options}
        client.post("/chat/completions", body=body, cast_to=object, stream=True, stream_cls=Chunks).close()
    assert api.requests[0].json["stream_options"] == options
    assert taken(scope).calls == 1
