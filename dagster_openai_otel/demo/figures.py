"""Calls, tokens and dollars out of spans."""

from decimal import Decimal

from dagster_openai_otel import conventions
from dagster_openai_otel.demo.spans import SpanRecord
from dagster_openai_otel.tally import Sums
from dagster_openai_otel.usage import Usage


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
