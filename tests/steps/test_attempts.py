import signal

import dagster as dg
import openai
import pytest

from dagster_openai_otel.testing import Answer
from tests.events import billed, shown_usage, summed
from tests.steps.asking import ask, materialize


class RefusalError(Exception):
    """What the assets below fail with."""


def test_the_error_of_the_asset_is_raised_as_it_is(api, instance):
    @dg.asset
    def poem():
        ask()
        message = "the user's own words"
        raise RefusalError(message)

    with pytest.raises(RefusalError, match=r"^the user's own words$"):
        dg.materialize([poem], instance=instance)


def test_a_call_that_fails_is_counted_as_failed_and_costs_nothing(api, instance):
    @dg.asset
    def poem():
        ask("One.")
        api.script(Answer(status=400))
        with pytest.raises(openai.BadRequestError):
            ask("Two.")

    ran = materialize(instance, poem)

    assert ran.places == [("materialization", "poem", 1)]
    assert ran.shown[0].metadata["openai/failed_calls"] == 1
    assert summed(ran.shown) == billed(api.bill)


def test_a_call_that_fails_the_asset_is_shown_though_it_cost_nothing(api, instance):
    @dg.asset
    def poem():
        api.script(Answer(status=401))
        ask()

    ran = materialize(instance, poem)

    assert ran.outcomes == [("observation", "poem", 0, "failed attempt 1")]
    assert ran.shown[0].metadata["openai/failed_calls"] == 1
    assert summed(ran.shown) == billed(api.bill)


def test_what_the_sdk_sends_again_is_counted_as_a_retry_and_once(api, instance):
    @dg.asset
    def poem():
        api.script(Answer(status=500, retry_after=0.01), Answer(reset=True))
        ask()

    ran = materialize(instance, poem)

    assert ran.places == [("materialization", "poem", 1)]
    assert ran.shown[0].metadata["openai/retries"] == 2
    assert "openai/failed_calls" not in ran.shown[0].metadata
    assert summed(ran.shown) == billed(api.bill)


def test_an_interrupted_asset_shows_what_it_used_until_then(api, instance):
    @dg.asset
    def poem():
        ask()
        signal.raise_signal(signal.SIGINT)
        ask("Never asked.")

    with pytest.raises((dg.DagsterExecutionInterruptedError, KeyboardInterrupt)):
        dg.materialize([poem], instance=instance)

    shown = shown_usage(instance, *instance.get_run_ids())
    assert [(event.kind, event.target, event.outcome) for event in shown] == [
        ("observation", "poem", "interrupted attempt 1")
    ]
    assert summed(shown) == billed(api.bill)


def test_a_system_exit_in_an_asset_passes_and_shows_what_was_used(api, instance):
    @dg.asset
    def poem():
        ask()
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        dg.materialize([poem], instance=instance)

    shown = shown_usage(instance, *instance.get_run_ids())
    assert [event.outcome for event in shown] == ["interrupted attempt 1"]
    assert summed(shown) == billed(api.bill)
