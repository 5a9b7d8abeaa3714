"""Calls, tokens and dollars: out of Dagster metadata, out of spans, and into words."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from dagster_openai_otel import conventions
from dagster_openai_otel.demo.spans import SpanRecord
from dagster_openai_otel.tally import Sums
from dagster_openai_otel.usage import Usage


def sums_of_metadata(metadata: Mapping[str, Any]) -> Sums:
    """What the `openai/...` keys of a materialization, observation or check result say; zero for none."""
    values = {name: value.value for name, value in metadata.items() if name.startswith("openai/")}
    cost = values.get(conventions.COST_USD)
    return Sums(
        calls=values.get(conventions.CALLS, 0),
        usage=Usage(
            input_tokens=values.get(conventions.INPUT_TOKENS, 0),
            output_tokens=values.get(conventions.OUTPUT_TOKENS, 0),
            total_tokens=values.get(conventions.TOTAL_TOKENS, 0),
            cached_input_tokens=values.get(conventions.CACHED_INPUT_TOKENS),
        ),
        # repr gives back the digits that were written
        cost_usd=None if cost is None else Decimal(repr(cost)),
        failed_calls=values.get(conventions.FAILED_CALLS, 0),
        retries=values.get(conventions.RETRIES, 0),
        duration_s=values.get(conventions.DURATION_S, 0.0),
    )


def sums_of_span(span: SpanRecord) -> Sums:
    """What the span of a request says; zero for other spans."""
    said = span.attributes
    cost = said.get(conventions.OPENAI_COST_USD)
    prefix = conventions.OPENAI_USAGE_PREFIX
    return Sums(
        calls=int(said.get(conventions.OPENAI_CALL, False)),
        usage=Usage(
            input_tokens=said.get(f"{prefix}input_tokens", 0),
            output_tokens=said.get(f"{prefix}output_tokens", 0),
            total_tokens=said.get(f"{prefix}total_tokens", 0),
            cached_input_tokens=said.get(f"{prefix}cached_input_tokens"),
        ),
        cost_usd=None if cost is None else Decimal(repr(cost)),
        retries=said.get(conventions.HTTP_RESEND_COUNT, 0),
    )


def phrase(sums: Sums) -> str:
    """Calls, tokens and dollars in words: `7 calls, 3,412 tokens, $0.0021`."""
    words = [count(sums.calls, "call"), count(sums.usage.total_tokens, "token")]
    if sums.cost_usd is not None:
        words.append(f"${sums.cost_usd:.6f}")
    return ", ".join(words)


def count(number: int, noun: str) -> str:
    """A number and what it counts: `1 call`, `1,200 calls`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
