from typing import Any

import dagster as dg

from tests.events import billed, summed
from tests.steps.asking import ask, materialize


class Asking(dg.IOManager):
    """Asks the API when it stores and when it loads, and keeps values in memory."""

    def __init__(self, *, fails: bool = False) -> None:
        self._values: dict[str, Any] = {}
        self._fails = fails

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        ask("Store this.")
        context.add_output_metadata({"mine": 1})
        if self._fails:
            message = "the disk is full"
            raise OSError(message)
        self._values[context.asset_key.to_user_string()] = obj

    def load_input(self, context: dg.InputContext) -> Any:
        ask("Load this.")
        return self._values[context.asset_key.to_user_string()]


@dg.asset
def draft():
    return ask()


@dg.asset
def poem(draft: str):
    return ask(draft)


def test_an_io_manager_that_asks_on_store_leaves_an_observation_after_the_output(api, instance):
    ran = materialize(instance, draft, resources={"io_manager": Asking()})

    assert ran.outcomes == [
        ("materialization", "draft", 1, None),
        ("observation", "draft", 1, "after the output"),
    ]
    assert ran.shown[0].metadata["mine"] == 1
    assert summed(ran.shown) == billed(api.bill)


def test_an_io_manager_that_asks_on_load_counts_for_the_asset_that_loads(api, instance):
    ran = materialize(instance, draft, poem, resources={"io_manager": Asking()})

    assert ran.outcomes[2:] == [
        ("materialization", "poem", 2, None),
        ("observation", "poem", 1, "after the output"),
    ]
    assert summed(ran.shown) == billed(api.bill)


def test_an_io_manager_that_fails_leaves_all_usage_as_an_observation(api, instance):
    ran = materialize(instance, draft, resources={"io_manager": Asking(fails=True)})

    assert not ran.result.success
    assert ran.outcomes == [("observation", "draft", 2, "failed attempt 1")]
    assert summed(ran.shown) == billed(api.bill)


def test_an_io_manager_that_fails_on_the_second_asset_doubles_nothing_of_the_first(api, instance):
    class FailsOnB(dg.IOManager):
        def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
            if context.asset_key == dg.AssetKey("b"):
                message = "the disk is full"
                raise OSError(message)

        def load_input(self, context: dg.InputContext) -> None:
            raise NotImplementedError

    @dg.multi_asset(outs={"a": dg.AssetOut(), "b": dg.AssetOut()})
    def both():
        yield dg.Output(ask("One."), output_name="a")
        yield dg.Output(ask("Two."), output_name="b")

    ran = materialize(instance, both, resources={"io_manager": FailsOnB()})

    assert ran.outcomes == [("materialization", "a", 1, None), ("observation", "b", 1, "failed attempt 1")]
    assert summed(ran.shown) == billed(api.bill)


def test_an_io_manager_that_is_retried_shows_both_attempts(api, instance):
    class FailsOnce(Asking):
        def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
            first, self._fails = not self._values, False
            if first:
                self._values["tried"] = True
                message = "try again"
                raise OSError(message)
            super().handle_output(context, obj)

    @dg.asset(retry_policy=dg.RetryPolicy(max_retries=1))
    def verse():
        return ask()

    ran = materialize(instance, verse, resources={"io_manager": FailsOnce()})

    assert ran.result.success
    assert ran.outcomes == [
        ("observation", "verse", 1, "failed attempt 1"),
        ("materialization", "verse", 1, None),
        ("observation", "verse", 1, "after the output"),
    ]
    assert summed(ran.shown) == billed(api.bill)


def test_an_output_of_the_wrong_type_leaves_its_usage_as_an_observation(api, instance):
    @dg.asset
    def verse() -> int:
        return ask()  # type: ignore[return-value]

    ran = materialize(instance, verse)

    assert not ran.result.success
    assert ran.outcomes == [("observation", "verse", 1, "failed attempt 1")]
    assert summed(ran.shown) == billed(api.bill)


def test_an_asset_that_yields_what_it_does_not_make_leaves_its_usage_as_an_observation(api, instance):
    @dg.asset
    def verse():
        ask()
        yield dg.MaterializeResult(asset_key="elsewhere")

    ran = materialize(instance, verse)

    assert not ran.result.success
    assert [(event.kind, event.calls) for event in ran.shown] == [("observation", 1)]
    assert summed(ran.shown) == billed(api.bill)
