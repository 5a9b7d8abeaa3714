"""Assets of a user who knows nothing of this library: no test, but what tests run in other processes."""

import asyncio
from typing import Any

import dagster as dg

from tests.steps.asking import ask, ask_async

LETTERS = dg.StaticPartitionsDefinition(["a", "b"])


@dg.asset
def value(context: dg.AssetExecutionContext) -> str:
    context.add_output_metadata({"from the context": 1})
    return ask("A value.")


@dg.asset
def result(value: str):
    ask(value)
    return dg.MaterializeResult(metadata={"mine": 1, "openai": "mine too"}, data_version=dg.DataVersion("7"))


@dg.asset(retry_policy=dg.RetryPolicy(max_retries=1))
def second_try(context: dg.AssetExecutionContext):
    ask("Try.")
    if context.retry_number == 0:
        message = "the first try"
        raise RuntimeError(message)
    yield dg.AssetObservation("elsewhere", metadata={"seen": 1})
    yield dg.Output(1, metadata={"mine": 2})


@dg.multi_asset(
    specs=[dg.AssetSpec("x"), dg.AssetSpec("y")], check_specs=[dg.AssetCheckSpec("good", asset="x")]
)
async def both():
    await asyncio.gather(ask_async("One."), ask_async("Two."))
    yield dg.MaterializeResult(asset_key="x", metadata={"mine": 3})
    yield dg.AssetCheckResult(asset_key="x", check_name="good", passed=True, metadata={"mine": 4})
    yield dg.MaterializeResult(asset_key="y")


@dg.asset_check(asset=value, blocking=True)
def short(value: str):
    ask(value)
    return dg.AssetCheckResult(passed=len(value) < 1_000, metadata={"length": len(value)})


@dg.op
def draft() -> str:
    return ask("Draft.")


@dg.op
def polish(text: str) -> str:
    return ask(text)


@dg.graph_asset
def poem():
    return polish(draft())


@dg.asset
def failing() -> None:
    ask()
    message = "it always fails"
    raise ValueError(message)


ASSETS: list[Any] = [value, result, second_try, both, short, poem, failing]


@dg.job
def ops():
    polish(draft())
