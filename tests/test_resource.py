"""`OpenAIResource` as a drop-in for dagster-openai's."""

import inspect
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dagster as dg
import openai
import pytest

from dagster_openai_otel import OpenAIResource, attribute_usage, with_usage_metadata
from dagster_openai_otel.errors import AttributionError
from tests.events import billed, summed
from tests.steps.asking import Ran, ask, ask_async, execute, materialize

AB = [dg.AssetSpec("a"), dg.AssetSpec("b")]


def resource(**options: Any) -> OpenAIResource:
    return OpenAIResource(**{"api_key": "test-key", **options})


def run(
    instance: dg.DagsterInstance, *assets: Any, lending: OpenAIResource | None = None, **options: Any
) -> Ran:
    return materialize(instance, *assets, resources={"openai": lending or resource()}, **options)


def parameters(function: Any) -> list[str]:
    return list(inspect.signature(function).parameters)


def test_fields_and_parameters_start_as_those_of_dagster_openai():
    assert list(OpenAIResource.model_fields)[:4] == ["api_key", "organization", "project", "base_url"]
    assert parameters(OpenAIResource.get_client) == ["self", "context"]
    assert parameters(OpenAIResource.get_client_for_asset) == ["self", "context", "asset_key"]
    assert parameters(with_usage_metadata) == ["context", "output_name", "func"]


def test_only_the_key_has_to_be_given():
    required = [name for name, field in OpenAIResource.model_fields.items() if field.is_required()]

    assert required == ["api_key"]


def test_a_client_that_is_lent_to_an_asset_is_recorded(api, instance):
    @dg.asset
    def poem(context: dg.AssetExecutionContext, openai: OpenAIResource):
        with openai.get_client(context) as client:
            ask(client=client)

    ran = run(instance, poem)

    assert ran.places == [("materialization", "poem", 1)]
    assert summed(ran.shown) == billed(api.bill)


def test_a_lent_client_and_a_plain_one_add_up(api, instance):
    @dg.asset
    def poem(context: dg.AssetExecutionContext, openai: OpenAIResource):
        ask("Plain.")
        with openai.get_client(context) as client:
            ask("Lent.", client=client)

    ran = run(instance, poem)

    assert ran.places == [("materialization", "poem", 2)]
    assert summed(ran.shown) == billed(api.bill)


def test_clients_for_two_assets_that_are_open_at_once_each_count_for_their_own(api, instance):
    @dg.multi_asset(specs=AB)
    def both(context: dg.AssetExecutionContext, openai: OpenAIResource):
        with (
            openai.get_client_for_asset(context, dg.AssetKey("a")) as for_a,
            openai.get_client_for_asset(context, dg.AssetKey("b")) as for_b,
            ThreadPoolExecutor(4) as pool,
        ):
            clients = [for_a, for_b, for_b, for_b.with_options(max_retries=0), for_a.copy(timeout=5)]
            list(pool.map(lambda client: ask(client=client), clients))
        return dg.MaterializeResult(asset_key="a"), dg.MaterializeResult(asset_key="b")

    ran = run(instance, both)

    assert sorted(ran.places) == [("materialization", "a", 2), ("materialization", "b", 3)]
    assert summed(ran.shown) == billed(api.bill)


def test_a_client_that_is_used_after_its_block_is_recorded(api, instance):
    @dg.asset
    def poem(context: dg.AssetExecutionContext, openai: OpenAIResource):
        with openai.get_client(context) as client:
            pass
        ask(client=client)

    ran = run(instance, poem)

    assert ran.places == [("materialization", "poem", 1)]
    assert summed(ran.shown) == billed(api.bill)


def test_a_client_for_an_asset_that_the_step_does_not_make_is_refused(api, instance):
    @dg.asset
    def poem(context: dg.AssetExecutionContext, openai: OpenAIResource):
        with (
            pytest.raises(AttributionError, match=r"asset 'elsewhere'.*It makes: poem"),
            openai.get_client_for_asset(context, dg.AssetKey("elsewhere")),
        ):
            pass

    assert run(instance, poem).result.success


@pytest.mark.parametrize("threads", [8])
def test_clients_that_threads_ask_for_at_once_share_their_connections(threads: int, api, instance):
    seen: set[int] = set()

    @dg.asset
    def poem(context: dg.AssetExecutionContext, openai: OpenAIResource):
        def lent(_: int):
            with openai.get_client(context) as client:
                seen.add(id(client._client))
                ask(client=client)

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lent, range(threads)))

    ran = run(instance, poem)

    assert len(seen) == 1
    assert ran.places == [("materialization", "poem", threads)]
    assert summed(ran.shown) == billed(api.bill)


def test_an_async_client_is_recorded(api, instance):
    @dg.asset
    async def poem(context: dg.AssetExecutionContext, openai: OpenAIResource):
        async with openai.get_async_client(context) as client:
            await ask_async(client=client)

    ran = run(instance, poem)

    assert ran.places == [("materialization", "poem", 1)]
    assert summed(ran.shown) == billed(api.bill)


