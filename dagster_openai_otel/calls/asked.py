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


def asked_of(client: Any, arguments: Mapping[str, Any], context: Context, *, content: bool) -> Asked:
    """What a request asks for.

    Args:
        client: The client that sends it.
        arguments: Those of `request`, by name.
        context: Where it is sent from.
        content: Whether prompts and completions go on spans.
    """
    options = arguments["options"]
    endpoint = endpoint_of(options.method, str(options.url))
    model = value_of(options.json_data, "model")
    around = getattr(trace.get_current_span(context), "attributes", None) or {}
    alone = around.get(conventions.GEN_AI_OPERATION_NAME) not in _GENAI_OPERATIONS
    return Asked(
        endpoint=endpoint,
        method=options.method.upper(),
        model=model if isinstance(model, str) else None,
        provider="azure" if is_azure(client) else "openai",
        alone=alone,
        form=_form_of(endpoint, arguments),
        content=content and alone,
    )


def _form_of(endpoint: Endpoint, arguments: Mapping[str, Any]) -> Form:
    """How the SDK takes the answer: where it streams, or wants a model, no content type changes that."""
    if endpoint.method == "GET" and not endpoint.job:
        return "uncounted"
    if arguments.get("stream") is True:
        return "events"
    return "json" if hasattr(arguments["cast_to"], "model_fields") else "as told"


def name_of(asked: Asked) -> str:
    """The name of its span."""
    if asked.alone and asked.endpoint.operation:
        return f"{asked.endpoint.operation} {asked.model or ''}".rstrip()
    return f"{asked.method} {asked.endpoint.template}"


def attributes_of(asked: Asked, client: Any, options: Any) -> dict[str, AttributeValue]:
    """The attributes that its span starts with."""
    said: dict[str, Any] = {
        conventions.HTTP_REQUEST_METHOD: asked.method,
        conventions.URL_TEMPLATE: asked.endpoint.template,
        conventions.OPENAI_API_TYPE: asked.endpoint.api_type,
        conventions.OPENAI_MODEL: asked.model,
        conventions.OPENAI_REQUEST_SERVICE_TIER: value_of(options.json_data, "service_tier"),
    }
    if asked.alone:
        said |= {
            conventions.GEN_AI_PROVIDER_NAME: "azure.ai.openai" if asked.provider == "azure" else "openai",
            conventions.GEN_AI_OPERATION_NAME: asked.endpoint.operation,
            conventions.GEN_AI_REQUEST_MODEL: asked.model,
            conventions.GEN_AI_REQUEST_STREAM: value_of(options.json_data, "stream") is True or None,
        }
    if asked.content:
        said |= {
            conventions.GEN_AI_INPUT_MESSAGES: input_messages(options.json_data),
            conventions.GEN_AI_SYSTEM_INSTRUCTIONS: system_instructions(options.json_data),
        }
    known = {name: value for name, value in said.items() if isinstance(value, str | bool)}
    return known | _server(client)


def _server(client: Any) -> dict[str, AttributeValue]:
    url = client.base_url
    server: dict[str, AttributeValue] = {conventions.SERVER_ADDRESS: url.host}
    if url.port is not None:
        server[conventions.SERVER_PORT] = url.port
    return server
