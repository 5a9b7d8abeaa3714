"""`attribute_usage` where the code inside does not run in one go."""

import asyncio
import contextvars
import gc
import threading
from typing import Any

import dagster as dg
import pytest
from opentelemetry import context as otel_context

from dagster_openai_otel import attribute_usage
from dagster_openai_otel.scope import find_target
from tests.events import billed, summed
from tests.steps.asking import ask, ask_async, materialize

pytestmark = pytest.mark.filterwarnings(
    "ignore:.* is currently in beta", "ignore:The `__fields__` attribute is deprecated"
)

LETTERS = dg.StaticPartitionsDefinition(list("abc"))
AB = [dg.AssetSpec("a"), dg.AssetSpec("b")]
A: Any = dg.MaterializeResult(asset_key="a")
B: Any = dg.MaterializeResult(asset_key="b")


def test_a_generator_that_yields_inside_goes_on_inside(api, instance):
    @dg.multi_asset(specs=AB)
    def both():
        with attribute_usage("b"):
            ask()
            yield A
            ask()
        ask()
        yield B

    ran = materialize(instance, both)

    assert ran.places == [("materialization", "b", 3)]
    assert summed(ran.shown) == billed(api.bill)


def test_an_asynchronous_generator_that_yields_inside_goes_on_inside(api, instance, caplog):
    @dg.multi_asset(specs=[*AB, dg.AssetSpec("c")])
    async def three():
        with attribute_usage("c"):
            await ask_async()
            yield A
            await ask_async()
            with attribute_usage("b"):
                await asyncio.gather(ask_async(), asyncio.to_thread(ask))
                yield B
                await ask_async()
            await ask_async()
        await ask_async()
        yield dg.MaterializeResult(asset_key="c")

    ran = materialize(instance, three)

    assert ran.outcomes == [
        ("materialization", "b", 2, None),
        ("materialization", "c", 4, None),
        ("observation", "b", 1, "after the output"),
    ]
    assert summed(ran.shown) == billed(api.bill)
    assert [record for record in caplog.records if record.name.startswith("opentelemetry")] == []


def test_what_an_asynchronous_generator_asks_after_a_block_is_not_the_blocks(api, instance):
    @dg.multi_asset(specs=AB)
    async def both():
        with attribute_usage("b"):
            yield A
        await ask_async()
        assert find_target().asset_key is None
        yield B

    ran = materialize(instance, both)

    assert ran.places == [("materialization", "b", 1)]


@pytest.mark.parametrize("collected_by", ["here", "thread"])
def test_a_generator_that_is_left_to_the_garbage_collector_leaves_its_block(collected_by, api, caplog):
    def lines():
        with attribute_usage("a"):
            yield 1
            yield 2

    def left():
        held = [lines()]
        next(held[0])
        assert find_target().asset_key == "a"
        if collected_by == "here":
            held.clear()
        else:
            thread = threading.Thread(target=held.clear)
            thread.start()
            thread.join()
        return find_target().asset_key

    assert contextvars.copy_context().run(left) is None
    assert caplog.records == []


def test_an_asynchronous_generator_that_is_left_leaves_its_block(api, caplog):
    seen: list[Any] = []

    async def lines():
        with attribute_usage("a"):
            yield 1
            yield 2

    async def first():
        async for _ in lines():
            seen.append(find_target().asset_key)
            break
        # its own task closes it, when the loop comes to it
        while find_target().asset_key == "a":
            gc.collect()
            await asyncio.sleep(0.01)
        seen.append(find_target().asset_key)

    asyncio.run(asyncio.wait_for(first(), 10))

    assert seen == ["a", None]
    assert caplog.records == []


def test_blocks_that_end_in_another_order_leave_nothing_behind(api):
    def block(key: str):
        with attribute_usage(key):
            yield

    first, second = block("a"), block("b")
    next(first)
    next(second)
    first.close()
    assert find_target().asset_key == "b"
    second.close()

    assert find_target().asset_key is None


def test_a_block_takes_out_nothing_that_was_put_into_the_context_since(api):
    key = otel_context.create_key("users")

    with attribute_usage("a"):
        token = otel_context.attach(otel_context.set_value(key, "stays"))

    assert otel_context.get_value(key) == "stays"
    otel_context.detach(token)


def test_a_thread_that_outlives_its_block_goes_on_in_it(api, instance):
    @dg.multi_asset(specs=AB)
    def both():
        go = threading.Event()
        with attribute_usage("b"):
            thread = threading.Thread(target=lambda: (go.wait(10), ask()))
            thread.start()
        go.set()
        thread.join()
        return A, B

    assert materialize(instance, both).places == [("materialization", "b", 1)]
