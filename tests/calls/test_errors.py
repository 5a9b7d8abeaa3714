"""Calls that fail, or that succeed at the second try: what the user gets, and what is said of them."""

import openai
import pytest

from dagster_openai_otel import conventions
from dagster_openai_otel.testing import Answer, FakeOpenAI
from dagster_openai_otel.usage import Usage
from tests.calls.books import booked, taken
from tests.calls.clients import KINDS, run
from tests.calls.either import all_of, got, opened
from tests.calls.instrumenting import not_instrumented
from tests.calls.ways import CHAT, MODEL, STREAM, outcome
from tests.calls.ways_chat import Capital
from tests.events import billed

pytestmark = pytest.mark.parametrize("kind", KINDS)

SOON = 0.001
DEEP = b"[" * 100_000 + b"]" * 100_000
BUSY = Answer(status=429, retry_after=SOON)
BROKEN = Answer(status=500, retry_after=SOON)
RESET = Answer(reset=True)
OK = Answer()


async def create(client):
    return await got(client.chat.completions.create(**CHAT))


async def stream(client):
    async with opened(await got(client.chat.completions.create(**STREAM))) as chunks:
        return await all_of(chunks)


# what the stand-in does, and then: error.type, http.response.status_code, http.request.resend_count
FAILURES = {
    "unauthorized": ([Answer(status=401)], "openai.AuthenticationError", 401, None),
    "bad request": ([Answer(status=400)], "openai.BadRequestError", 400, None),
    "not found": ([Answer(status=404)], "openai.NotFoundError", 404, None),
    "rate limited": ([BUSY, BUSY, BUSY], "openai.RateLimitError", 429, 2),
    "server error": ([BROKEN, BROKEN, BROKEN], "openai.InternalServerError", 500, 2),
    "busy, then unauthorized": ([BUSY, Answer(status=401)], "openai.AuthenticationError", 401, 1),
}
FREE_OF_FAILURE = {
    "at once": ([OK], 200, None),
    "after one": ([BUSY, OK], 200, 1),
    "after two of other kinds": ([BUSY, BROKEN, OK], 200, 2),
}


@pytest.fixture
def said_of_it(spans):
    def of(*names):
        (span,) = spans.get_finished_spans()
        return tuple(span.attributes.get(name) for name in names)

    return of


FACTS = (conventions.ERROR_TYPE, conventions.HTTP_STATUS_CODE, conventions.HTTP_RESEND_COUNT)


@pytest.mark.parametrize("steps", [create, stream])
@pytest.mark.parametrize("failure", FAILURES)
def test_a_failure_is_raised_as_by_the_bare_sdk(api, scope, kind, steps, failure):
    answers = FAILURES[failure][0]
    with not_instrumented(), FakeOpenAI() as bare_api:
        bare = outcome(steps, kind, bare_api, *answers)
    assert outcome(steps, kind, api, *answers) == bare
    assert booked(scope) == billed(api.bill)


@pytest.mark.parametrize("steps", [create, stream])
@pytest.mark.parametrize("failure", FAILURES)
def test_a_failure_is_told_by_class_status_and_resends(api, scope, kind, said_of_it, steps, failure):
    answers, *expected = FAILURES[failure]
    outcome(steps, kind, api, *answers)
    assert said_of_it(*FACTS) == tuple(expected)
    sums = taken(scope)
    assert (sums.calls, sums.failed_calls, sums.retries) == (0, 1, expected[2] or 0)


@pytest.mark.parametrize("success", FREE_OF_FAILURE)
def test_a_call_that_succeeds_in_the_end_is_one_call_with_its_retries(api, scope, kind, said_of_it, success):
    answers, *expected = FREE_OF_FAILURE[success]
    outcome(create, kind, api, *answers)
    assert said_of_it(*FACTS) == (None, *expected)
    sums = taken(scope)
    assert (sums.calls, sums.failed_calls, sums.retries) == (1, 0, expected[1] or 0)
    assert sums.usage.total_tokens == api.bill.usage.total_tokens


def test_a_stream_that_begins_after_a_retry_tells_it(api, scope, kind, said_of_it):
    outcome(stream, kind, api, BUSY, OK)
    assert said_of_it(*FACTS) == (None, 200, 1)
    assert taken(scope).retries == 1


