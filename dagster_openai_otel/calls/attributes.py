"""The attributes that an answer adds to the span of its request."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from opentelemetry.util.types import AttributeValue

from dagster_openai_otel import conventions, pricing
from dagster_openai_otel.calls.answers import Answer
from dagster_openai_otel.calls.asked import Asked
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


def booked_attributes(answer: Answer, asked: Asked) -> dict[str, AttributeValue]:
    """What a call used, in the names that `DagsterSpanProcessor` reads; what was not said is not there."""
    booked: dict[str, AttributeValue] = {conventions.OPENAI_CALL: True}
    model = answer.model or asked.model
    if model:
        booked[conventions.OPENAI_MODEL] = model
    if answer.beside:
        booked[conventions.OPENAI_USAGE_BESIDE] = json.dumps([_part(part) for part in answer.beside])
    usage = _usage_of(answer)
    return booked if usage is None else booked | _counts(usage)


def priced_attributes(
    answer: Answer, asked: Asked, prices: pricing.Prices, at: datetime
) -> dict[str, AttributeValue]:
    """What a call cost, in the names that `DagsterSpanProcessor` reads; what has no price is not there.

    Args:
        answer: What was answered.
        asked: What was asked for.
        prices: The price table.
        at: When the request was sent.
    """
    pricer = _Pricer(asked=asked, prices=prices, at=at)
    priced: dict[str, AttributeValue] = {}
    if answer.beside:
        parts = [_part(part) | pricer.cost(part, part.model) for part in answer.beside]
        priced[conventions.OPENAI_USAGE_BESIDE] = json.dumps(parts)
    return priced if answer.unsaid else priced | pricer.cost(answer, asked.model)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pricer:
    asked: Asked
    prices: pricing.Prices
    at: datetime

    def cost(self, answer: Answer, model: str | None) -> dict[str, AttributeValue]:
        """Dollars, where the model has a price; one of the user's own for either name of it comes first."""
        usage, models = _usage_of(answer), [name for name in (model, answer.model) if name]
        if usage is None or not models:
            return {}
        own = [name for name in models if name in self.prices.own]
        request = pricing.Request(
            model=(own or models[::-1])[0],
            usage=usage,
            at=self.at,
            provider=self.asked.provider,
            service_tier=answer.service_tier,
            batch=answer.kind == "batch",
            several=answer.several,
            audio_seconds=answer.audio_seconds,
            web_searches=answer.web_searches,
            file_searches=answer.file_searches,
        )
        cost = self.prices.cost_usd(request)
        return {} if cost is None else {conventions.OPENAI_COST_USD: float(cost)}


def _part(part: Answer) -> dict[str, AttributeValue]:
    """What another model used, as attributes of a request span have it."""
    model: dict[str, AttributeValue] = {conventions.OPENAI_MODEL: part.model} if part.model else {}
    return model | _counts(part.usage or Usage())


def _usage_of(answer: Answer) -> Usage | None:
    """The usage, which is no tokens where the length of the audio is billed; `None` where none was said."""
    return answer.usage if answer.audio_seconds is None else answer.usage or Usage()


def _counts(usage: Usage) -> dict[str, AttributeValue]:
    prefix = conventions.OPENAI_USAGE_PREFIX
    return {prefix + name: count for name in FIELDS if (count := getattr(usage, name)) is not None}
