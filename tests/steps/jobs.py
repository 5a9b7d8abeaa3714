"""Definitions as a user writes them, for runs whose steps are processes of their own."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import dagster as dg

from dagster_openai_otel import attribute_usage, instrument
from tests.steps.asking import ask, ask_async

instrument()


def ask_later():
    time.sleep(0.3)
    ask("Later.")


@dg.asset(retry_policy=dg.RetryPolicy(max_retries=1))
def poem(context: dg.AssetExecutionContext):
    with ThreadPoolExecutor(2) as pool:
        lines = list(pool.map(ask, ["One.", "Two."]))
    if context.retry_number == 0:
        message = "the first try"
        raise RuntimeError(message)
    threading.Thread(target=ask_later).start()
    return "".join(lines)


@dg.multi_asset(specs=[dg.AssetSpec(key, deps=[poem]) for key in ("left", "right")])
async def both():
    with attribute_usage("left"):
        await ask_async("Left.")
    await ask_async("One.")
    await ask_async("Two.")
    return dg.MaterializeResult(asset_key="left"), dg.MaterializeResult(asset_key="right")


@dg.asset_check(asset=poem)
def rhymes(poem: str):
    ask(poem)
    return dg.AssetCheckResult(passed=True)


@dg.asset
def verse():
    ask("A verse.")


def pipeline() -> dg.JobDefinition:
    """Assets and a check, each in a process of its own."""
    return _job("pipeline", dg.AssetSelection.all() - dg.AssetSelection.assets(verse), {"max_concurrent": 2})


def single() -> dg.JobDefinition:
    """One asset, in a process of its own."""
    return _job("single", dg.AssetSelection.assets(verse), {"max_concurrent": 1})


def in_process() -> dg.JobDefinition:
    """One asset, in the run's own process."""
    job = dg.define_asset_job(
        "in_process", dg.AssetSelection.assets(verse), executor_def=dg.in_process_executor
    )
    return dg.Definitions([verse], jobs=[job]).get_repository_def().get_job("in_process")


def _job(name: str, selection: dg.AssetSelection, config: dict[str, object]) -> dg.JobDefinition:
    job = dg.define_asset_job(name, selection, executor_def=dg.multiprocess_executor.configured(config))
    definitions = dg.Definitions([poem, both, verse], asset_checks=[rhymes], jobs=[job])
    return definitions.get_repository_def().get_job(name)
