"""The command, as it is called."""

import csv
import io
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from click.testing import CliRunner

from dagster_openai_otel.cli.main import main
from dagster_openai_otel.testing import Bill
from dagster_openai_otel.usage import Usage


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A command that has ended."""

    status: int
    output: str
    errors: str

    @property
    def json(self) -> Any:
        return json.loads(self.output)

    @property
    def csv(self) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.output)))

    @property
    def said(self) -> str:
        """All that it wrote, however it was wrapped."""
        return " ".join((self.output + self.errors).split())


def call(*arguments: str, **environment: str) -> Ended:
    """Call the command in this process."""
    result = CliRunner().invoke(main, arguments, env=environment, catch_exceptions=False)
    return Ended(status=result.exit_code, output=result.stdout, errors=result.stderr)


def told(numbers: dict[str, Any]) -> dict[str, Any]:
    """What a row of a report says, in the words of `of_bill`."""
    return {
        "calls": numbers["calls"],
        "input_tokens": numbers["input_tokens"],
        "cached_input_tokens": numbers["cached_input_tokens"] or 0,
        "output_tokens": numbers["output_tokens"],
        "total_tokens": numbers["total_tokens"],
        "cost_usd": rounded(numbers["cost_usd"] or 0),
    }


def of_bill(bill: Bill) -> dict[str, Any]:
    """What was billed and said on the wire."""
    reported = [call for call in bill.calls if call.reported]
    usage = sum((call.usage for call in reported), Usage())
    return {
        "calls": len(bill.calls),
        "input_tokens": usage.input_tokens,
        "cached_input_tokens": usage.cached_input_tokens or 0,
        "output_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
        "cost_usd": rounded(sum(call.cost_usd or 0 for call in reported)),
    }


def added(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The sum of some rows, in the same words."""
    sums = [told(row) for row in rows]
    return {name: sum(row[name] for row in sums) for name in sums[0]}


def rounded(dollars: float | Decimal) -> Decimal:
    return Decimal(repr(dollars) if isinstance(dollars, float) else dollars).quantize(Decimal("1e-9"))
