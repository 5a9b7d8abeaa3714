"""Definitions as a user has them, for `dagster dev`."""

import time
import warnings

import dagster as dg

from dagster_openai_otel import instrument
from tests.steps.asking import ask

instrument()

LETTERS = dg.StaticPartitionsDefinition(list("abc"))
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    SINGLE_RUN = dg.BackfillPolicy.single_run()


@dg.asset
def poem():
    return ask("A poem.")


@dg.asset_check(asset=poem)
def rhymes(poem: str):
    ask(poem)
    return dg.AssetCheckResult(passed=True)


@dg.asset
def review(context: dg.AssetExecutionContext, poem: str):
    """Fails in a first run."""
    ask(poem)
    if context.run.parent_run_id is None:
        message = "the first run"
        raise RuntimeError(message)


@dg.asset(partitions_def=LETTERS, backfill_policy=SINGLE_RUN)
def letters(context: dg.AssetExecutionContext) -> None:
    for key in context.partition_keys:
        ask(f"A letter, {key}.")
    ask("All letters.")


@dg.asset(partitions_def=LETTERS)
def letter(context: dg.AssetExecutionContext):
    ask(f"One letter, {context.partition_key}.")


@dg.asset
def endless(context: dg.AssetExecutionContext):
    ask("An endless poem.")
    context.log.info("It goes on.")
    time.sleep(600)


reviews = dg.define_asset_job("reviews", dg.AssetSelection.assets(poem, review))
endless_job = dg.define_asset_job("endless_job", dg.AssetSelection.assets(endless))

defs = dg.Definitions(
    [poem, review, letters, letter, endless], asset_checks=[rhymes], jobs=[reviews, endless_job]
)
