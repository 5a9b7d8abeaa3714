"""Errors, broken connections, broken answers."""

import http.client
import json
import time
from urllib.parse import urlsplit

import openai
import pytest

from dagster_openai_otel.testing import Answer, FakeOpenAI

MODEL = "gpt-4o-mini"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError),
        (409, openai.ConflictError),
        (422, openai.UnprocessableEntityError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (503, openai.InternalServerError),
    ],
)
def test_a_scripted_status_raises_the_error_of_the_sdk(api, hasty_client, hello, status, error):
    api.script(Answer(status=status))
    with pytest.raises(error):
        hasty_client.chat.completions.create(model=MODEL, messages=hello)
    assert api.bill.calls == ()


def test_the_body_of_an_error_can_be_scripted(api, hasty_client, hello):
    api.script(Answer(status=400, error_code="too_long", error_type="bad", error_message="Too long."))
    with pytest.raises(openai.BadRequestError, match="Too long") as raised:
        hasty_client.chat.completions.create(model=MODEL, messages=hello)
    assert (raised.value.code, raised.value.type) == ("too_long", "bad")


def test_a_call_that_succeeds_at_the_third_attempt_is_billed_once(api, client, hello):
    api.script(Answer(status=429, retry_after=0.01), Answer(status=500, retry_after=0.01))
    client.chat.completions.create(model=MODEL, messages=hello)
    assert [call.request for call in api.bill.calls] == [2]


def test_retry_after_goes_out_in_seconds_and_in_milliseconds(api, hasty_client, hello):
    api.script(Answer(status=429, retry_after=1.5))
    with pytest.raises(openai.RateLimitError) as raised:
        hasty_client.chat.completions.create(model=MODEL, messages=hello)
    headers = raised.value.response.headers
    assert (headers["retry-after"], headers["retry-after-ms"]) == ("1.5", "1500")


def test_a_reset_connection_is_a_connection_error_and_free(api, hasty_client, hello):
    api.script(Answer(reset=True))
    with pytest.raises(openai.APIConnectionError):
        hasty_client.chat.completions.create(model=MODEL, messages=hello)
    assert api.bill.calls == ()


def test_a_reset_connection_is_closed_with_rst(api, connection):
    api.script(Answer(reset=True))
    connection.request("GET", "/v1/models", headers={"authorization": "Bearer x"})
    with pytest.raises(ConnectionResetError):
        connection.getresponse()


def test_the_sdk_recovers_from_a_reset(api, client, hello):
    api.script(Answer(reset=True), Answer(text="Oslo"))
    completion = client.chat.completions.create(model=MODEL, messages=hello)
    assert completion.choices[0].message.content == "Oslo"


def test_a_client_that_gives_up_on_a_silent_server_pays_nothing(api, hasty_client, hello):
    api.script(Answer(hang=30))
    with pytest.raises(openai.APITimeoutError):
        hasty_client.chat.completions.create(model=MODEL, messages=hello, timeout=0.1)
    hasty_client.chat.completions.create(model=MODEL, messages=hello)
    assert [call.request for call in api.bill.calls] == [1]


def test_a_client_that_waits_out_the_silence_gets_its_answer(api, hasty_client, hello):
    api.script(Answer(hang=0.1, text="Oslo"))
    completion = hasty_client.chat.completions.create(model=MODEL, messages=hello)
    assert completion.choices[0].message.content == "Oslo"


def test_a_silent_server_stops_at_once(hello):
    server = FakeOpenAI(answer=lambda _: Answer(hang=60)).start()
    port = urlsplit(server.base_url).port
    connection = http.client.HTTPConnection("127.0.0.1", port)
    body = json.dumps({"model": MODEL, "messages": hello})
    connection.request("POST", "/v1/chat/completions", body, {"authorization": "Bearer x"})
    while not server.requests:
        time.sleep(0.001)
    start = time.monotonic()
    server.stop()
    assert time.monotonic() - start < 2
    assert server.bill.calls == ()
    connection.close()


def test_malformed_json_is_not_billed(api, hasty_client, hello):
    api.script(Answer(malformed=True))
    with pytest.raises((openai.APIResponseValidationError, json.JSONDecodeError)):
        hasty_client.chat.completions.create(model=MODEL, messages=hello)
    assert api.bill.calls == ()


def test_a_page_of_html_can_be_served_with_a_status(api, hasty_client, hello):
    api.script(Answer(status=502, raw=("text/html", b"<html>Bad gateway</html>")))
    with pytest.raises(openai.InternalServerError) as raised:
        hasty_client.chat.completions.create(model=MODEL, messages=hello)
    assert raised.value.response.text == "<html>Bad gateway</html>"


def test_a_call_without_a_key_is_refused(connection):
    connection.request("GET", "/v1/models")
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["error"]["code"]) == (401, "invalid_api_key")


def test_an_unknown_path_is_not_found(client):
    with pytest.raises(openai.NotFoundError, match=r"Invalid URL \(POST /v1/nowhere\)"):
        client.post("/nowhere", body={}, cast_to=object)


def test_a_body_that_is_no_json_is_refused(connection):
    connection.request("POST", "/v1/responses", b"{", {"authorization": "Bearer x"})
    answer = connection.getresponse()
    assert (answer.status, b"JSON body" in answer.read()) == (400, True)


def test_a_call_without_a_model_is_refused(client):
    with pytest.raises(openai.BadRequestError, match="model parameter"):
        client.post("/responses", body={"input": "?"}, cast_to=object)


def test_what_the_server_cannot_answer_is_told_and_not_tried_again(api, client):
    with pytest.raises(openai.InternalServerError, match="FakeOpenAI cannot answer"):
        client.post("/embeddings", body={"model": MODEL, "input": [None]}, cast_to=object)
    assert len(api.requests) == 1
