"""What goes over the wire below the endpoints: recorded answers, compression, chunked bodies."""

import json
import time

from dagster_openai_otel.testing import Answer
from dagster_openai_otel.usage import Usage

MODEL = "gpt-4o-mini"
RECORDED = {
    "id": "chatcmpl-recorded",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o-mini-2024-07-18",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Oslo"}}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
}
RECORDED_STREAM = (
    b'data: {"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":'
    b'[{"index":0,"delta":{"content":"Oslo"},"finish_reason":null}]}\n\n'
    b'data: {"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[],'
    b'"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}\n\n'
    b"data: [DONE]\n\n"
)


def test_a_recorded_answer_is_served_verbatim_and_free(api, client, hello):
    api.script(Answer(raw=("application/json", json.dumps(RECORDED).encode())))
    completion = client.chat.completions.create(model=MODEL, messages=hello)
    assert completion.to_dict() == RECORDED
    assert api.bill.calls == ()


def test_a_recorded_answer_is_billed_as_its_usage_says(api, client, hello):
    usage = Usage(input_tokens=5, output_tokens=2)
    api.script(Answer(raw=("application/json", json.dumps(RECORDED).encode()), usage=usage))
    client.chat.completions.create(model=MODEL, messages=hello)
    (call,) = api.bill.calls
    assert (call.usage.total_tokens, call.reported, call.model) == (7, True, "gpt-4o-mini-2024-07-18")


def test_a_recorded_stream_is_served_event_by_event(api, client, hello):
    api.script(Answer(raw=("text/event-stream", RECORDED_STREAM), usage=Usage(input_tokens=5)))
    chunks = list(client.chat.completions.create(model=MODEL, messages=hello, stream=True))
    assert [chunk.usage is None for chunk in chunks] == [True, False]
    assert api.bill.calls[0].reported is True


def test_a_recorded_stream_can_be_cut(api, client, hello):
    answer = Answer(raw=("text/event-stream", RECORDED_STREAM), usage=Usage(input_tokens=5), cut_after=1)
    api.script(answer)
    chunks = client.chat.completions.create(model=MODEL, messages=hello, stream=True)
    assert next(chunks).choices[0].delta.content == "Oslo"
    chunks.close()
    assert api.bill.calls[0].reported is False


def test_a_gzipped_answer_is_read(api, client, hello):
    api.script(Answer(text="Oslo", gzip=True))
    response = client.chat.completions.with_raw_response.create(model=MODEL, messages=hello)
    assert response.headers["content-encoding"] == "gzip"
    assert response.parse().choices[0].message.content == "Oslo"


def test_scripted_headers_win(api, client, hello):
    api.script(Answer(headers={"X-Request-Id": "mine", "x-extra": "1"}))
    response = client.chat.completions.with_raw_response.create(model=MODEL, messages=hello)
    assert (response.headers["x-request-id"], response.headers["x-extra"]) == ("mine", "1")


def test_a_request_body_may_come_in_chunks(connection):
    body = json.dumps({"model": MODEL, "input": "Oslo"}).encode()
    parts = iter([body[:10], body[10:]])
    connection.request("POST", "/v1/responses", parts, {"authorization": "Bearer x"}, encode_chunked=True)
    assert json.loads(connection.getresponse().read())["object"] == "response"


def test_one_connection_serves_many_requests(connection):
    for _ in range(3):
        connection.request("GET", "/v1/models", headers={"authorization": "Bearer x"})
        before = connection.sock
        connection.getresponse().read()
    assert connection.sock is before


def test_the_models_are_listed_for_free(api, client):
    names = [model.id for model in client.models.list()]
    assert "gpt-4o-mini" in names
    assert client.models.retrieve("my-model").id == "my-model"
    assert api.bill.calls == ()


def test_head_is_not_served(connection):
    connection.request("HEAD", "/v1/models", headers={"authorization": "Bearer x"})
    assert connection.getresponse().status == 501


def test_an_unusual_status_is_served(api, connection):
    api.script(Answer(status=599))
    connection.request("GET", "/v1/models")
    assert connection.getresponse().status == 599


def test_a_request_that_comes_before_the_answer_to_the_last_is_answered_too(api, connection):
    api.script(Answer(hang=0.1, status=500), Answer(status=501))
    connection.connect()
    for number in range(2):
        connection.sock.sendall(b"GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n")
        while len(api.requests) == number == 0:
            time.sleep(0.001)
    seen = b""
    while b"501 Not Implemented" not in seen:
        seen += connection.sock.recv(65536)
    assert seen.startswith(b"HTTP/1.1 500 ")


def test_an_answer_that_could_not_be_written_is_billed_but_not_reported(api, connection):
    api.script(Answer(text="x" * 50_000_000))
    body = json.dumps({"model": MODEL, "input": "?"})
    connection.request("POST", "/v1/responses", body, {"authorization": "Bearer x"})
    while not api.bill.calls:
        time.sleep(0.001)
    api.stop()
    assert [call.reported for call in api.bill.calls] == [False]
