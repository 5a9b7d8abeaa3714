"""Definitions as a user writes them, for runs whose steps are processes of their own."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import dagster as dg

from dagster_openai_otel import attribute_usage, instrument
from tests.steps.asking import ask, ask_async

instrument()

LETTERS = dg.StaticPartitionsDefinition(list("abc"))


@dg.asset
def poem():
    with ThreadPoolExecutor(2) as pool:
        return "".join(pool.map(ask, ["One.", "Two."]))


@dg.multi_asset(specs=[dg.AssetSpec(key, deps=[poem]) for key in ("left", "right")])
async def both():
    with attribute_usage("left"):
        await ask_async("Left.")
    await ask_async("One.")
    await ask_async("Two.")
    return dg.MaterializeResult(asset_key="left"), dg.MaterializeResult(asset_key="right")


@dg.asset(retry_policy=dg.RetryPolicy(max_retries=1))
def flaky(context: dg.AssetExecutionContext):
    ask("Try.")
    if context.retry_number == 0:
        message = "the first try"
        raise RuntimeError(message)


@dg.asset_check(asset=poem)
def rhymes(poem: str):
    ask(poem)
    return dg.AssetCheckResult(passed=True)


def ask_later():
    time.sleep(0.3)
    ask("Later.")


@dg.asset
def hasty():
    threading.Thread(target=ask_later).start()


@dg.op
def draft():
    return ask("Draft.")


ASSETS = [poem, both, flaky, hasty]


def pipeline() -> dg.JobDefinition:
    """Assets and a check, each in a process of its own."""
    return _job("pipeline", dg.AssetSelection.all(), {"max_concurrent": 2})


def forked() -> dg.JobDefinition:
    """One asset, in a process that a server forks."""
    selection = dg.AssetSelection.assets(poem).without_checks()
    return _job("forked", selection, {"max_concurrent": 1, "start_method": {"forkserver": {}}})


def single() -> dg.JobDefinition:
    """One asset, in a process of its own."""
    return _job("single", dg.AssetSelection.assets(poem).without_checks(), {"max_concurrent": 1})


def _job(name: str, selection: dg.AssetSelection, config: dict[str, object]) -> dg.JobDefinition:
    executor = dg.multiprocess_executor.configured(config)
    job = dg.define_asset_job(name, selection, executor_def=executor)
    definitions = dg.Definitions(ASSETS, asset_checks=[rhymes], jobs=[job])
    return definitions.get_repository_def().get_job(name)


@dg.job(executor_def=dg.multiprocess_executor)
def ops():
    draft()
