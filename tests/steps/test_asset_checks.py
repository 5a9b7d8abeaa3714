from typing import Any

import dagster as dg
import pytest

from tests.events import billed, summed
from tests.steps.asking import ask, ask_async, materialize


@dg.asset
def poem():
    return "Roses are red."


def test_the_usage_of_a_check_stands_on_its_result(api, instance):
    @dg.asset_check(asset=poem)
    def rhymes(poem: str):
        return dg.AssetCheckResult(passed=True, metadata={"verdict": ask(poem)})

    ran = materialize(instance, poem, rhymes)

    assert ran.places == [("check", "poem:rhymes", 1)]
    assert "verdict" in ran.shown[0].metadata
    assert summed(ran.shown) == billed(api.bill)


@pytest.mark.parametrize("severity", [dg.AssetCheckSeverity.WARN, dg.AssetCheckSeverity.ERROR])
def test_a_check_that_does_not_pass_shows_its_usage(severity, api, instance):
    @dg.asset_check(asset=poem, blocking=True)
    def rhymes():
        ask()
        return dg.AssetCheckResult(passed=False, severity=severity)

    ran = materialize(instance, poem, rhymes)

    assert ran.places == [("check", "poem:rhymes", 1)]
    assert summed(ran.shown) == billed(api.bill)


def test_an_async_check_shows_its_usage(api, instance):
    async def rhymes(context: dg.AssetCheckExecutionContext) -> Any:
        context.log.info(await ask_async())
        return dg.AssetCheckResult(passed=True)

    check: Any = dg.asset_check(asset=poem)
    ran = materialize(instance, poem, check(rhymes))

    assert ran.places == [("check", "poem:rhymes", 1)]
    assert summed(ran.shown) == billed(api.bill)


def test_a_check_that_raises_leaves_an_observation_of_its_asset(api, instance):
    @dg.asset_check(asset=poem)
    def rhymes():
        ask()
        message = "no"
        raise RuntimeError(message)

    ran = materialize(instance, poem, rhymes)

    assert not ran.result.success
    assert ran.outcomes == [("observation", "poem", 1, "failed attempt 1")]
    assert summed(ran.shown) == billed(api.bill)


def test_a_generator_of_checks_gives_each_what_was_used_since_the_one_before(api, instance):
    @dg.multi_asset_check(
        specs=[dg.AssetCheckSpec("rhymes", asset="poem"), dg.AssetCheckSpec("scans", asset="poem")]
    )
    def reads_well():
        ask("Does it rhyme?")
        yield dg.AssetCheckResult(asset_key="poem", check_name="rhymes", passed=True)
        ask("Does it scan?")
        ask("Sure?")
        yield dg.AssetCheckResult(asset_key="poem", check_name="scans", passed=True)

    ran = materialize(instance, poem, reads_well)

    assert ran.places == [("check", "poem:rhymes", 1), ("check", "poem:scans", 2)]
    assert summed(ran.shown) == billed(api.bill)


def test_a_check_inside_an_asset_leaves_the_usage_to_the_asset(api, instance):
    @dg.asset(check_specs=[dg.AssetCheckSpec("rhymes", asset="verse")])
    def verse():
        yield dg.Output(ask("A verse."))
        ask("Does it rhyme?")
        yield dg.AssetCheckResult(passed=True)

    ran = materialize(instance, verse)

    assert ran.outcomes == [
        ("materialization", "verse", 1, None),
        ("observation", "verse", 1, "after the output"),
    ]
    assert summed(ran.shown) == billed(api.bill)


def test_an_asset_whose_own_check_blocks_shows_its_usage_once(api, instance):
    @dg.asset(check_specs=[dg.AssetCheckSpec("rhymes", asset="verse", blocking=True)])
    def verse():
        ask()
        return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=False)])

    ran = materialize(instance, verse)

    assert not ran.result.success
    assert [(event.target, event.calls) for event in ran.shown] == [("verse", 1)]
    assert summed(ran.shown) == billed(api.bill)


def test_only_the_check_of_an_asset_is_selected_and_shows_its_usage(api, instance):
    @dg.multi_asset(
        specs=[dg.AssetSpec("verse", skippable=True)],
        check_specs=[dg.AssetCheckSpec("rhymes", asset="verse")],
        can_subset=True,
    )
    def verses():
        ask("Does it rhyme?")
        yield dg.AssetCheckResult(asset_key="verse", check_name="rhymes", passed=True)

    ran = materialize(
        instance,
        verses,
        selection=dg.AssetSelection.checks(dg.AssetCheckKey(dg.AssetKey("verse"), "rhymes")),
    )

    assert ran.result.success
    assert ran.places == [("check", "verse:rhymes", 1)]
    assert summed(ran.shown) == billed(api.bill)
