"""What Traceloop's instrumentor puts on spans and sends to the API, which the library mends.

Each test shows a fault as it comes, and fails when upstream has cured it, and that it is gone as we drive it.
"""

from typing import Any

import pytest

from dagster_openai_otel.testing import Answer
from tests.calls.clients import http, trusted
from tests.calls.either import got
from tests.calls.traceloops import Seen, asking, assert_mended, ours, ours_with_content, seen
from tests.calls.ways import CHAT, MODEL

CANARY = "canary-7f3a"
SCHEMA = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"title": CANARY}}}


def shows_the_canary(came: Seen) -> bool:
    assert came.spans
    return any(CANARY in span.to_json() for span in came.spans)


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize(
    "steps",
    [
        asking("chat.completions.create", model=MODEL, messages=[{"role": "user", "content": CANARY}]),
        asking("completions.create", model="gpt-3.5-turbo-instruct", prompt=CANARY),
        asking("embeddings.create", model="text-embedding-3-small", input=CANARY),
    ],
    ids=["chat", "completion", "embeddings"],
)
def test_prompts_go_on_spans_unasked(steps, kind):
    assert_mended("TRACELOOP_TRACE_CONTENT=false", shows_the_canary, steps, kind=kind)


def test_completions_go_on_spans_unasked():
    steps = asking("chat.completions.create", **CHAT)
    assert_mended("TRACELOOP_TRACE_CONTENT=false", shows_the_canary, steps, Answer(text=CANARY))


@pytest.mark.parametrize(
    ("mend", "arguments"),
    [
        ("gen_ai.headers", {"extra_headers": {"authorization": CANARY}}),
        ("gen_ai.user", {"user": CANARY}),
        ("gen_ai.request.structured_output_schema", {"response_format": SCHEMA}),
    ],
)
def test_what_a_request_names_goes_on_spans_though_content_is_off(monkeypatch, mend, arguments):
    monkeypatch.setenv("TRACELOOP_TRACE_CONTENT", "false")
    assert_mended(mend, shows_the_canary, asking("chat.completions.create", **CHAT, **arguments))


def test_the_text_of_an_error_goes_on_spans_though_content_is_off(monkeypatch):
    monkeypatch.setenv("TRACELOOP_TRACE_CONTENT", "false")
    steps = asking("chat.completions.create", **CHAT)
    refused = Answer(status=400, error_message=CANARY)
    assert_mended("shielded set_status", says_the_canary, steps, refused)
    assert_mended("shielded record_exception", records_the_canary, steps, refused)
    (span,) = seen(ours, steps, refused).spans
    assert span.attributes["error.type"] == "BadRequestError"


def says_the_canary(came: Seen) -> bool:
    return any(CANARY in (span.status.description or "") for span in came.spans)


def records_the_canary(came: Seen) -> bool:
    return any(CANARY in str(dict(event.attributes)) for span in came.spans for event in span.events)


def answered(client_url: str) -> dict[str, Any]:
    """A client whose URL holds a password, and whose transport answers by itself."""
    body = {"id": "a", "object": "chat.completion", "created": 1, "model": MODEL, "choices": []}
    transport = http.MockTransport(lambda request: http.Response(200, json=body))
    return {"base_url": client_url, "http_client": http.Client(transport=transport, verify=trusted())}


def test_the_password_in_a_url_goes_on_spans():
    assert_mended(
        "gen_ai.openai.api_base",
        shows_the_canary,
        asking("chat.completions.create", **CHAT),
        **answered(f"https://user:{CANARY}@gateway.example/v1"),
    )


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_trace_context_is_sent_to_the_api_and_written_into_the_headers_of_the_caller(kind):
    def is_told(came: Seen) -> bool:
        return "traceparent" in came.result and "traceparent" in came.requests[0].headers

    async def steps(client: Any) -> Any:
        headers = {"x-own": "1"}
        await got(client.chat.completions.create(**CHAT, extra_headers=headers))
        return list(headers)

    assert_mended("enable_trace_context_propagation=False", is_told, steps, kind=kind)


def test_a_picture_in_a_prompt_costs_the_prompt_on_the_span():
    def lacks_the_prompt(came: Seen) -> bool:
        (span,) = came.spans
        return CANARY not in span.attributes.get("gen_ai.input.messages", "")

    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGVsbG8="}}
    content = [{"type": "text", "text": CANARY}, picture]
    steps = asking("chat.completions.create", model=MODEL, messages=[{"role": "user", "content": content}])
    assert_mended("upload_base64_image", lacks_the_prompt, steps, driving=ours_with_content)
    (span,) = seen(ours_with_content, steps).spans
    assert "aGVsbG8=" not in span.to_json()
