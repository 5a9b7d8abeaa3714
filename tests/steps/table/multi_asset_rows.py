"""Steps that make several assets, and several steps that make one."""

from typing import Any

import dagster as dg

from dagster_openai_otel import attribute_usage
from tests.steps.asking import ask, ask_async
from tests.steps.table.rows import Table

MULTI_ASSETS = Table()
NOTHING: Any = dg.Nothing


def specs(name: str, letters: str = "ab", **more: Any) -> list[dg.AssetSpec]:
    return [dg.AssetSpec(f"{name}_{letter}", **more) for letter in letters]


def outs(name: str, letters: str = "ab", **more: Any) -> dict[str, dg.AssetOut]:
    return {f"{name}_{letter}": dg.AssetOut(**more) for letter in letters}


def results(name: str, letters: str = "ab") -> tuple[Any, ...]:
    return tuple(
        dg.MaterializeResult(asset_key=f"{name}_{letter}", metadata={"mine": 1}) for letter in letters
    )


@MULTI_ASSETS.row("materialization one_by_one_a 1", "materialization one_by_one_b 2")
@dg.multi_asset(specs=specs("one_by_one"))
def one_by_one():
    ask("one_by_one 1")
    yield dg.MaterializeResult(asset_key="one_by_one_a", metadata={"mine": 1})
    ask("one_by_one 2")
    ask("one_by_one 3")
    yield dg.MaterializeResult(asset_key="one_by_one_b")


@MULTI_ASSETS.row("materialization outputs_a 1", "materialization outputs_b 1")
@dg.multi_asset(outs=outs("outputs"))
def outputs():
    yield dg.Output(ask("outputs 1"), output_name="outputs_a", metadata={"mine": 1})
    yield dg.Output(ask("outputs 2"), output_name="outputs_b")


@MULTI_ASSETS.row("materialization async_one_by_one_a 1", "materialization async_one_by_one_b 1")
@dg.multi_asset(specs=specs("async_one_by_one"))
async def async_one_by_one():
    await ask_async("async_one_by_one 1")
    yield dg.MaterializeResult(asset_key="async_one_by_one_a")
    await ask_async("async_one_by_one 2")
    yield dg.MaterializeResult(asset_key="async_one_by_one_b")


@MULTI_ASSETS.row(
    "materialization at_once_a 2, even split over 3 assets",
    "materialization at_once_b 1, even split over 3 assets",
    "materialization at_once_c 1, even split over 3 assets",
)
@dg.multi_asset(specs=specs("at_once", "abc"))
def at_once():
    for number in range(4):
        ask(f"at_once {number}")
    return results("at_once", "abc")


@MULTI_ASSETS.row(
    "materialization async_at_once_a 1, even split over 2 assets",
    "materialization async_at_once_b 1, even split over 2 assets",
)
@dg.multi_asset(specs=specs("async_at_once"))
async def async_at_once():
    await ask_async("async_at_once 1")
    await ask_async("async_at_once 2")
    return results("async_at_once")


@MULTI_ASSETS.row(
    "materialization values_a 1, even split over 2 assets",
    "materialization values_b 1, even split over 2 assets",
)
@dg.multi_asset(outs=outs("values"))
def values():
    return ask("values 1"), dg.Output(ask("values 2"), metadata={"mine": 1})


@MULTI_ASSETS.row(
    "materialization silent_a 1, even split over 2 assets",
    "materialization silent_b 1, even split over 2 assets",
)
@dg.multi_asset(specs=specs("silent"))
def silent():
    ask("silent 1")
    ask("silent 2")


@MULTI_ASSETS.row(
    "materialization silent_generator_a 1, even split over 2 assets",
    "materialization silent_generator_b 1, even split over 2 assets",
)
@dg.multi_asset(outs=outs("silent_generator", dagster_type=NOTHING))
def silent_generator():
    ask("silent_generator 1")
    ask("silent_generator 2")
    yield from ()


