from typing import Any

import dagster as dg

from tests.events import billed, summed
from tests.steps.asking import ask, materialize

NOTHING: Any = dg.Nothing


def test_an_asset_that_asks_nothing_shows_nothing(api, instance):
    @dg.asset
    def quiet():
        return 1

    ran = materialize(instance, quiet)

    assert ran.shown == []
    assert api.bill.calls == ()


def test_a_key_whose_part_holds_a_slash_gets_its_usage(api, instance):
    @dg.multi_asset(outs={"slashed": dg.AssetOut(key=dg.AssetKey(["a/b", "c"]), dagster_type=NOTHING)})
    def slashed():
        ask()

    ran = materialize(instance, slashed)

    assert ran.result.success
    assert [event.calls for event in ran.shown] == [1]
    assert summed(ran.shown) == billed(api.bill)
