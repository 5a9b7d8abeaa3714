"""What stands on the span of a request: names, types and values, one endpoint at a time."""

import openai
import pytest
from opentelemetry.trace import SpanKind, StatusCode

from dagster_openai_otel.testing import Answer
from dagster_openai_otel.usage import Usage
from tests.calls.books import taken
from tests.calls.clients import KINDS, azure_client, run, sync_client
from tests.calls.either import all_of, got
from tests.calls.ways import MESSAGES, MODEL

USED = Usage(
    input_tokens=50,
    output_tokens=20,
    total_tokens=70,
    cached_input_tokens=30,
    cache_write_tokens=10,
    reasoning_tokens=5,
)
TEXT_USAGE = {
    "openai.usage.input_tokens": 50,
    "openai.usage.output_tokens": 20,
    "openai.usage.total_tokens": 70,
    "openai.usage.cached_input_tokens": 30,
    "openai.usage.cache_write_tokens": 10,
    "openai.usage.reasoning_tokens": 5,
}
GENAI_USAGE = {
    "gen_ai.usage.input_tokens": 50,
    "gen_ai.usage.output_tokens": 20,
    "gen_ai.usage.cache_read.input_tokens": 30,
    "gen_ai.usage.cache_write.input_tokens": 10,
    "gen_ai.usage.reasoning.output_tokens": 5,
}


@pytest.fixture
def only_span(api, scope, spans):
    """The only span that was exported, with its attributes, of which the server's are taken out."""

    def of():
        (span,) = spans.get_finished_spans()
        attributes = dict(span.attributes)
        assert attributes.pop("server.address") == "127.0.0.1"
        assert attributes.pop("server.port") == int(api.base_url.split(":")[2].split("/")[0])
        taken(scope)
        return span, attributes

    return of


@pytest.mark.parametrize("kind", KINDS)
def test_a_chat_span_is_a_genai_client_span(api, only_span, kind):
    async def steps(client):
        return await got(client.chat.completions.create(model=MODEL, messages=MESSAGES, service_tier="flex"))

    api.script(Answer(usage=USED, finish_reason="length"))
    run(steps, kind, api)
    span, attributes = only_span()
    cost = attributes.pop("openai.cost_usd")
    assert (span.name, span.kind, span.status.status_code) == (
        "chat gpt-5-mini",
        SpanKind.CLIENT,
        StatusCode.UNSET,
    )
    assert cost == float(api.bill.cost_usd)
    assert attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-5-mini",
        "gen_ai.response.model": "gpt-5-mini-2025-08-07",
        "gen_ai.response.id": "chatcmpl-000000000000",
        "gen_ai.response.finish_reasons": ("length",),
        **GENAI_USAGE,
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "url.template": "/chat/completions",
        "openai.api.type": "chat_completions",
        "openai.request.service_tier": "flex",
        "openai.response.service_tier": "flex",
        "openai.call": True,
        "openai.model": "gpt-5-mini-2025-08-07",
        **TEXT_USAGE,
    }


@pytest.mark.parametrize("kind", KINDS)
def test_the_span_of_a_chat_stream_says_so(api, only_span, kind):
    async def steps(client):
        wanted = {"stream": True, "stream_options": {"include_usage": True}, "n": 2}
        return await all_of(
            await got(client.chat.completions.create(model=MODEL, messages=MESSAGES, **wanted))
        )

    api.script(Answer(usage=USED))
    run(steps, kind, api)
    span, attributes = only_span()
    assert span.name == "chat gpt-5-mini"
    assert attributes.pop("openai.cost_usd") == float(api.bill.cost_usd)
    assert type(attributes.pop("gen_ai.response.time_to_first_chunk")) is float
    assert attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-5-mini",
        "gen_ai.request.stream": True,
        "gen_ai.response.model": "gpt-5-mini-2025-08-07",
        "gen_ai.response.id": "chatcmpl-000000000000",
        "gen_ai.response.finish_reasons": ("stop", "stop"),
        **GENAI_USAGE,
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "url.template": "/chat/completions",
        "openai.api.type": "chat_completions",
        "openai.response.service_tier": "default",
        "openai.call": True,
        "openai.model": "gpt-5-mini-2025-08-07",
        **TEXT_USAGE,
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stream", [False, True])
def test_a_response_span_is_a_genai_client_span(api, only_span, kind, stream):
    async def steps(client):
        answer = await got(client.responses.create(model=MODEL, input="Oslo?", stream=stream))
        return await all_of(answer) if stream else answer

    api.script(Answer(usage=USED))
    run(steps, kind, api)
    span, attributes = only_span()
    assert (span.name, span.kind) == ("chat gpt-5-mini", SpanKind.CLIENT)
    assert attributes.pop("openai.cost_usd") == float(api.bill.cost_usd)
    assert (attributes.pop("gen_ai.response.time_to_first_chunk", None) is not None) == stream
    assert attributes.pop("gen_ai.request.stream", False) is stream
    assert attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-5-mini",
        "gen_ai.response.model": "gpt-5-mini-2025-08-07",
        "gen_ai.response.id": "resp_000000000000",
        "gen_ai.response.finish_reasons": ("completed",),
        **GENAI_USAGE,
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "url.template": "/responses",
        "openai.api.type": "responses",
        "openai.response.service_tier": "default",
        "openai.call": True,
        "openai.model": "gpt-5-mini-2025-08-07",
        **TEXT_USAGE,
    }