def test_a_connection_that_is_reset_is_a_failure_without_a_status(api, scope, kind, said_of_it):
    result = outcome(create, kind, api, RESET, RESET, max_retries=1).result
    assert result == (openai.APIConnectionError, "Connection error.")
    assert said_of_it(*FACTS) == ("openai.APIConnectionError", None, 1)
    sums = taken(scope)
    assert (sums.calls, sums.failed_calls, sums.retries) == (0, 1, 1)


def test_a_timeout_is_a_failure_without_a_status(api, scope, kind, said_of_it):
    result = outcome(create, kind, api, Answer(hang=60), max_retries=0, timeout=0.1).result
    assert result == (openai.APITimeoutError, "Request timed out.")
    assert said_of_it(*FACTS) == ("openai.APITimeoutError", None, None)
    assert taken(scope).failed_calls == 1


def test_an_answer_that_is_no_json_is_a_call_without_usage_that_failed(api, scope, kind, said_of_it):
    used = Usage(input_tokens=5, output_tokens=2)
    result = outcome(create, kind, api, Answer(malformed=True, usage=used)).result
    assert said_of_it(*FACTS) == (f"json.decoder.{result[0].__name__}", 200, None)
    sums = taken(scope)
    assert (sums.calls, sums.calls_without_usage, sums.failed_calls) == (1, 1, 1)


def test_an_html_page_is_a_call_without_usage(api, scope, kind):
    answer = Answer(raw=("text/html", b"<html>maintenance</html>"))
    assert outcome(create, kind, api, answer).result == "<html>maintenance</html>"
    sums = taken(scope)
    assert (sums.calls, sums.calls_without_usage, sums.failed_calls) == (1, 1, 0)


def test_json_that_is_called_something_else_is_booked_where_the_sdk_reads_it(api, scope, kind):
    body = b'{"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}}'
    used = Usage(input_tokens=5, output_tokens=2, total_tokens=7)
    outcome(create, kind, api, Answer(raw=("text/plain", body), usage=used))
    assert booked(scope) == billed(api.bill)


def test_an_answer_too_long_to_be_parsed_is_billed_and_failed(api, scope, kind, said_of_it):
    async def parse(client):
        return await got(client.chat.completions.parse(**CHAT, response_format=Capital))

    result = outcome(parse, kind, api, Answer(text="{", finish_reason="length")).result
    assert result[0] is openai.LengthFinishReasonError
    assert said_of_it(*FACTS) == ("openai.LengthFinishReasonError", 200, None)
    assert booked(scope) == billed(api.bill)


def test_bad_arguments_make_no_call(api, scope, spans, kind):
    async def nothing(client):
        return await got(client.chat.completions.create(model=MODEL))

    with not_instrumented():
        bare = outcome(nothing, kind, api)
    assert outcome(nothing, kind, api) == bare
    assert spans.get_finished_spans() == ()
    assert taken(scope).failed_calls == 0


def test_a_body_that_cannot_be_sent_fails_as_with_the_bare_sdk(api, scope, kind, said_of_it):
    async def unsendable(client):
        return await got(client.chat.completions.create(model=MODEL, messages=[{"role": object()}]))

    with not_instrumented():
        bare = outcome(unsendable, kind, api)
    assert outcome(unsendable, kind, api) == bare
    assert said_of_it(*FACTS) == ("TypeError", None, None)
    assert taken(scope).failed_calls == 1


def test_json_too_deep_to_be_read_is_the_users_to_handle(api, scope, kind):
    async def raw(client):
        return (await got(client.chat.completions.with_raw_response.create(**CHAT))).content

    api.script(Answer(raw=("application/json", DEEP)))
    assert run(raw, kind, api) == DEEP
    assert taken(scope).calls_without_usage == 1


def test_json_too_deep_to_be_parsed_raises_as_with_the_bare_sdk(api, scope, kind):
    answer = Answer(raw=("application/json", DEEP))
    with not_instrumented():
        bare = outcome(create, kind, api, answer).result
    assert outcome(create, kind, api, answer).result == bare
    assert taken(scope).calls_without_usage == 1
