"""Assets, ops and checks that a user's unit test calls like functions."""

import asyncio
from typing import Any

import dagster as dg
import pytest

from dagster_openai_otel import OpenAIResource, attribute_usage, with_usage_metadata
from dagster_openai_otel.errors import AttributionError
from tests.steps.asking import ask, ask_async

LETTERS = dg.StaticPartitionsDefinition(list("abc"))


@pytest.fixture
def lending(api) -> OpenAIResource:
    assert api.base_url
    return OpenAIResource(api_key="test-key")


def observed(context: Any) -> list[tuple[str, str | None, int]]:
    """Asset, partition and calls of each observation that a context was given."""
    return [
        (event.asset_key.to_user_string(), event.partition, event.metadata["openai/calls"].value)
        for event in context.op_execution_context.get_events()
    ]


def test_an_asset_returns_what_it_returns_and_its_usage_is_an_event(api, lending):
    @dg.asset
    def poem(context: dg.AssetExecutionContext, openai: OpenAIResource):
        context.add_output_metadata({"mine": 1})
        with openai.get_client(context) as client:
            return ask(client=client)

    context = dg.build_asset_context()
    text = poem(context, openai=lending)

    assert isinstance(text, str)
    assert observed(context) == [("poem", None, 1)]
    (event,) = context.op_execution_context.get_events()
    assert event.metadata["openai/total_tokens"].value == api.bill.usage.total_tokens
    assert context.op_execution_context.get_output_metadata("result") == {"mine": 1}


def test_an_asset_of_a_partition_says_its_partition(lending):
    @dg.asset(partitions_def=LETTERS)
    def letter(context: dg.AssetExecutionContext, openai: OpenAIResource):
        with openai.get_client(context) as client:
            ask(client=client)

    context = dg.build_asset_context(partition_key="b")
    letter(context, openai=lending)

    assert observed(context) == [("letter", "b", 1)]


def test_each_block_is_an_event_of_its_own_and_nothing_is_said_twice(api, lending):
    @dg.asset
    def poem(context: dg.AssetExecutionContext, openai: OpenAIResource):
        for calls in (1, 2):
            with openai.get_client(context) as client:
                for _ in range(calls):
                    ask(client=client)

    context = dg.build_asset_context()
    poem(context, openai=lending)

    assert observed(context) == [("poem", None, 1), ("poem", None, 2)]
    assert len(api.bill.calls) == 3


def test_clients_for_assets_count_for_them(lending):
    @dg.multi_asset(specs=[dg.AssetSpec("a"), dg.AssetSpec("b")])
    def both(context: dg.AssetExecutionContext, openai: OpenAIResource):
        with openai.get_client_for_asset(context, dg.AssetKey("b")) as client:
            ask(client=client)
        with pytest.raises(AttributionError), openai.get_client_for_asset(context, dg.AssetKey("c")):
            pass
        return dg.MaterializeResult(asset_key="a"), dg.MaterializeResult(asset_key="b")

    context = dg.build_asset_context()
    results: Any = both(context, openai=lending)

    assert [result.asset_key for result in results] == [dg.AssetKey("a"), dg.AssetKey("b")]
    assert observed(context) == [("b", None, 1)]


def test_an_async_asset_returns_what_it_returns(lending):
    @dg.asset
    async def poem(context: dg.AssetExecutionContext, openai: OpenAIResource):
        async with openai.get_async_client(context) as client:
            return await ask_async(client=client)

    context = dg.build_asset_context()
    running: Any = poem(context, openai=lending)

    assert isinstance(asyncio.run(running), str)
    assert observed(context) == [("poem", None, 1)]


def test_an_error_of_the_asset_passes_and_its_usage_is_an_event(lending):
    @dg.asset
    def poem(context: dg.AssetExecutionContext, openai: OpenAIResource):
        with openai.get_client(context) as client:
            ask(client=client)
            message = "the user's own words"
            raise RuntimeError(message)

    context = dg.build_asset_context()
    with pytest.raises(RuntimeError, match="the user's own words"):
        poem(context, openai=lending)

    assert observed(context) == [("poem", None, 1)]


def test_an_op_returns_what_it_returns(lending):
    @dg.op
    def poem(context: dg.OpExecutionContext, openai: OpenAIResource):
        with openai.get_client(context) as client:
            return ask(client=client)

    assert isinstance(poem(dg.build_op_context(), openai=lending), str)


def test_a_check_returns_what_it_returns(lending):
    @dg.asset_check(asset="poem")
    def rhymes(context: dg.AssetCheckExecutionContext, openai: OpenAIResource):
        with openai.get_client(context) as client:
            ask(client=client)
        return dg.AssetCheckResult(passed=True)

    # Dagster 1.10 invokes a check with the context of an op
    build = getattr(dg, "build_asset_check_context", dg.build_op_context)
    result: Any = rhymes(build(), openai=lending)

    assert result.passed


def test_a_plain_call_and_a_block_that_attributes_do_no_harm(api):
    @dg.asset
    def poem():
        with attribute_usage("poem"):
            return ask()

    assert isinstance(poem(), str)
    assert len(api.bill.calls) == 1


def test_a_function_with_usage_metadata_returns_what_it_returns(api):
    @dg.asset
    def poem(context: dg.AssetExecutionContext):
        return with_usage_metadata(context, None, ask)("A poem.")

    context = dg.build_asset_context()

    assert isinstance(poem(context), str)
    assert observed(context) == [("poem", None, 1)]
    assert len(api.bill.calls) == 1


def test_two_invocations_do_not_mix(lending):
    @dg.asset
    def poem(context: dg.AssetExecutionContext, openai: OpenAIResource):
        with openai.get_client(context) as client:
            ask(client=client)

    first, second = dg.build_asset_context(), dg.build_asset_context()
    poem(first, openai=lending)
    poem(second, openai=lending)
    poem(second, openai=lending)

    assert observed(first) == [("poem", None, 1)]
    assert observed(second) == [("poem", None, 1)] * len(observed(second))