def test_an_embeddings_span_is_a_genai_client_span(api, only_span):
    with sync_client(api) as client:
        client.embeddings.create(model="text-embedding-3-small", input=["Oslo", "Bergen"])
    span, attributes = only_span()
    tokens = api.bill.usage.input_tokens
    assert (span.name, span.kind) == ("embeddings text-embedding-3-small", SpanKind.CLIENT)
    assert attributes == {
        "gen_ai.operation.name": "embeddings",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "text-embedding-3-small",
        "gen_ai.response.model": "text-embedding-3-small",
        "gen_ai.usage.input_tokens": tokens,
        "gen_ai.usage.output_tokens": 0,
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "url.template": "/embeddings",
        "openai.call": True,
        "openai.model": "text-embedding-3-small",
        "openai.usage.input_tokens": tokens,
        "openai.usage.output_tokens": 0,
        "openai.usage.total_tokens": tokens,
        "openai.cost_usd": float(api.bill.cost_usd),
    }


def test_a_span_of_azure_names_its_provider_and_no_deployment_in_its_path(api, only_span):
    with azure_client(api) as client:
        client.chat.completions.create(model="gpt-5-mini", messages=MESSAGES)
    span, attributes = only_span()
    assert span.name == "chat gpt-5-mini"
    assert attributes["gen_ai.provider.name"] == "azure.ai.openai"
    assert attributes["url.template"] == "/chat/completions"
    assert api.requests[0].path == "/openai/deployments/gpt-5-mini/chat/completions"


def test_a_span_of_an_error_says_no_more_than_its_class_and_status(api, only_span):
    api.script(Answer(status=401, error_message="Your key sk-123 is wrong."))
    with sync_client(api) as client, pytest.raises(openai.AuthenticationError):
        client.chat.completions.create(model=MODEL, messages=MESSAGES)
    span, attributes = only_span()
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "AuthenticationError")
    assert span.events == ()
    assert attributes == {
        "error.type": "openai.AuthenticationError",
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-5-mini",
        "http.request.method": "POST",
        "http.response.status_code": 401,
        "url.template": "/chat/completions",
        "openai.api.type": "chat_completions",
        "openai.model": "gpt-5-mini",
    }


def test_a_span_of_a_free_request_is_no_call(api, only_span):
    with sync_client(api) as client:
        client.models.list()
    span, attributes = only_span()
    assert (span.name, span.kind) == ("GET /models", SpanKind.CLIENT)
    assert attributes == {
        "gen_ai.provider.name": "openai",
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "url.template": "/models",
    }


def test_a_free_request_with_an_id_in_its_path_has_a_name_without_it(api, scope, spans):
    with sync_client(api) as client:
        response = client.responses.create(model=MODEL, input="Oslo?")
        client.responses.retrieve(response.id)
        client.responses.delete(response.id)
    names = [span.name for span in spans.get_finished_spans()]
    assert names == ["chat gpt-5-mini", "GET /responses/{id}", "DELETE /responses/{id}"]
    assert taken(scope).calls == 1


def test_a_token_count_is_an_int_also_where_the_server_sends_a_float(api, scope, spans):
    body = b'{"usage": {"prompt_tokens": 5.0, "completion_tokens": 2.0, "total_tokens": 7.0}}'
    api.script(Answer(raw=("application/json", body)))
    with sync_client(api) as client:
        client.chat.completions.with_raw_response.create(model=MODEL, messages=MESSAGES)
    (span,) = spans.get_finished_spans()
    counts = [value for name, value in span.attributes.items() if name.startswith("openai.usage.")]
    assert [(type(count), count) for count in counts] == [(int, 5), (int, 2), (int, 7)]
    assert taken(scope).usage.total_tokens == 7
