import asyncio
import inspect
from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.observe import observe

from tests.events import billed, shown_usage, summed
from tests.steps.asking import ask, ask_async, materialize

NOTHING: Any = dg.Nothing


@dg.asset
def function():
    ask()


@dg.asset
def function_with_context(context: dg.AssetExecutionContext):
    context.log.info(ask())


@dg.asset
def function_with_a_bare_context(context):
    context.log.info(ask())


@dg.asset
def function_with_an_op_context(context: dg.OpExecutionContext):
    context.log.info(ask())


@dg.asset
def value() -> str:
    return ask()


@dg.asset
def none() -> None:
    ask()


@dg.asset(dagster_type=NOTHING)
def nothing():
    ask()


@dg.asset
def wrapped_value() -> dg.Output[str]:
    return dg.Output(ask(), metadata={"mine": 1})


@dg.asset
def materialize_result() -> dg.MaterializeResult:  # type: ignore[type-arg]  # as users write it
    ask()
    return dg.MaterializeResult(metadata={"mine": 1})


@dg.asset
def materialize_result_with_a_value():
    return dg.MaterializeResult(value=ask())


@dg.asset
def generator() -> Iterator[dg.Output[str]]:
    yield dg.Output(ask())


@dg.asset
def generator_of_a_materialize_result(context: dg.AssetExecutionContext):
    context.log.info(ask())
    yield dg.MaterializeResult()


@dg.asset
def generator_of_events():
    yield dg.AssetObservation("elsewhere")
    yield dg.Output(ask())


@dg.asset
async def coroutine():
    await ask_async()


@dg.asset
async def coroutine_with_context(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]  # as users write it
    context.log.info(await ask_async())
    return dg.MaterializeResult()


@dg.asset
async def async_generator():
    yield dg.Output(await ask_async())


@dg.asset
async def async_generator_of_a_materialize_result():
    await asyncio.gather(ask_async())
    yield dg.MaterializeResult()


@dg.multi_asset(outs={"silent_generator": dg.AssetOut(dagster_type=dg.Nothing)})
def silent_generator():
    ask()
    yield from ()


@dg.asset(key_prefix=["three", "parts"])
def long_key():
    ask()


@dg.asset(check_specs=[dg.AssetCheckSpec("good", asset="with_a_check")])
def with_a_check():
    ask()
    return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=True)])


SHAPES = [
    function,
    function_with_context,
    function_with_a_bare_context,
    function_with_an_op_context,
    value,
    none,
    nothing,
    wrapped_value,
    materialize_result,
    generator,
    generator_of_a_materialize_result,
    generator_of_events,
    coroutine,
    coroutine_with_context,
    async_generator,
    async_generator_of_a_materialize_result,
    silent_generator,
    long_key,
    with_a_check,
]
if "value" in inspect.signature(dg.MaterializeResult).parameters:
    # not in Dagster 1.10
    SHAPES.append(materialize_result_with_a_value)


@pytest.mark.parametrize("asset", SHAPES, ids=lambda asset: asset.key.to_user_string())
def test_the_usage_of_an_asset_with_one_output_stands_on_its_materialization(asset, api, instance):
    ran = materialize(instance, asset)

    assert ran.result.success
    assert ran.places == [("materialization", asset.key.to_user_string(), 1)]
    assert summed(ran.shown) == billed(api.bill)


def test_several_calls_add_up_on_one_materialization(api, instance):
    @dg.asset
    def poems():
        for line in ("A poem.", "A much longer poem, please.", ""):
            ask(line)

    ran = materialize(instance, poems)

    assert ran.places == [("materialization", "poems", 3)]
    assert summed(ran.shown) == billed(api.bill)


def test_an_asset_that_asks_nothing_shows_nothing(api, instance):
    @dg.asset
    def quiet():
        return 1

    ran = materialize(instance, quiet)

    assert ran.shown == []
    assert api.bill.calls == ()


def test_each_asset_of_a_run_shows_its_own_usage(api, instance):
    @dg.asset
    def first():
        return ask("One.")

    @dg.asset
    def second(first: str):
        ask(first)
        ask(first)

    ran = materialize(instance, first, second)

    assert ran.places == [("materialization", "first", 1), ("materialization", "second", 2)]
    assert summed(ran.shown) == billed(api.bill)


def test_a_key_whose_part_holds_a_slash_gets_its_usage(api, instance):
    @dg.multi_asset(outs={"slashed": dg.AssetOut(key=dg.AssetKey(["a/b", "c"]), dagster_type=NOTHING)})
    def slashed():
        ask()

    ran = materialize(instance, slashed)

    assert ran.result.success
    assert [event.calls for event in ran.shown] == [1]
    assert summed(ran.shown) == billed(api.bill)


@pytest.mark.filterwarnings("ignore:.* is currently in beta", "ignore::DeprecationWarning")
def test_an_observable_source_asset_shows_its_usage_as_an_observation(api, instance):
    @dg.observable_source_asset
    def source():
        return dg.DataVersion(ask())

    result = observe([source], instance=instance)

    shown = shown_usage(instance, result.run_id)
    assert [(event.kind, event.target) for event in shown] == [("observation", "source")]
    assert summed(shown) == billed(api.bill)


@pytest.mark.filterwarnings("ignore:.* is currently in beta")
def test_a_multi_observable_source_asset_shows_its_usage_on_its_observation(api, instance):
    @dg.multi_observable_source_asset(specs=[dg.AssetSpec("source")])
    def observed():
        ask()
        yield dg.ObserveResult(asset_key="source", metadata={"mine": 1})

    result = observe([observed], instance=instance)

    (shown,) = shown_usage(instance, result.run_id)
    assert (shown.kind, shown.target, shown.metadata["mine"]) == ("observation", "source", 1)
    assert summed([shown]) == billed(api.bill)


def test_an_output_that_is_left_out_leaves_its_usage_as_an_observation(api, instance):
    @dg.asset(output_required=False)
    def optional():
        ask()
        yield from ()

    ran = materialize(instance, optional)

    assert ran.result.success
    assert ran.places == [("observation", "optional", 1)]
    assert summed(ran.shown) == billed(api.bill)
