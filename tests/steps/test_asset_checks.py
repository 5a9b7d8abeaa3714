import dagster as dg

from tests.events import billed, summed
from tests.steps.asking import ask, materialize


def test_an_asset_whose_own_check_blocks_shows_its_usage_once(api, instance):
    @dg.asset(check_specs=[dg.AssetCheckSpec("rhymes", asset="verse", blocking=True)])
    def verse():
        ask()
        return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=False)])

    ran = materialize(instance, verse)

    assert not ran.result.success
    assert [(event.target, event.calls) for event in ran.shown] == [("verse", 1)]
    assert summed(ran.shown) == billed(api.bill)
