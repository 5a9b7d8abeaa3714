"""What other code puts on its spans, and must not reach Jaeger."""

import pytest
from opentelemetry.trace import Status, StatusCode

from tests.collector.programs import Collector, Jaeger
from tests.collector.spans import sending, trace_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

KEY = "sk-proj-" + "canary0123456789" * 2
MASKED = {
    "gen_ai.input.messages": '[{"role": "user", "content": "canary"}]',
    "gen_ai.output.messages": '[{"content": "canary"}]',
    "gen_ai.system_instructions": "canary",
    "gen_ai.prompt.0.content": "canary",
    "gen_ai.completion.0.content": "canary",
    "gen_ai.tool.call.arguments": "canary",
    "llm.input_messages.0.message.content": "canary",
    "llm.prompts": ["canary", "canary"],
    "traceloop.entity.input": "canary",
    "input.value": "canary",
    "output.value": "canary\ncanary",
    "http.request.header.authorization": ["Bearer canary-canary"],
    "http.request.header.x-any": "canary",
    "Authorization": "canary-canary",
    "my.api_key": "canary",
    "cookie": "canary",
    "plain.key": f"it is {KEY}, keep it",
    "plain.list": [KEY],
    "plain.bearer": "bearer canarycanary",
    "plain.jwt": "eyJhbGciOiJIUzI1NiJ9canary.eyJzdWIiOiIxIn0canary.c2lnbmF0dXJlcanary",
}


def test_prompts_and_keys_on_spans_of_other_code_do_not_reach_jaeger(collector: Collector, jaeger: Jaeger):
    with (
        sending(collector.http, **{"resource.key": KEY, "gen_ai.prompt": "canary"}) as tracer,
        tracer.start_as_current_span(f"ask {KEY}", attributes=MASKED) as span,
    ):
        span.set_attribute("plain", "kept")
        span.set_attribute("gen_ai.usage.input_tokens", 7)
        span.add_event("gen_ai.user.message", {"content": "canary", "kept": "kept too"})
        span.record_exception(ValueError("canary"))
        span.set_status(Status(StatusCode.ERROR, "ValueError: canary"))

    (told,) = jaeger.whole(trace_of(span), 1)["spans"]
    tags = {tag["key"]: tag["value"] for tag in told["tags"]}
    assert "canary" not in str(jaeger.trace(trace_of(span)))
    assert told["operationName"] == "ask ****"
    assert (tags["plain"], tags["gen_ai.usage.input_tokens"]) == ("kept", 7)
    assert tags["otel.status_description"] == "****"
    assert sorted(tags["redaction.masked.keys"].split(",")) == sorted(MASKED)
    assert "kept too" in str(told["logs"])


def test_what_the_library_says_passes_the_wall(collector: Collector, jaeger: Jaeger):
    said = {
        "dagster.asset_key": "risk-assessment-of-the-very-long-name",
        "openai.model": "gpt-5-mini",
        "openai.usage_beside": '[{"openai.model": "gpt-4o-mini-transcribe"}]',
        "gen_ai.response.id": "chatcmpl-0123456789abcdef0123456789",
    }
    with (
        sending(collector.http, "dagster_openai_otel.calls") as tracer,
        tracer.start_as_current_span("chat gpt-5-mini", attributes=said) as span,
    ):
        span.set_status(Status(StatusCode.ERROR, "RateLimitError of the API"))

    (told,) = jaeger.whole(trace_of(span), 1)["spans"]
    tags = {tag["key"]: tag["value"] for tag in told["tags"]}
    assert tags | said == tags
    assert tags["otel.status_description"] == "RateLimitError of the API"
