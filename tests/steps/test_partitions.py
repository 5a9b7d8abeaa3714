import warnings

import dagster as dg
import pytest

from dagster_openai_otel import attribute_usage
from tests.events import billed, summed
from tests.steps.asking import ask, materialize

# Dagster calls its own backfill policies so
pytestmark = pytest.mark.filterwarnings("ignore:.* is currently in beta")

LETTERS = dg.StaticPartitionsDefinition(list("abcde"))
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    SINGLE_RUN = dg.BackfillPolicy.single_run()


def letters(start: str, end: str) -> dict[str, str]:
    """The tags of a run over a range of partitions, as a backfill sets them."""
    return {"dagster/asset_partition_range_start": start, "dagster/asset_partition_range_end": end}


def test_a_partition_gets_its_own_usage(api, instance):
    @dg.asset(partitions_def=LETTERS)
    def letter(context: dg.AssetExecutionContext):
        ask(context.partition_key)

    ran = materialize(instance, letter, partition_key="b")

    assert ran.partitions == [("materialization", "letter", "b", 1)]
    assert summed(ran.shown) == billed(api.bill)


def test_a_multi_dimensional_partition_gets_its_own_usage(api, instance):
    grid = dg.MultiPartitionsDefinition(
        {"letter": LETTERS, "day": dg.DailyPartitionsDefinition("2026-01-01")}
    )

    @dg.asset(partitions_def=grid)
    def cell():
        ask()

    key = dg.MultiPartitionKey({"letter": "b", "day": "2026-01-03"})
    ran = materialize(instance, cell, partition_key=key)

    assert ran.result.success
    assert ran.partitions == [("materialization", "cell", "2026-01-03|b", 1)]
    assert summed(ran.shown) == billed(api.bill)


def test_a_dynamic_partition_gets_its_own_usage(api, instance):
    customers = dg.DynamicPartitionsDefinition(name="customers")
    instance.add_dynamic_partitions("customers", ["ann", "bob"])

    @dg.asset(partitions_def=customers)
    def customer():
        ask()

    ran = materialize(instance, customer, partition_key="bob")

    assert ran.partitions == [("materialization", "customer", "bob", 1)]
    assert summed(ran.shown) == billed(api.bill)


@pytest.mark.parametrize("calls", [1, 4, 5])
def test_a_range_of_partitions_shares_evenly_and_never_copies(calls, api, instance):
    @dg.asset(partitions_def=LETTERS, backfill_policy=SINGLE_RUN)
    def letter() -> None:
        for _ in range(calls):
            ask()

    ran = materialize(instance, letter, tags=letters("b", "e"))

    assert ran.result.success
    assert sorted(event.partition or "" for event in ran.shown) == ["b", "c", "d", "e"]
    assert {event.metadata["openai/share"] for event in ran.shown} == {"even split over 4 partitions"}
    assert summed(ran.shown) == billed(api.bill)


def test_a_range_of_one_partition_is_no_split(api, instance):
    @dg.asset(partitions_def=LETTERS, backfill_policy=SINGLE_RUN)
    def letter() -> None:
        ask()

    ran = materialize(instance, letter, tags=letters("c", "c"))

    assert ran.result.success
    assert ran.partitions == [("materialization", "letter", "c", 1)]
    assert "openai/share" not in ran.shown[0].metadata
    assert summed(ran.shown) == billed(api.bill)


def test_a_range_of_a_time_window_shares_evenly(api, instance):
    @dg.asset(partitions_def=dg.DailyPartitionsDefinition("2026-01-01"), backfill_policy=SINGLE_RUN)
    def day() -> None:
        ask()

    ran = materialize(instance, day, tags=letters("2026-01-02", "2026-01-04"))

    assert ran.result.success
    assert [partition for _, _, partition, _ in ran.partitions] == ["2026-01-02", "2026-01-03", "2026-01-04"]
    assert summed(ran.shown) == billed(api.bill)


def test_partitions_that_code_names_get_their_own_and_share_the_rest(api, instance):
    @dg.asset(partitions_def=LETTERS, backfill_policy=SINGLE_RUN)
    def letter(context: dg.AssetExecutionContext) -> None:
        for key in context.partition_keys:
            with attribute_usage(partition_key=key):
                ask(key)
        for _ in range(3):
            ask("For all.")

    ran = materialize(instance, letter, tags=letters("a", "c"))

    assert ran.result.success
    assert ran.partitions == [("materialization", "letter", key, 2) for key in "abc"]
    assert summed(ran.shown) == billed(api.bill)


def test_a_multi_asset_over_a_range_splits_over_assets_and_partitions(api, instance):
    @dg.multi_asset(
        specs=[dg.AssetSpec("x", partitions_def=LETTERS), dg.AssetSpec("y", partitions_def=LETTERS)],
        backfill_policy=SINGLE_RUN,
    )
    def both():
        for _ in range(7):
            ask()
        return dg.MaterializeResult(asset_key="x"), dg.MaterializeResult(asset_key="y")

    ran = materialize(instance, both, tags=letters("a", "c"))

    assert sorted((event.target, event.partition) for event in ran.shown) == [
        (asset, letter) for asset in "xy" for letter in "abc"
    ]
    assert ran.shown[0].metadata["openai/share"] == "even split over 3 partitions of even split over 2 assets"
    assert summed(ran.shown) == billed(api.bill)


def test_a_failed_range_leaves_an_observation_for_each_partition(api, instance):
    @dg.asset(partitions_def=LETTERS, backfill_policy=SINGLE_RUN)
    def letter():
        ask()
        message = "no"
        raise RuntimeError(message)

    ran = materialize(instance, letter, tags=letters("a", "c"))

    assert sorted((event.kind, event.partition, event.outcome) for event in ran.shown) == [
        ("observation", key, "failed attempt 1") for key in "abc"
    ]
    assert summed(ran.shown) == billed(api.bill)


def test_an_asset_without_partitions_in_a_partitioned_run_has_none(api, instance):
    @dg.asset(partitions_def=LETTERS)
    def letter():
        ask("One.")

    @dg.asset(deps=[letter])
    def whole():
        ask("Two.")

    ran = materialize(instance, letter, whole, partition_key="a")

    assert ran.partitions == [
        ("materialization", "letter", "a", 1),
        ("materialization", "whole", None, 1),
    ]
    assert summed(ran.shown) == billed(api.bill)


def test_assets_of_one_step_with_partitions_of_their_own_kind_are_recorded(api, instance):
    numbers = dg.StaticPartitionsDefinition(["1", "2"])

    @dg.multi_asset(
        specs=[
            dg.AssetSpec("letter", partitions_def=LETTERS, skippable=True),
            dg.AssetSpec("number", partitions_def=numbers, skippable=True),
        ],
        can_subset=True,
    )
    def either(context: dg.AssetExecutionContext):
        ask()
        for key in context.selected_asset_keys:
            yield dg.MaterializeResult(asset_key=key)

    ran = materialize(instance, either, selection=["number"], partition_key="2")

    assert ran.result.success
    assert [(event.target, event.partition, event.calls) for event in ran.shown] == [("number", "2", 1)]
    assert summed(ran.shown) == billed(api.bill)
