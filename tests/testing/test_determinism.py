"""The same program gets the same bytes."""

import http.client
import json
from urllib.parse import urlsplit

from dagster_openai_otel.testing import Answer, FakeOpenAI

CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello there"}], "n": 2}
STREAM = {"stream": True, "stream_options": {"include_usage": True}}
PROGRAM = [
    ("POST", "/v1/chat/completions", CHAT),
    ("POST", "/v1/chat/completions", CHAT | STREAM),
    ("POST", "/v1/responses", {"model": "gpt-5-mini", "input": "Hello"}),
    ("POST", "/v1/responses", {"model": "gpt-5-mini", "input": "Hello", "stream": True}),
    ("POST", "/v1/responses", {"model": "gpt-5-mini", "input": "Hello", "background": True}),
    ("GET", "/v1/responses/resp_000000000004", None),
    ("POST", "/v1/embeddings", {"model": "text-embedding-3-small", "input": ["a", "b"]}),
    ("POST", "/v1/completions", {"model": "gpt-3.5-turbo-instruct", "prompt": "Hello"}),
    ("POST", "/v1/images/generations", {"model": "gpt-image-1", "prompt": "Hello", "stream": True}),
    ("POST", "/v1/audio/speech", {"model": "tts-1", "input": "Hello"}),
    ("POST", "/v1/threads/runs", {"assistant_id": "asst_1", "stream": True}),
    ("POST", "/v1/responses/compact", {"model": "gpt-5-mini", "input": "Hello"}),
    ("POST", "/v1/batches", {"input_file_id": "file-1", "endpoint": "/v1/responses"}),
    ("GET", "/v1/batches", None),
    ("GET", "/v1/models", None),
    ("POST", "/v1/nowhere", {}),
]


def run(program):
    """Run the program against a new server; give back every header and body, and the ledger."""
    answers = []
    with FakeOpenAI() as server:
        port = urlsplit(server.base_url).port
        connection = http.client.HTTPConnection("127.0.0.1", port)
        server.script(Answer(gzip=True))
        for method, path, body in program:
            sent = None if body is None else json.dumps(body)
            connection.request(method, path, sent, {"authorization": "Bearer x"})
            answer = connection.getresponse()
            answers.append((answer.status, answer.getheaders(), answer.read()))
        connection.close()
    return answers, server.bill.calls


def test_two_servers_answer_the_same_program_with_the_same_bytes():
    assert run(PROGRAM) == run(PROGRAM)


def test_ids_follow_the_order_of_arrival():
    answers, _ = run(PROGRAM[2:3] * 3)
    ids = [dict(headers)["x-request-id"] for _, headers, _ in answers]
    assert ids == ["req_000000000000", "req_000000000001", "req_000000000002"]
