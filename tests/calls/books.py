"""What a step's ledger holds, in the words of `tests.events.billed`."""

from decimal import Decimal
from typing import Any

from dagster_openai_otel.scope import StepScope
from dagster_openai_otel.tally import Sums, Tally


def taken(scope: StepScope) -> Sums:
    """All that was booked for a step, taken out of its ledger."""
    return sum(scope.ledger.take().values(), Tally()).sums


def booked(scope: StepScope) -> dict[str, Any]:
    """What was booked for a step, to be compared with what the stand-in billed."""
    sums = taken(scope)
    return {
        "calls": sums.calls,
        "input_tokens": sums.usage.input_tokens,
        "output_tokens": sums.usage.output_tokens,
        "total_tokens": sums.usage.total_tokens,
        "cached_input_tokens": sums.usage.cached_input_tokens or 0,
        "reasoning_tokens": sums.usage.reasoning_tokens or 0,
        "cost_usd": (sums.cost_usd or Decimal(0)).quantize(Decimal("1e-9")),
        "calls_without_usage": sums.calls_without_usage,
    }
