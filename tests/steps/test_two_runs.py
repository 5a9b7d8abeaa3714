import threading

import dagster as dg

from dagster_openai_otel import attribute_usage
from tests.events import billed, shown_usage, summed
from tests.steps.asking import Ran, ask, materialize


def test_two_materializations_at_once_in_one_process_each_get_their_own(api):
    meet = threading.Barrier(2, timeout=20)
    ran: dict[str, Ran] = {}

    def asset_of(name: str, calls: int) -> dg.AssetsDefinition:
        @dg.asset(name=name)
        def poem():
            meet.wait()
            for _ in range(calls):
                ask()
            thread = threading.Thread(target=ask)
            thread.start()
            thread.join()
            meet.wait()

        return poem

    def run(name: str, calls: int) -> None:
        with dg.DagsterInstance.ephemeral() as instance:
            ran[name] = materialize(instance, asset_of(name, calls))

    threads = [threading.Thread(target=run, args=args) for args in (("left", 2), ("right", 5))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert ran["left"].places == [("materialization", "left", 3)]
    assert ran["right"].places == [("materialization", "right", 6)]
    assert summed(ran["left"].shown + ran["right"].shown) == billed(api.bill)


def test_a_materialization_inside_an_asset_keeps_its_usage_to_itself(api, instance):
    @dg.asset
    def inner():
        ask("Inner.")
        ask("Inner again.")

    @dg.asset
    def outer():
        ask("Before.")
        nested = dg.materialize([inner], instance=instance)
        ask("After.")
        return nested.run_id

    ran = materialize(instance, outer)

    nested = shown_usage(instance, ran.result.output_for_node("outer"))
    assert [(event.target, event.calls) for event in nested] == [("inner", 2)]
    assert ran.places == [("materialization", "outer", 2)]
    assert summed(nested + ran.shown) == billed(api.bill)


def test_a_failing_materialization_inside_an_asset_keeps_its_usage_to_itself(api, instance):
    @dg.asset
    def inner():
        ask("Inner.")
        message = "no"
        raise RuntimeError(message)

    @dg.asset
    def outer():
        nested = dg.materialize([inner], instance=instance, raise_on_error=False)
        ask("After.")
        return nested.run_id

    ran = materialize(instance, outer)

    nested = shown_usage(instance, ran.result.output_for_node("outer"))
    assert [(event.kind, event.target, event.calls) for event in nested] == [("observation", "inner", 1)]
    assert ran.places == [("materialization", "outer", 1)]
    assert summed(nested + ran.shown) == billed(api.bill)


def test_a_materialization_inside_a_block_that_attributes_keeps_its_usage_to_itself(api, instance):
    @dg.asset
    def inner():
        ask("Inner.")

    @dg.multi_asset(specs=[dg.AssetSpec("a"), dg.AssetSpec("b")])
    def outer():
        with attribute_usage("a"):
            dg.materialize([inner], instance=instance)
            ask("For a.")
        return dg.MaterializeResult(asset_key="a"), dg.MaterializeResult(asset_key="b")

    ran = materialize(instance, outer)

    shown = shown_usage(instance, *instance.get_run_ids())
    assert sorted((event.kind, event.target, event.calls) for event in shown) == [
        ("materialization", "a", 1),
        ("materialization", "inner", 1),
    ]
    assert ran.places == [("materialization", "a", 1)]
    assert summed(shown) == billed(api.bill)


def test_a_call_between_two_runs_is_in_neither(api, instance):
    @dg.asset
    def poem():
        ask()

    first = materialize(instance, poem)
    before = summed(first.shown)
    ask("Between.")
    second = materialize(instance, poem)

    assert summed(shown_usage(instance, first.result.run_id)) == before
    assert [event.calls for event in first.shown + second.shown] == [1, 1]


def test_a_step_leaves_the_context_of_its_thread_as_it_found_it(api, instance):
    from opentelemetry import context as otel_context  # noqa: PLC0415  # read right before and after

    @dg.asset
    def poem():
        yield dg.Output(ask())

    before = otel_context.get_current()
    materialize(instance, poem)

    assert otel_context.get_current() == before
