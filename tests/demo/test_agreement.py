"""The event log beside the ledger."""

from dataclasses import fields, replace
from decimal import Decimal

import pytest
from rich.console import Console

from dagster_openai_otel.demo.agreement import Account, show_agreement

ACCOUNT = Account(
    calls=2,
    input_tokens=3000,
    cached_input_tokens=1024,
    output_tokens=200,
    total_tokens=3200,
    cost_usd=Decimal("0.00125"),
)


@pytest.fixture
def compared():
    """Compare two accounts: whether they agree, and what is shown."""

    def compare(event_log, ledger):
        console = Console(width=80)
        with console.capture() as capture:
            agrees = show_agreement(event_log, ledger, console)
        return agrees, [" ".join(line.split()) for line in capture.get().splitlines() if line.strip()]

    return compare


def test_the_same_accounts_agree_in_one_line(compared):
    assert compared(ACCOUNT, replace(ACCOUNT)) == (
        True,
        ["The ledger agrees, to the token and to the cent: 2 calls, 3,200 tokens, $0.00125."],
    )


def test_accounts_that_differ_are_shown_side_by_side(compared):
    ledger = replace(ACCOUNT, calls=3, cost_usd=Decimal("0.002"))

    assert compared(ACCOUNT, ledger) == (
        False,
        [
            "The ledger does not agree:",
            "event log ledger",
            "calls 2 3",
            "input_tokens 3000 3000",
            "cached_input_tokens 1024 1024",
            "output_tokens 200 200",
            "total_tokens 3200 3200",
            "cost_usd 0.00125 0.002",
        ],
    )


@pytest.mark.parametrize("name", [field.name for field in fields(Account)])
def test_each_figure_counts(compared, name):
    other = replace(ACCOUNT, **{name: getattr(ACCOUNT, name) + 1})

    assert not compared(ACCOUNT, other)[0]


def test_the_last_digit_of_the_dollars_counts(compared):
    other = replace(ACCOUNT, cost_usd=ACCOUNT.cost_usd + Decimal("1e-12"))

    assert not compared(ACCOUNT, other)[0]
