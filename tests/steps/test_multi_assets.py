import dagster as dg
import pytest

from dagster_openai_otel import attribute_usage
from tests.events import billed, summed
from tests.steps.asking import ask, ask_async, materialize

AB = [dg.AssetSpec("a"), dg.AssetSpec("b")]
ABC = [*AB, dg.AssetSpec("c")]


def test_a_generator_gives_each_asset_what_was_used_since_the_one_before(api, instance):
    @dg.multi_asset(specs=AB)
    def both():
        ask("One.")
        yield dg.MaterializeResult(asset_key="a")
        ask("Two.")
        ask("Three.")
        yield dg.MaterializeResult(asset_key="b")

    ran = materialize(instance, both)

    assert ran.places == [("materialization", "a", 1), ("materialization", "b", 2)]
    assert all("openai/share" not in event.metadata for event in ran.shown)
    assert summed(ran.shown) == billed(api.bill)


def test_a_generator_of_outputs_gives_each_asset_its_own(api, instance):
    @dg.multi_asset(outs={"a": dg.AssetOut(), "b": dg.AssetOut()})
    def both():
        yield dg.Output(ask("One."), output_name="a")
        yield dg.Output(ask("Two."), output_name="b")

    ran = materialize(instance, both)

    assert ran.places == [("materialization", "a", 1), ("materialization", "b", 1)]
    assert summed(ran.shown) == billed(api.bill)


def test_an_async_generator_gives_each_asset_its_own(api, instance):
    @dg.multi_asset(specs=AB)
    async def both():
        await ask_async("One.")
        yield dg.MaterializeResult(asset_key="a")
        await ask_async("Two.")
        yield dg.MaterializeResult(asset_key="b")

    ran = materialize(instance, both)

    assert ran.places == [("materialization", "a", 1), ("materialization", "b", 1)]
    assert summed(ran.shown) == billed(api.bill)


def test_what_is_returned_at_once_is_split_evenly_and_says_so(api, instance):
    @dg.multi_asset(specs=ABC)
    def three():
        for text in ("One.", "Two.", "Three.", "Four."):
            ask(text)
        return tuple(dg.MaterializeResult(asset_key=key) for key in "abc")

    ran = materialize(instance, three)

    assert sorted(ran.places) == [
        ("materialization", "a", 2),
        ("materialization", "b", 1),
        ("materialization", "c", 1),
    ]
    assert {event.metadata["openai/share"] for event in ran.shown} == {"even split over 3 assets"}
    assert summed(ran.shown) == billed(api.bill)


def test_values_that_are_returned_at_once_are_split_evenly(api, instance):
    @dg.multi_asset(outs={"a": dg.AssetOut(), "b": dg.AssetOut()})
    def both():
        return ask("One."), ask("Two.")

    ran = materialize(instance, both)

    assert ran.places == [("materialization", "a", 1), ("materialization", "b", 1)]
    assert summed(ran.shown) == billed(api.bill)


def test_a_multi_asset_that_returns_nothing_is_split_evenly(api, instance):
    @dg.multi_asset(specs=AB)
    def both():
        ask("One.")
        ask("Two.")

    ran = materialize(instance, both)

    assert sorted(ran.places) == [("materialization", "a", 1), ("materialization", "b", 1)]
    assert summed(ran.shown) == billed(api.bill)


def test_a_generator_that_yields_nothing_is_split_evenly(api, instance):
    @dg.multi_asset(outs={key: dg.AssetOut(dagster_type=dg.Nothing) for key in "ab"})
    def both():
        ask("One.")
        ask("Two.")
        yield from ()

    ran = materialize(instance, both)

    assert ran.result.success
    assert sorted(ran.places) == [("materialization", "a", 1), ("materialization", "b", 1)]
    assert summed(ran.shown) == billed(api.bill)


@pytest.mark.parametrize("selection", [["a"], ["a", "c"], ["b", "c"]])
def test_only_the_assets_that_are_selected_share(selection, api, instance):
    @dg.multi_asset(specs=[dg.AssetSpec(key, skippable=True) for key in "abc"], can_subset=True)
    def three(context: dg.AssetExecutionContext):
        ask("One.")
        ask("Two.")
        return (dg.MaterializeResult(asset_key=key) for key in sorted(context.selected_asset_keys))

    ran = materialize(instance, three, selection=selection)

    assert ran.result.success
    assert sorted(event.target for event in ran.shown) == selection
    assert summed(ran.shown) == billed(api.bill)


