"""What a request asks for, and how its span says so."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.util.types import AttributeValue

from dagster_openai_otel import conventions
from dagster_openai_otel.calls.content import input_messages, system_instructions
from dagster_openai_otel.calls.counts import value_of
from dagster_openai_otel.calls.endpoints import Endpoint, endpoint_of
from dagster_openai_otel.calls.stream_usage import is_azure
from dagster_openai_otel.calls.streams import Form
from dagster_openai_otel.calls.traceloop import has_span_later
from dagster_openai_otel.faults import guarded

_GENAI_OPERATIONS = {"chat", "text_completion", "embeddings", "generate_content"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request asks for."""

    endpoint: Endpoint
    method: str
    """HTTP method in capitals."""
    model: str | None
    """The model or Azure deployment that was asked for."""
    provider: str
    """genai-prices' id of the provider: `openai` or `azure`."""
    alone: bool
    """Whether no span of another GenAI instrumentation stands around it."""
    form: Form = "as told"
    """How the SDK takes the body of the answer."""
    content: bool = False
    """Whether prompt and completion go on the span."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """What `request` of the SDK was called with."""

    options: Any
    """The SDK's `FinalRequestOptions`."""
    body: object
    """The body that the SDK sends, with the user's `extra_body` in it."""
    cast_to: Any
    """What the SDK makes of the answer."""
    stream: bool
    """Whether the SDK reads the answer as a stream of events."""


def called_with(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Called:
    """What `request` was called with; nothing of it is changed."""
    options = args[1] if len(args) > 1 else kwargs["options"]
    body, extra = options.json_data, getattr(options, "extra_json", None)
    if isinstance(extra, Mapping):
        body = {**body, **extra} if isinstance(body, Mapping) else extra
    cast_to = args[0] if args else kwargs["cast_to"]
    return Called(options=options, body=body, cast_to=cast_to, stream=kwargs.get("stream") is True)


def asked_of(client: Any, called: Called, context: Context, *, content: bool) -> Asked:
    """What a request asks for.

    Args:
        client: The client that sends it.
        called: What `request` was called with.
        context: Where it is sent from.
        content: Whether prompts and completions go on spans.
    """
    options = called.options
    endpoint = endpoint_of(options.method, str(options.url))
    model = None
    with guarded("the model that a request asks for"):
        model = value_of(called.body, "model")
    around = getattr(trace.get_current_span(context), "attributes", None) or {}
    alone = around.get(conventions.GEN_AI_OPERATION_NAME) not in _GENAI_OPERATIONS
    alone = alone and not has_span_later(endpoint)
    return Asked(
        endpoint=endpoint,
        method=options.method.upper(),
        model=model if isinstance(model, str) else None,
        provider="azure" if is_azure(client) else "openai",
        alone=alone,
        form=_form_of(endpoint, called),
        content=content and alone,
    )


def _form_of(endpoint: Endpoint, called: Called) -> Form:
    """How the SDK takes the answer: where it streams, or wants a model, no content type changes that."""
    if endpoint.method == "GET" and not endpoint.job:
        return "uncounted"
    if called.stream:
        return "events"
    return "json" if hasattr(called.cast_to, "model_fields") else "as told"


def name_of(asked: Asked) -> str:
    """The name of its span."""
    if asked.alone and asked.endpoint.operation:
        return f"{asked.endpoint.operation} {asked.model or ''}".rstrip()
    return f"{asked.method} {asked.endpoint.template}"


def attributes_of(asked: Asked, client: Any, body: object) -> dict[str, AttributeValue]:
    """The attributes that its span starts with."""
    said: dict[str, Any] = {
        conventions.HTTP_REQUEST_METHOD: asked.method,
        conventions.URL_TEMPLATE: asked.endpoint.template,
        conventions.OPENAI_API_TYPE: asked.endpoint.api_type,
        conventions.OPENAI_MODEL: asked.model,
        conventions.OPENAI_REQUEST_SERVICE_TIER: value_of(body, "service_tier"),
    }
    if asked.alone:
        said |= {
            conventions.GEN_AI_PROVIDER_NAME: "azure.ai.openai" if asked.provider == "azure" else "openai",
            conventions.GEN_AI_OPERATION_NAME: asked.endpoint.operation,
            conventions.GEN_AI_REQUEST_MODEL: asked.model,
            conventions.GEN_AI_REQUEST_STREAM: value_of(body, "stream") is True or None,
        }
    if asked.content:
        said |= {
            conventions.GEN_AI_INPUT_MESSAGES: input_messages(body),
            conventions.GEN_AI_SYSTEM_INSTRUCTIONS: system_instructions(body),
        }
    known = {name: value for name, value in said.items() if isinstance(value, str | bool)}
    return known | _server(client)


def _server(client: Any) -> dict[str, AttributeValue]:
    url = client.base_url
    server: dict[str, AttributeValue] = {conventions.SERVER_ADDRESS: url.host}
    if url.port is not None:
        server[conventions.SERVER_PORT] = url.port
    return server