def test_an_async_client_for_one_asset_counts_for_it(api, instance):
    @dg.multi_asset(specs=AB)
    async def both(context: dg.AssetExecutionContext, openai: OpenAIResource):
        async with openai.get_async_client(context, dg.AssetKey("b")) as client:
            await ask_async(client=client)
        yield dg.MaterializeResult(asset_key="a")
        yield dg.MaterializeResult(asset_key="b")

    ran = run(instance, both)

    assert ran.places == [("materialization", "b", 1)]
    assert summed(ran.shown) == billed(api.bill)


def test_a_client_that_is_lent_to_an_op_is_recorded(api, instance):
    @dg.op
    def poem(context: dg.OpExecutionContext, openai: OpenAIResource):
        with openai.get_client(context) as client:
            return ask(client=client)

    @dg.job
    def poems():
        poem()

    ran = execute(instance, poems, resources={"openai": resource()})

    assert ran.places == [("output", "poem", 1)]
    assert summed(ran.shown) == billed(api.bill)


def test_a_client_that_is_lent_to_a_check_is_recorded(api, instance):
    @dg.asset
    def poem():
        pass

    @dg.asset_check(asset=poem)
    def rhymes(context: dg.AssetCheckExecutionContext, openai: OpenAIResource):
        with openai.get_client(context) as client:
            ask(client=client)
        return dg.AssetCheckResult(passed=True)

    ran = run(instance, poem, rhymes)

    assert ran.places == [("check", "poem:rhymes", 1)]
    assert summed(ran.shown) == billed(api.bill)


def test_azure_fields_make_azure_clients(api, instance):
    @dg.asset
    async def poem(context: dg.AssetExecutionContext, openai: OpenAIResource):
        with openai.get_client(context) as client:
            assert type(client).__name__ == "AzureOpenAI"
            ask(client=client, model="gpt-4o")
        async with openai.get_async_client(context) as client:
            assert type(client).__name__ == "AsyncAzureOpenAI"

    lending = resource(azure_endpoint=api.azure_endpoint, api_version="2024-10-21")
    ran = run(instance, poem, lending=lending)

    assert ran.result.success
    assert api.requests[0].query == {"api-version": "2024-10-21"}
    assert ran.places == [("materialization", "poem", 1)]
    assert summed(ran.shown) == billed(api.bill)


def test_the_other_fields_reach_the_client(api, instance):
    seen: dict[str, Any] = {}

    @dg.asset
    def poem(context: dg.AssetExecutionContext, openai: OpenAIResource):
        with openai.get_client(context) as client:
            seen.update(
                organization=client.organization,
                project=client.project,
                base_url=str(client.base_url),
                timeout=client.timeout,
                max_retries=client.max_retries,
            )

    options = {"organization": "org", "project": "proj", "timeout": 7.5, "max_retries": 5}
    ran = run(instance, poem, lending=resource(base_url="http://other/v1", **options))

    assert ran.result.success
    assert seen == {**options, "base_url": "http://other/v1/"}


def test_fields_that_are_not_set_leave_the_defaults_of_the_sdk(api, instance):
    seen: dict[str, Any] = {}

    @dg.asset
    def poem(context: dg.AssetExecutionContext, openai: OpenAIResource):
        with openai.get_client(context) as client:
            seen.update(timeout=client.timeout, max_retries=client.max_retries, base_url=str(client.base_url))

    run(instance, poem)

    assert seen == {
        "timeout": openai.DEFAULT_TIMEOUT,
        "max_retries": openai.DEFAULT_MAX_RETRIES,
        "base_url": f"{api.base_url}/",
    }


def test_the_keys_of_dagster_openai_are_written_where_they_are_asked_for(api, instance):
    @dg.asset
    def poem(context: dg.AssetExecutionContext, openai: OpenAIResource):
        with openai.get_client(context) as client:
            ask("One.", client=client)
            ask("Two.", client=client)

    ran = run(instance, poem, lending=resource(dagster_openai_keys=True))

    usage = api.bill.usage
    keys = {key: value for key, value in ran.shown[0].metadata.items() if key.startswith("openai.")}
    assert keys == {
        "openai.gpt-5-mini-2025-08-07.calls": 2,
        "openai.gpt-5-mini-2025-08-07.total_tokens": usage.total_tokens,
        "openai.gpt-5-mini-2025-08-07.prompt_tokens": usage.input_tokens,
        "openai.gpt-5-mini-2025-08-07.completion_tokens": usage.output_tokens,
    }


def test_the_keys_of_dagster_openai_are_not_written_by_default(api, instance):
    @dg.asset
    def poem(context: dg.AssetExecutionContext, openai: OpenAIResource):
        with openai.get_client(context) as client:
            ask(client=client)

    ran = run(instance, poem)

    assert not any(key.startswith("openai.") for key in ran.shown[0].metadata)


def test_a_step_may_name_its_asset_by_key_text_or_parts(api, instance):
    @dg.multi_asset(specs=[dg.AssetSpec(["x", "a"]), dg.AssetSpec("b")])
    def both():
        for key in (dg.AssetKey(["x", "a"]), "x/a", ["x", "a"]):
            with attribute_usage(key):
                ask()
        return dg.MaterializeResult(asset_key=["x", "a"]), dg.MaterializeResult(asset_key="b")

    ran = run(instance, both)

    assert ran.places == [("materialization", "x/a", 3)]
    assert summed(ran.shown) == billed(api.bill)
