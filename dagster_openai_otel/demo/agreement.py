"""Does the event log say what the API's own ledger says?"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from rich.console import Console
from rich.table import Table

from dagster_openai_otel.tally import Sums
from dagster_openai_otel.testing import Bill


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What is compared, each to the last digit."""

    calls: int
    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    total_tokens: int
    cost_usd: Decimal

    @classmethod
    def of_event_log(cls, total: Sums) -> Self:
        """What the event log says, summed over all that was written there."""
        return cls(
            calls=total.calls,
            input_tokens=total.usage.input_tokens,
            cached_input_tokens=total.usage.cached_input_tokens or 0,
            output_tokens=total.usage.output_tokens,
            total_tokens=total.usage.total_tokens,
            cost_usd=total.cost_usd or Decimal(0),
        )

    @classmethod
    def of_ledger(cls, bill: Bill) -> Self:
        """What the stand-in's ledger says."""
        usage = bill.usage
        return cls(
            calls=len(bill.calls),
            input_tokens=usage.input_tokens,
            cached_input_tokens=usage.cached_input_tokens or 0,
            output_tokens=usage.output_tokens,
            total_tokens=usage.total_tokens,
            cost_usd=bill.cost_usd,
        )

    def __str__(self) -> str:
        return f"{self.calls:,} calls, {self.total_tokens:,} tokens, ${self.cost_usd:f}"


def show_agreement(event_log: Account, ledger: Account, console: Console) -> bool:
    """Show that both accounts are the same, or else both side by side.

    Returns:
        Whether they are the same.
    """
    if event_log == ledger:
        agrees = "[bold green]The ledger agrees[/], to the token and to the cent"
        console.print(f"{agrees}: {ledger}.", soft_wrap=True)
        return True
    table = Table("", "event log", "ledger", box=None, padding=(0, 2, 0, 0))
    for name in Account.__slots__:
        ours, theirs = getattr(event_log, name), getattr(ledger, name)
        table.add_row(name, str(ours), str(theirs), style=None if ours == theirs else "bold red")
    console.print("[bold red]The ledger does not agree[/]:\n")
    console.print(table)
    return False
