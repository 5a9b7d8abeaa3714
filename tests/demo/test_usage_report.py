"""The table of what each asset used, from a real event log."""

import dagster as dg
import openai
import pytest
from rich.console import Console

from dagster_openai_otel.demo.agreement import Account
from dagster_openai_otel.demo.usage_report import rows_of, table_of, total_of
from dagster_openai_otel.tally import Sums
from dagster_openai_otel.testing import Answer
from dagster_openai_otel.usage import Usage

USAGE = Usage(input_tokens=2000, output_tokens=100, cached_input_tokens=1024)


def ask() -> None:
    with openai.OpenAI() as client:
        client.responses.create(model="gpt-5-mini", input="Which way is the river?")


@dg.asset
def plain() -> None:
    ask()


@dg.asset(retry_policy=dg.RetryPolicy(max_retries=1))
def flaky(context: dg.AssetExecutionContext) -> None:
    ask()
    if context.retry_number == 0:
        raise ConnectionError


@dg.asset(partitions_def=dg.StaticPartitionsDefinition(["north", "south"]))
def split() -> None:
    ask()
    ask()


@dg.asset_check(asset=plain)
def sound() -> dg.AssetCheckResult:
    ask()
    return dg.AssetCheckResult(passed=True)


@pytest.fixture
def rows(api, instance):
    """What three runs used: each of the seven requests the same."""
    api.script(*[Answer(usage=USAGE)] * 8)
    runs = [
        dg.materialize([plain, flaky, sound], instance=instance),
        dg.materialize([split], instance=instance, partition_key="north"),
        dg.materialize([split], instance=instance, partition_key="south"),
    ]
    return rows_of(instance, [run.run_id for run in runs])


def shown(table) -> list[str]:
    console = Console(width=80)
    with console.capture() as capture:
        console.print(table)
    return [" ".join(line.split()) for line in capture.get().splitlines()]


def test_each_materialization_check_and_failed_attempt_is_a_row(rows):
    assert sorted((row.name, row.sums.calls, row.failed_attempts) for row in rows) == [
        ("flaky", 1, 0),
        ("flaky, attempt 1", 1, 1),
        ("plain", 1, 0),
        ("plain, check sound", 1, 0),
        ("split north", 2, 0),
        ("split south", 2, 0),
    ]


def test_the_total_is_what_the_stand_in_billed(rows, api):
    assert Account.of_event_log(total_of(rows).sums) == Account.of_ledger(api.bill)


def test_the_table_shows_every_digit_of_the_dollars(rows):
    lines = shown(table_of(rows))

    assert "split north 2 4,000 2,048 200 0.0009392" in lines
    assert "flaky, attempt 1 1 2,000 1,024 100 0.0004696 1" in lines
    assert lines[-1] == "total 8 16,000 8,192 800 0.0037568 1"


def test_the_table_fits_a_terminal_of_eighty_columns(rows):
    assert not [line for line in shown(table_of(rows)) if "…" in line]


def test_a_price_that_is_not_known_is_not_shown_as_nothing(rows):
    unpriced = [row for row in rows if row.name == "plain"]
    unpriced = [type(row)(name=row.name, sums=Sums(calls=1, usage=row.sums.usage)) for row in unpriced]

    assert shown(table_of(unpriced))[-1] == "total 1 2,000 1,024 100 unknown"
