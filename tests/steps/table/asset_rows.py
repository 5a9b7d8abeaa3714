"""Assets with one output, in all the ways to write them."""

import asyncio
import inspect
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dagster as dg

from tests.steps.asking import ask, ask_async
from tests.steps.table.rows import Table

ASSETS = Table()
NOTHING: Any = dg.Nothing


class Bottle(dg.ConfigurableResource):  # type: ignore[type-arg]  # as users write it
    """A resource of the user."""

    model: str

    def drink(self, text: str) -> str:
        return ask(text, model=self.model)


class Size(dg.Config):
    """Config of the user."""

    lines: int = 2


@ASSETS.row("materialization function 1")
@dg.asset
def function():
    ask("function")


@ASSETS.row("materialization with_context 1")
@dg.asset
def with_context(context: dg.AssetExecutionContext):
    context.add_output_metadata({"mine": 1, "openai": "mine too"})
    context.log.info(ask("with_context"))


@ASSETS.row("materialization with_a_bare_context 1")
@dg.asset
def with_a_bare_context(context):
    context.log.info(ask("with_a_bare_context"))


@ASSETS.row("materialization with_an_op_context 1")
@dg.asset
def with_an_op_context(context: dg.OpExecutionContext):
    context.log.info(ask("with_an_op_context"))


@ASSETS.row("materialization with_config 3", config={"config": {"lines": 3}})
@dg.asset
def with_config(config: Size):
    for line in range(config.lines):
        ask(f"with_config {line}")


@ASSETS.row("materialization with_a_resource 1", resources={"bottle": Bottle(model="gpt-4o")})
@dg.asset
def with_a_resource(bottle: Bottle):
    return bottle.drink("with_a_resource")


@ASSETS.row("materialization value 1")
@dg.asset
def value() -> str:
    return ask("value")


@ASSETS.row("materialization none 1")
@dg.asset
def none() -> None:
    ask("none")


@ASSETS.row("materialization nothing 1")
@dg.asset(dagster_type=NOTHING)
def nothing():
    ask("nothing")


@ASSETS.row("materialization an_output 1")
@dg.asset
def an_output() -> dg.Output[str]:
    return dg.Output(ask("an_output"), metadata={"mine": 1}, data_version=dg.DataVersion("7"))


@ASSETS.row("materialization a_result 1")
@dg.asset
def a_result() -> dg.MaterializeResult:  # type: ignore[type-arg]  # as users write it
    ask("a_result")
    return dg.MaterializeResult(metadata={"mine": 1}, data_version=dg.DataVersion("7"))


if "value" in inspect.signature(dg.MaterializeResult).parameters:
    # not in Dagster 1.10
    @ASSETS.row("materialization result_with_a_value 1")
    @dg.asset
    def result_with_a_value():
        return dg.MaterializeResult(value=ask("result_with_a_value"))


@ASSETS.row("materialization generator 1")
@dg.asset
def generator() -> Iterator[dg.Output[str]]:
    yield dg.Output(ask("generator"))


@ASSETS.row("materialization generator_of_a_result 1")
@dg.asset
def generator_of_a_result(context: dg.AssetExecutionContext):
    context.log.info(ask("generator_of_a_result"))
    yield dg.MaterializeResult()


@ASSETS.row("materialization generator_of_events 2", "observation generator_of_events 1, after the output")
@dg.asset
def generator_of_events():
    ask("generator_of_events 1")
    yield dg.AssetObservation("elsewhere", metadata={"seen": 1})
    yield dg.AssetMaterialization("elsewhere", metadata={"mine": 1})
    yield dg.Output(ask("generator_of_events 2"), metadata={"mine": 2})
    ask("generator_of_events 3")
    yield dg.AssetObservation("elsewhere", metadata={"seen": 2})


@ASSETS.row("materialization logs_events 1")
@dg.asset
def logs_events(context: dg.AssetExecutionContext):
    context.log_event(dg.AssetObservation("elsewhere", metadata={"seen": 1}))
    ask("logs_events")
    context.log_event(dg.AssetMaterialization("elsewhere"))


@ASSETS.row("materialization coroutine 1")
@dg.asset
async def coroutine():
    await ask_async("coroutine")


@ASSETS.row("materialization coroutine_with_context 1")
@dg.asset
async def coroutine_with_context(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]  # as users write it
    context.log.info(await ask_async("coroutine_with_context"))
    return dg.MaterializeResult()


@ASSETS.row("materialization async_generator 1")
@dg.asset
async def async_generator():
    yield dg.Output(await ask_async("async_generator"))


@ASSETS.row("materialization async_generator_of_a_result 3")
@dg.asset
async def async_generator_of_a_result():
    await asyncio.gather(*(ask_async(f"async_generator_of_a_result {number}") for number in range(3)))
    yield dg.MaterializeResult()


@ASSETS.row("materialization threads 3")
@dg.asset
def threads():
    with ThreadPoolExecutor(3) as pool:
        return list(pool.map(ask, [f"threads {number}" for number in range(3)]))


@ASSETS.row("materialization three/parts/long_key 1")
@dg.asset(key_prefix=["three", "parts"])
def long_key():
    ask("three__parts__long_key")


@ASSETS.row("observation optional 1, op optional")
@dg.asset(output_required=False)
def optional():
    ask("optional")
    yield from ()


@dg.asset
def stored():
    return "downstream"


@ASSETS.row("materialization downstream 2", beside=(stored,))
@dg.asset
def downstream(stored: str):
    for _ in range(2):
        ask(stored)
