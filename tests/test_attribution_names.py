"""What `attribute_usage` may name, in each kind of step and with a lent client."""

from typing import Any

import dagster as dg
import openai
import pytest

from dagster_openai_otel import OpenAIResource, attribute_usage
from dagster_openai_otel.errors import AttributionError
from tests.events import billed, summed
from tests.steps.asking import ask, execute, materialize

pytestmark = pytest.mark.filterwarnings(
    "ignore:.* is currently in beta", "ignore:The `__fields__` attribute is deprecated"
)

LETTERS = dg.StaticPartitionsDefinition(list("abc"))
AB = [dg.AssetSpec("a"), dg.AssetSpec("b")]
A: Any = dg.MaterializeResult(asset_key="a")
B: Any = dg.MaterializeResult(asset_key="b")


@pytest.mark.parametrize("key", ["x/y", ["x", "y"], ("x", "y"), dg.AssetKey(["x", "y"])], ids=str)
def test_an_asset_is_named_as_a_text_as_its_parts_or_as_a_key(key, api, instance):
    @dg.multi_asset(specs=[dg.AssetSpec(["x", "y"]), dg.AssetSpec("z")])
    def both():
        with attribute_usage(key):
            ask()
        return dg.MaterializeResult(asset_key=["x", "y"]), dg.MaterializeResult(asset_key="z")

    assert materialize(instance, both).places == [("materialization", "x/y", 1)]


def test_of_many_assets_the_error_lists_the_first_and_counts_the_others(api, instance):
    said: list[str] = []

    @dg.multi_asset(specs=[dg.AssetSpec(f"a{number:04}") for number in range(1200)], can_subset=True)
    def many():
        with pytest.raises(AttributionError) as caught, attribute_usage("nope"):
            pass
        said.append(str(caught.value))
        yield from ()

    materialize(instance, many)

    (message,) = said
    assert "It makes: a0000, a0001, " in message
    assert ", a0019 and 1,180 more. Name one of these" in message


def test_a_check_may_name_the_asset_that_it_checks(api, instance):
    @dg.asset
    def poem():
        pass

    @dg.asset_check(asset=poem)
    def judged():
        with attribute_usage("poem"):
            ask()
        with pytest.raises(AttributionError, match="It makes: poem"), attribute_usage("other"):
            pass
        return dg.AssetCheckResult(passed=True)

    ran = materialize(instance, poem, judged)

    assert ran.places == [("check", "poem:judged", 1)]
    assert summed(ran.shown) == billed(api.bill)


def test_an_inner_op_of_a_graph_asset_may_name_the_asset(api, instance):
    @dg.op
    def draft():
        with attribute_usage("poem"):
            return ask()

    @dg.graph_asset
    def poem():
        return draft()

    ran = materialize(instance, poem)

    assert ran.places == [("materialization", "poem", 1)]


def test_a_partition_of_an_op_is_refused(api, instance):
    @dg.op
    def poem():
        with (
            pytest.raises(AttributionError, match="It makes: no partitions"),
            attribute_usage(partition_key=""),
        ):
            pass

    @dg.job
    def poems():
        poem()

    assert execute(instance, poems).result.success


def test_a_unit_test_that_calls_an_asset_may_have_blocks_in_it(api):
    @dg.asset
    def poem():
        with attribute_usage("poem"), attribute_usage(partition_key="a"):
            return ask()

    assert poem()
    assert len(api.bill.calls) == 1


def test_a_client_for_an_asset_keeps_the_partition_of_the_block_around_its_calls(api, instance):
    @dg.multi_asset(
        specs=[dg.AssetSpec(key, partitions_def=LETTERS) for key in "xy"],
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def both(context: dg.AssetExecutionContext, openai_resource: OpenAIResource):
        with openai_resource.get_client_for_asset(context, dg.AssetKey("y")) as client:
            for letter in "ab":
                with attribute_usage("x", partition_key=letter):
                    ask(client=client)
        return dg.MaterializeResult(asset_key="x"), dg.MaterializeResult(asset_key="y")

    tags = {"dagster/asset_partition_range_start": "a", "dagster/asset_partition_range_end": "c"}
    ran = materialize(instance, both, tags=tags, resources={"openai_resource": OpenAIResource(api_key="key")})

    assert ran.partitions == [("materialization", "y", letter, 1) for letter in "ab"]
    assert summed(ran.shown) == billed(api.bill)


def test_a_client_of_a_unit_test_counts_for_the_asset_that_a_block_names(api):
    @dg.asset
    def poem(context: dg.AssetExecutionContext):
        with OpenAIResource(api_key="key").get_client(context) as client, attribute_usage("poem"):
            return ask(client=client)

    context = dg.build_asset_context()
    assert poem(context)


def test_a_whole_client_is_for_the_block_that_it_is_used_in(api, instance):
    @dg.multi_asset(specs=AB)
    def both():
        with openai.OpenAI() as client, attribute_usage("a"):
            ask(client=client)
        return A, B

    assert materialize(instance, both).places == [("materialization", "a", 1)]
