"""The attributes that an answer adds to the span of its request."""

from collections.abc import Mapping

from opentelemetry.util.types import AttributeValue

from dagster_openai_otel import conventions
from dagster_openai_otel.calls.answers import Answer
from dagster_openai_otel.usage import FIELDS, Usage

_GENAI_USAGE = {
    conventions.GEN_AI_INPUT_TOKENS: "input_tokens",
    conventions.GEN_AI_OUTPUT_TOKENS: "output_tokens",
    conventions.GEN_AI_CACHE_READ_TOKENS: "cached_input_tokens",
    conventions.GEN_AI_CACHE_WRITE_TOKENS: "cache_write_tokens",
    conventions.GEN_AI_REASONING_TOKENS: "reasoning_tokens",
}


def genai_attributes(answer: Answer) -> Mapping[str, AttributeValue]:
    """What an answer says, in GenAI's names."""
    said: dict[str, AttributeValue | None] = {
        conventions.GEN_AI_RESPONSE_MODEL: answer.model,
        conventions.GEN_AI_RESPONSE_ID: answer.response_id,
        conventions.GEN_AI_RESPONSE_FINISH_REASONS: answer.finish_reasons or None,
    }
    if answer.usage is not None:
        said |= {name: getattr(answer.usage, field) for name, field in _GENAI_USAGE.items()}
    return {name: value for name, value in said.items() if value is not None}


def usage_attributes(usage: Usage) -> dict[str, AttributeValue]:
    """What was used, in the names that `DagsterSpanProcessor` reads; what was not reported is not there."""
    prefix = conventions.OPENAI_USAGE_PREFIX
    return {prefix + name: count for name in FIELDS if (count := getattr(usage, name)) is not None}
