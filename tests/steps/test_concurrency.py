import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import dagster as dg
import openai
import pytest

from tests.events import billed, summed
from tests.steps.asking import ask, ask_async, materialize


def in_a_pool():
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, ["One.", "Two.", "Three."]))


def in_bare_threads():
    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def in_a_timer():
    timers = [threading.Timer(0.001, ask) for _ in range(3)]
    for timer in timers:
        timer.start()
    for timer in timers:
        timer.join()


def in_threads_of_threads():
    def outer():
        with ThreadPoolExecutor(1) as pool:
            pool.submit(ask).result()

    with ThreadPoolExecutor(3) as pool:
        for future in [pool.submit(outer) for _ in range(3)]:
            future.result()


def in_a_loop_of_its_own():
    async def main():
        await asyncio.gather(*(ask_async() for _ in range(3)))

    asyncio.run(main())


def in_threads_of_a_loop():
    async def main():
        await asyncio.to_thread(ask)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, ask)
        with ThreadPoolExecutor(1) as pool:
            await loop.run_in_executor(pool, ask)

    asyncio.run(main())


def in_a_loop_of_another_thread():
    async def main():
        await asyncio.gather(*(ask_async() for _ in range(3)))

    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    thread.join()


def in_tasks_that_other_code_starts():
    async def main():
        tasks = [asyncio.create_task(ask_async()) for _ in range(3)]
        await asyncio.wait(tasks)

    asyncio.run(main())


WAYS = [
    in_a_pool,
    in_bare_threads,
    in_a_timer,
    in_threads_of_threads,
    in_a_loop_of_its_own,
    in_threads_of_a_loop,
    in_a_loop_of_another_thread,
    in_tasks_that_other_code_starts,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_calls_from_elsewhere_count_for_the_step_that_started_them(way, api, instance):
    @dg.asset
    def poems():
        way()

    ran = materialize(instance, poems)

    assert ran.result.success
    assert ran.places == [("materialization", "poems", 3)]
    assert summed(ran.shown) == billed(api.bill)


def test_an_async_asset_may_ask_in_all_ways_at_once(api, instance):
    @dg.asset
    async def poems():
        async with asyncio.TaskGroup() as group:
            group.create_task(ask_async())
            group.create_task(asyncio.to_thread(ask))
        await asyncio.get_running_loop().run_in_executor(None, ask)

    ran = materialize(instance, poems)

    assert ran.places == [("materialization", "poems", 3)]
    assert summed(ran.shown) == billed(api.bill)


@pytest.mark.slow
def test_a_thousand_calls_from_sixteen_threads_are_counted_exactly(api, instance):
    @dg.asset
    def poems(context: dg.AssetExecutionContext):
        with openai.OpenAI() as client, ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda number: ask(f"Poem {number}.", client=client), range(1_000)))
        context.add_output_metadata({f"mine {number}": number for number in range(100)})

    ran = materialize(instance, poems)

    (event,) = ran.shown
    assert event.calls == 1_000
    assert [event.metadata[f"mine {number}"] for number in range(100)] == list(range(100))
    assert summed(ran.shown) == billed(api.bill)


@pytest.mark.slow
def test_a_thousand_concurrent_async_calls_are_counted_exactly(api, instance):
    @dg.asset
    async def poems(context: dg.AssetExecutionContext):
        limits = asyncio.Semaphore(50)

        async def limited(client: openai.AsyncOpenAI, number: int):
            async with limits:
                await ask_async(f"Poem {number}.", client=client)

        async with openai.AsyncOpenAI() as client:
            await asyncio.gather(*(limited(client, number) for number in range(1_000)))
        context.add_output_metadata({"mine": 1})

    ran = materialize(instance, poems)

    (event,) = ran.shown
    assert event.calls == 1_000
    assert event.metadata["mine"] == 1
    assert summed(ran.shown) == billed(api.bill)
