"""Five cases in which dagster-openai counts wrongly or fails the asset, which must not happen here."""

from typing import Any

import dagster as dg
import pytest

from dagster_openai_otel import OpenAIResource
from tests.events import billed, summed
from tests.steps.asking import MODEL, ask, materialize, messages


@pytest.fixture
def lending() -> dict[str, OpenAIResource]:
    return {"openai": OpenAIResource(api_key="test-key")}


def test_two_clients_in_one_asset_count_two_calls_as_two(api, instance, lending):
    @dg.asset
    def poem(context: dg.AssetExecutionContext, openai: OpenAIResource):
        with openai.get_client(context) as client:
            ask("One.", client=client)
        with openai.get_client(context) as client:
            return ask("Two.", client=client)

    ran = materialize(instance, poem, resources=lending)

    assert ran.result.output_for_node("poem")
    assert ran.places == [("materialization", "poem", 2)]
    assert summed(ran.shown) == billed(api.bill)


def test_two_assets_that_share_the_resource_in_one_process_both_succeed(api, instance, lending):
    @dg.asset
    def first(context: dg.AssetExecutionContext, openai: OpenAIResource):
        with openai.get_client(context) as client:
            return ask("One.", client=client)

    @dg.asset
    def second(context: dg.AssetExecutionContext, openai: OpenAIResource, first: str):
        with openai.get_client(context) as client:
            return ask(first, client=client)

    ran = materialize(instance, first, second, resources=lending)

    assert ran.result.success
    assert ran.places == [("materialization", "first", 1), ("materialization", "second", 1)]
    assert summed(ran.shown) == billed(api.bill)


def test_a_streamed_answer_reaches_the_asset_and_is_counted(api, instance, lending):
    @dg.asset
    def poem(context: dg.AssetExecutionContext, openai: OpenAIResource):
        with openai.get_client(context) as client:
            stream = client.chat.completions.create(
                model=MODEL, messages=messages(), stream=True, stream_options={"include_usage": True}
            )
            return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)

    ran = materialize(instance, poem, resources=lending)

    assert ran.result.output_for_node("poem")
    assert ran.places == [("materialization", "poem", 1)]
    assert summed(ran.shown) == billed(api.bill)


def test_a_raw_response_reaches_the_asset_and_is_counted(api, instance, lending):
    @dg.asset
    def poem(context: dg.AssetExecutionContext, openai: OpenAIResource):
        with openai.get_client(context) as client:
            raw = client.chat.completions.with_raw_response.create(model=MODEL, messages=messages())
            assert raw.headers["content-type"].startswith("application/json")
            return raw.parse().choices[0].message.content

    ran = materialize(instance, poem, resources=lending)

    assert ran.result.output_for_node("poem")
    assert ran.places == [("materialization", "poem", 1)]
    assert summed(ran.shown) == billed(api.bill)


def test_a_failing_asset_shows_what_it_used_and_fails_as_it_would(api, instance, lending):
    @dg.asset
    def poem(context: dg.AssetExecutionContext, openai: OpenAIResource):
        with openai.get_client(context) as client:
            ask(client=client)
        message = "the user's own words"
        raise ValueError(message)

    ran = materialize(instance, poem, resources=lending)

    (failure,) = ran.result.get_step_failure_events()
    error: Any = failure.step_failure_data.error
    assert (error.cause.cls_name, error.cause.message) == ("ValueError", "ValueError: the user's own words\n")
    assert ran.outcomes == [("observation", "poem", 1, "failed attempt 1")]
    assert summed(ran.shown) == billed(api.bill)
