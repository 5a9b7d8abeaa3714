"""`attribute_usage` and `with_usage_metadata`: whose a call is, said by the user."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dagster as dg
import openai
import pytest

from dagster_openai_otel import attribute_usage, with_usage_metadata
from dagster_openai_otel.errors import AttributionError
from tests.events import billed, summed
from tests.steps.asking import MODEL, ask, ask_async, execute, materialize, messages

# Dagster calls its own backfill policies so
pytestmark = pytest.mark.filterwarnings("ignore:.* is currently in beta")

LETTERS = dg.StaticPartitionsDefinition(list("abc"))
AB = [dg.AssetSpec("a"), dg.AssetSpec("b")]
BOTH: Any = dg.MaterializeResult(asset_key="a"), dg.MaterializeResult(asset_key="b")


def test_blocks_nest_and_the_inner_one_goes_first(api, instance):
    @dg.multi_asset(specs=AB)
    def both():
        with attribute_usage("a"):
            ask()
            with attribute_usage("b"):
                ask()
            ask()
        return BOTH

    ran = materialize(instance, both)

    assert sorted(ran.places) == [("materialization", "a", 2), ("materialization", "b", 1)]
    assert summed(ran.shown) == billed(api.bill)


def test_what_an_inner_block_does_not_name_stays_as_it_is_outside(api, instance):
    @dg.multi_asset(
        specs=[dg.AssetSpec(key, partitions_def=LETTERS) for key in "xy"],
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def both():
        with attribute_usage("x"):
            for letter in "abc":
                with attribute_usage(partition_key=letter):
                    ask()
        return dg.MaterializeResult(asset_key="x"), dg.MaterializeResult(asset_key="y")

    tags = {"dagster/asset_partition_range_start": "a", "dagster/asset_partition_range_end": "c"}
    ran = materialize(instance, both, tags=tags)

    assert ran.partitions == [("materialization", "x", letter, 1) for letter in "abc"]
    assert summed(ran.shown) == billed(api.bill)


def test_a_block_reaches_the_threads_and_tasks_that_are_started_inside(api, instance):
    @dg.multi_asset(specs=AB)
    def both():
        async def tasks():
            await asyncio.gather(ask_async(), asyncio.to_thread(ask))

        with attribute_usage("b"):
            thread = threading.Thread(target=ask)
            thread.start()
            thread.join()
            with ThreadPoolExecutor(1) as pool:
                pool.submit(ask).result()
            asyncio.run(tasks())
        return BOTH

    ran = materialize(instance, both)

    assert ran.places == [("materialization", "b", 4)]
    assert summed(ran.shown) == billed(api.bill)


def test_blocks_of_several_tasks_at_once_do_not_mix(api, instance):
    @dg.multi_asset(specs=AB)
    async def both():
        async def ask_for(key: str, calls: int):
            with attribute_usage(key):
                for _ in range(calls):
                    await ask_async()

        await asyncio.gather(ask_for("a", 2), ask_for("b", 3))
        return BOTH

    ran = materialize(instance, both)

    assert sorted(ran.places) == [("materialization", "a", 2), ("materialization", "b", 3)]
    assert summed(ran.shown) == billed(api.bill)


def test_blocks_of_several_threads_at_once_do_not_mix(api, instance):
    @dg.multi_asset(specs=AB)
    def both():
        def ask_for(key: str):
            with attribute_usage(key):
                ask(key)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(ask_for, "abbab"))
        return BOTH

    ran = materialize(instance, both)

    assert sorted(ran.places) == [("materialization", "a", 2), ("materialization", "b", 3)]
    assert summed(ran.shown) == billed(api.bill)


def test_an_asset_that_the_step_does_not_make_is_refused_with_those_it_makes(api, instance):
    messages_seen = []

    @dg.multi_asset(specs=AB)
    def both():
        with pytest.raises(AttributionError) as caught, attribute_usage("c"):
            pass
        messages_seen.append(str(caught.value))
        return BOTH

    materialize(instance, both)

    (message,) = messages_seen
    assert message == (
        "Usage was attributed to the asset 'c', which this step does not make. It makes: a, b."
        " Name one of these, or leave asset_key out."
    )


def test_a_partition_that_the_step_does_not_make_is_refused_with_those_it_makes(api, instance):
    messages_seen = []

    @dg.asset(partitions_def=LETTERS)
    def letter():
        with pytest.raises(AttributionError) as caught, attribute_usage(partition_key="z"):
            pass
        messages_seen.append(str(caught.value))

    materialize(instance, letter, partition_key="b")

    (message,) = messages_seen
    assert message == (
        "Usage was attributed to the partition 'z', which this step does not make. It makes: b."
        " Name one of these, or leave partition_key out."
    )


def test_an_op_makes_no_assets_and_says_so(api, instance):
    @dg.op
    def poem():
        with pytest.raises(AttributionError, match="It makes: no assets"), attribute_usage("a"):
            pass

    @dg.job
    def poems():
        poem()

    assert execute(instance, poems).result.success


def test_outside_a_step_a_block_does_nothing(api):
    with attribute_usage("nowhere", "never"):
        assert ask()


def test_an_error_inside_a_block_passes_as_it_is(api, instance):
    @dg.asset
    def poem():
        with pytest.raises(KeyError, match="own"), attribute_usage("poem"):
            raise KeyError("own")  # noqa: EM101  # the key is the point

    assert materialize(instance, poem).result.success


def test_a_function_with_usage_metadata_counts_for_its_output(api, instance):
    @dg.multi_asset(outs={"a": dg.AssetOut(), "b": dg.AssetOut(key="other")})
    def both(context: dg.AssetExecutionContext):
        with openai.OpenAI() as client:
            create = with_usage_metadata(context, "b", client.chat.completions.create)
            answer = create(model=MODEL, messages=messages())
        return 1, answer.choices[0].message.content

    ran = materialize(instance, both)

    assert ran.result.output_for_node("both", "b")
    assert ran.places == [("materialization", "other", 1)]
    assert summed(ran.shown) == billed(api.bill)


def test_a_method_that_is_replaced_by_one_with_usage_metadata_counts_once(api, instance):
    @dg.asset
    def poem(context: dg.AssetExecutionContext):
        with openai.OpenAI() as client:
            embeddings: Any = client.embeddings
            embeddings.create = with_usage_metadata(context, None, embeddings.create)
            client.embeddings.create(model="text-embedding-3-small", input="A poem.")

    ran = materialize(instance, poem)

    assert ran.places == [("materialization", "poem", 1)]
    assert summed(ran.shown) == billed(api.bill)


def test_an_output_that_the_asset_does_not_have_is_refused_before_anything_is_asked(api, instance):
    @dg.asset
    def poem(context: dg.AssetExecutionContext):
        with pytest.raises(dg.DagsterInvariantViolationError, match=r"'other'\. This asset has: result"):
            with_usage_metadata(context, "other", ask)

    assert materialize(instance, poem).result.success
    assert api.bill.calls == ()


def test_a_context_that_is_not_of_an_asset_is_refused(api, instance):
    @dg.op
    def poem(context: dg.OpExecutionContext):
        with pytest.raises(dg.DagsterInvariantViolationError, match="the context of an asset"):
            with_usage_metadata(context, None, ask)

    @dg.job
    def poems():
        poem()

    assert execute(instance, poems).result.success