def test_a_subset_of_a_generator_gives_each_its_own(api, instance):
    @dg.multi_asset(specs=[dg.AssetSpec(key, skippable=True) for key in "abc"], can_subset=True)
    def three(context: dg.AssetExecutionContext):
        for key in sorted(context.selected_asset_keys):
            ask(key.to_user_string())
            yield dg.MaterializeResult(asset_key=key)

    ran = materialize(instance, three, selection=["a", "c"])

    assert ran.places == [("materialization", "a", 1), ("materialization", "c", 1)]
    assert summed(ran.shown) == billed(api.bill)


def test_what_is_attributed_goes_to_its_asset_also_when_that_comes_later(api, instance):
    @dg.multi_asset(specs=AB)
    def both():
        with attribute_usage("b"):
            ask("For b.")
        ask("For a.")
        yield dg.MaterializeResult(asset_key="a")
        yield dg.MaterializeResult(asset_key="b")

    ran = materialize(instance, both)

    assert ran.places == [("materialization", "a", 1), ("materialization", "b", 1)]
    assert summed(ran.shown) == billed(api.bill)


def test_what_is_attributed_is_not_split(api, instance):
    @dg.multi_asset(specs=AB)
    def both():
        with attribute_usage("b"):
            ask("For b.")
        with attribute_usage("a"):
            ask("For a.")
            ask("For a again.")
        return dg.MaterializeResult(asset_key="a"), dg.MaterializeResult(asset_key="b")

    ran = materialize(instance, both)

    assert sorted(ran.places) == [("materialization", "a", 2), ("materialization", "b", 1)]
    assert all("openai/share" not in event.metadata for event in ran.shown)
    assert summed(ran.shown) == billed(api.bill)


def test_what_is_attributed_to_an_asset_that_was_made_already_is_observed(api, instance):
    @dg.multi_asset(specs=AB)
    def both():
        ask("For a.")
        yield dg.MaterializeResult(asset_key="a")
        with attribute_usage("a"):
            ask("For a, late.")
        yield dg.MaterializeResult(asset_key="b")

    ran = materialize(instance, both)

    assert ran.outcomes == [("materialization", "a", 1, None), ("observation", "a", 1, "after the output")]
    assert summed(ran.shown) == billed(api.bill)


def test_an_asset_that_is_left_out_leaves_no_usage_behind(api, instance):
    @dg.multi_asset(specs=[dg.AssetSpec("a"), dg.AssetSpec("b", skippable=True)])
    def both():
        ask("One.")
        yield dg.MaterializeResult(asset_key="a")
        ask("Two.")

    ran = materialize(instance, both)

    assert ran.result.success
    assert ran.outcomes == [("materialization", "a", 1, None), ("observation", "b", 1, "after the output")]
    assert summed(ran.shown) == billed(api.bill)


def test_checks_beside_assets_take_none_of_their_usage(api, instance):
    @dg.multi_asset(specs=AB, check_specs=[dg.AssetCheckSpec("good", asset="a")])
    def both():
        ask("One.")
        yield dg.MaterializeResult(asset_key="a")
        ask("Two, to check.")
        yield dg.AssetCheckResult(asset_key="a", check_name="good", passed=True)
        yield dg.MaterializeResult(asset_key="b")

    ran = materialize(instance, both)

    assert ran.result.success
    assert ran.places == [("materialization", "a", 1), ("materialization", "b", 1)]
    assert summed(ran.shown) == billed(api.bill)


def test_calls_of_two_models_split_each_by_itself(api, instance):
    @dg.multi_asset(specs=ABC)
    def three():
        ask("One.", model="gpt-5-mini")
        ask("Two.", model="gpt-4o")
        ask("Three.", model="own-model")
        return tuple(dg.MaterializeResult(asset_key=key) for key in "abc")

    ran = materialize(instance, three)

    assert [event.calls for event in ran.shown] == [1, 1, 1]
    assert summed(ran.shown) == billed(api.bill)
