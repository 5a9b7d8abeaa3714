"""Partitions of all kinds, one in a run and many."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from dagster_openai_otel import attribute_usage
from tests.steps.asking import ask
from tests.steps.table.rows import RefusalError, Table

PARTITIONS = Table()

LETTERS = dg.StaticPartitionsDefinition(list("abcde"))
DAYS = dg.DailyPartitionsDefinition("2026-01-01")
GRID = dg.MultiPartitionsDefinition({"letter": LETTERS, "day": DAYS})
CUSTOMERS = dg.DynamicPartitionsDefinition(name="customers")
SINGLE_RUN = dg.BackfillPolicy.single_run()

B = {"dagster/partition": "b"}
C = {"dagster/partition": "c"}
THIRD = {"dagster/partition": "2026-01-03"}
CELL = {
    "dagster/partition": "2026-01-03|b",
    "dagster/partition/letter": "b",
    "dagster/partition/day": "2026-01-03",
}
BOB = {"dagster/partition": "bob"}


def over(start: str, end: str) -> dict[str, str]:
    """The tags of a run over a range of partitions, as a backfill sets them."""
    return {"dagster/asset_partition_range_start": start, "dagster/asset_partition_range_end": end}


def shared(
    asset: str, calls: Mapping[str, int], outcome: str = "materialization", more: str = ""
) -> list[str]:
    told = f"{more}, even split over {len(calls)} partitions"
    return [f"{outcome} {asset}@{key} {count}{told}" for key, count in calls.items()]


@PARTITIONS.row("materialization letter@b 1", tags=B)
@dg.asset(partitions_def=LETTERS)
def letter(context: dg.AssetExecutionContext):
    ask(f"letter {context.partition_key}")


@PARTITIONS.row("materialization one_letter@c 1", tags=C)
@dg.asset(partitions_def=LETTERS, backfill_policy=SINGLE_RUN)
def one_letter(context: dg.AssetExecutionContext):
    """Could be run over many, and is run over one."""
    ask(f"one_letter {context.partition_keys}")


@PARTITIONS.row("materialization two_letters_a@b 1", "materialization two_letters_b@b 2", tags=B)
@dg.multi_asset(specs=[dg.AssetSpec(f"two_letters_{name}", partitions_def=LETTERS) for name in "ab"])
def two_letters():
    ask("two_letters 1")
    yield dg.MaterializeResult(asset_key="two_letters_a")
    ask("two_letters 2")
    ask("two_letters 3")
    yield dg.MaterializeResult(asset_key="two_letters_b")


@dg.asset(partitions_def=LETTERS)
def part():
    return 1


@PARTITIONS.row("materialization whole 1", beside=(part,), tags=B)
@dg.asset(deps=[dg.AssetDep(part, partition_mapping=dg.AllPartitionMapping())])
def whole():
    """Has no partitions, in a run that has one."""
    ask("whole")


@PARTITIONS.row("observation failing_letter@b 1, failed attempt 1", tags=B, fails=True)
@dg.asset(partitions_def=LETTERS)
def failing_letter():
    ask("failing_letter")
    raise RefusalError


@PARTITIONS.row("check checked_letter:good 1", "materialization checked_letter@b 1", tags=B)
@dg.asset(partitions_def=LETTERS, check_specs=[dg.AssetCheckSpec("good", asset="checked_letter")])
def checked_letter():
    yield dg.Output(ask("checked_letter 1"))
    ask("checked_letter 2")
    yield dg.AssetCheckResult(passed=True)


@PARTITIONS.row("materialization cell@2026-01-03|b 1", tags=CELL)
@dg.asset(partitions_def=GRID)
def cell():
    ask("cell")


@PARTITIONS.row("materialization customer@bob 1", tags=BOB)
@dg.asset(partitions_def=CUSTOMERS)
def customer():
    ask("customer")


@PARTITIONS.row("materialization chain@2026-01-03 1", tags=THIRD)
@dg.asset(
    partitions_def=DAYS,
    deps=[
        dg.AssetDep("chain", partition_mapping=dg.TimeWindowPartitionMapping(start_offset=-1, end_offset=-1))
    ],
)
def chain():
    """Depends on its own day before."""
    ask("chain")


@PARTITIONS.row(*shared("letters", {"b": 1, "c": 1, "d": 1, "e": 1}), tags=over("b", "e"))
@dg.asset(partitions_def=LETTERS, backfill_policy=SINGLE_RUN)
def letters() -> None:
    for number in range(4):
        ask(f"letters {number}")


@PARTITIONS.row(*shared("few_calls", {"b": 1, "c": 0, "d": 0, "e": 0}), tags=over("b", "e"))
@dg.asset(partitions_def=LETTERS, backfill_policy=SINGLE_RUN)
def few_calls() -> None:
    ask("few_calls")


@PARTITIONS.row(*shared("named_letters", {"b": 2, "c": 2, "d": 2, "e": 1}), tags=over("b", "e"))
@dg.asset(partitions_def=LETTERS, backfill_policy=SINGLE_RUN)
def named_letters(context: dg.AssetExecutionContext) -> None:
    for key in context.partition_keys:
        with attribute_usage(partition_key=key):
            ask(f"named_letters {key}")
    for number in range(3):
        ask(f"named_letters {number}")


@PARTITIONS.row(
    *[
        f"materialization letters_{asset}@{key} {calls}, "
        "even split over 4 partitions of even split over 2 assets"
        for asset, counts in (("x", (1, 1, 1, 1)), ("y", (1, 1, 1, 0)))
        for key, calls in zip("bcde", counts, strict=True)
    ],
    tags=over("b", "e"),
)
@dg.multi_asset(
    specs=[dg.AssetSpec(f"letters_{name}", partitions_def=LETTERS) for name in "xy"],
    backfill_policy=SINGLE_RUN,
)
def several_letters():
    for number in range(7):
        ask(f"several_letters {number}")
    return tuple(dg.MaterializeResult(asset_key=f"letters_{name}") for name in "xy")


@PARTITIONS.row(
    *shared("failing_letters", {"b": 1, "c": 1, "d": 0, "e": 0}, "observation", ", failed attempt 1"),
    tags=over("b", "e"),
    fails=True,
)
@dg.asset(partitions_def=LETTERS, backfill_policy=SINGLE_RUN)
def failing_letters():
    ask("failing_letters 1")
    ask("failing_letters 2")
    raise RefusalError


@PARTITIONS.row("materialization just_one@c 1", tags=over("c", "c"))
@dg.asset(partitions_def=LETTERS, backfill_policy=SINGLE_RUN)
def just_one() -> None:
    ask("just_one")


@PARTITIONS.row(
    *shared("days", {"2026-01-02": 1, "2026-01-03": 0, "2026-01-04": 0}),
    tags=over("2026-01-02", "2026-01-04"),
)
@dg.asset(partitions_def=DAYS, backfill_policy=SINGLE_RUN)
def days() -> None:
    ask("days")


NUMBERS = dg.StaticPartitionsDefinition(["1", "2"])


def kinds(**more: Any) -> list[dg.AssetSpec]:
    return [
        dg.AssetSpec("kind_letter", partitions_def=LETTERS, skippable=True, **more),
        dg.AssetSpec("kind_number", partitions_def=NUMBERS, skippable=True, **more),
    ]


@PARTITIONS.row(
    "materialization kind_number@2 1", tags={"dagster/partition": "2"}, selection=("kind_number",)
)
@dg.multi_asset(specs=kinds(), can_subset=True)
def two_kinds(context: dg.AssetExecutionContext):
    ask("two_kinds")
    for key in context.selected_asset_keys:
        yield dg.MaterializeResult(asset_key=key)