@MULTI_ASSETS.row("materialization left_out_a 1", "observation left_out_b 1, after the output")
@dg.multi_asset(specs=[dg.AssetSpec("left_out_a"), dg.AssetSpec("left_out_b", skippable=True)])
def left_out():
    ask("left_out 1")
    yield dg.MaterializeResult(asset_key="left_out_a")
    ask("left_out 2")


@MULTI_ASSETS.row(
    "materialization optional_outs_a 1",
    "materialization optional_outs_c 2",
)
@dg.multi_asset(outs=outs("optional_outs", "abc", is_required=False))
def optional_outs():
    yield dg.Output(ask("optional_outs 1"), output_name="optional_outs_a")
    ask("optional_outs 2")
    yield dg.Output(ask("optional_outs 3"), output_name="optional_outs_c")


@MULTI_ASSETS.row(
    "materialization subset_a 1, even split over 2 assets",
    "materialization subset_c 1, even split over 2 assets",
    selection=("subset_a", "subset_c"),
)
@dg.multi_asset(specs=specs("subset", "abc", skippable=True), can_subset=True)
def subset(context: dg.AssetExecutionContext):
    ask("subset 1")
    ask("subset 2")
    return (dg.MaterializeResult(asset_key=key) for key in sorted(context.selected_asset_keys))


@MULTI_ASSETS.row(
    "materialization subset_one_by_one_a 1",
    "materialization subset_one_by_one_c 1",
    selection=("subset_one_by_one_a", "subset_one_by_one_c"),
)
@dg.multi_asset(specs=specs("subset_one_by_one", "abc", skippable=True), can_subset=True)
def subset_one_by_one(context: dg.AssetExecutionContext):
    for key in sorted(context.selected_asset_keys):
        ask(f"subset_one_by_one {key.to_user_string()}")
        yield dg.MaterializeResult(asset_key=key)


@MULTI_ASSETS.row(
    "materialization attributed_a 1",
    "materialization attributed_b 2",
    "observation attributed_a 1, after the output",
)
@dg.multi_asset(specs=specs("attributed"))
def attributed():
    with attribute_usage("attributed_b"):
        ask("attributed 1")
    ask("attributed 2")
    yield dg.MaterializeResult(asset_key="attributed_a")
    ask("attributed 3")
    with attribute_usage("attributed_a"):
        ask("attributed 4")
    yield dg.MaterializeResult(asset_key="attributed_b")


@MULTI_ASSETS.row(
    "materialization attributed_at_once_a 2, even split over 2 assets",
    "materialization attributed_at_once_b 1, even split over 2 assets",
)
@dg.multi_asset(specs=specs("attributed_at_once"))
def attributed_at_once():
    with attribute_usage("attributed_at_once_b"):
        ask("attributed_at_once 1")
    with attribute_usage("attributed_at_once_a"):
        ask("attributed_at_once 2")
    ask("attributed_at_once 3")
    return results("attributed_at_once")


@MULTI_ASSETS.row(
    "materialization models_a 1, even split over 3 assets",
    "materialization models_b 1, even split over 3 assets",
    "materialization models_c 1, even split over 3 assets",
)
@dg.multi_asset(specs=specs("models", "abc"))
def models():
    ask("models 1", model="gpt-5-mini")
    ask("models 2", model="gpt-4o")
    ask("models 3", model="own-model")
    return results("models", "abc")


@MULTI_ASSETS.row("materialization stream_of_events_a 1", "materialization stream_of_events_b 1")
@dg.multi_asset(specs=specs("stream_of_events"), can_subset=True)
def stream_of_events(context: dg.AssetExecutionContext):
    """As `@dbt_assets` does: another program tells what it made."""
    for key in sorted(context.selected_asset_keys):
        yield dg.AssetObservation("a_test_elsewhere", metadata={"status": "pass"})
        yield dg.AssetMaterialization("a_seed", metadata={"rows": 1})
        ask(f"stream_of_events {key.to_user_string()}")
        yield dg.Output(None, output_name=key.to_python_identifier(), metadata={"unique_id": "model"})
