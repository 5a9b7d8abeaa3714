"""What stands in the metadata: keys, types, and what is left out."""

import math
from decimal import Decimal
from typing import Any

import dagster as dg
import openai
import pytest

from dagster_openai_otel.steps.metadata import Remarks, metadata_of
from dagster_openai_otel.tally import Model, Sums, Tally
from dagster_openai_otel.testing import Answer
from dagster_openai_otel.usage import Usage
from tests.events import billed, summed
from tests.steps.asking import MODEL, ask, materialize, messages

ALWAYS = {
    "openai/calls": dg.IntMetadataValue,
    "openai/input_tokens": dg.IntMetadataValue,
    "openai/output_tokens": dg.IntMetadataValue,
    "openai/total_tokens": dg.IntMetadataValue,
    "openai/duration_s": dg.FloatMetadataValue,
    "openai/by_model": dg.TableMetadataValue,
}
WHERE_IT_IS_KNOWN = {
    "openai/cached_input_tokens": dg.IntMetadataValue,
    "openai/cache_write_tokens": dg.IntMetadataValue,
    "openai/reasoning_tokens": dg.IntMetadataValue,
    "openai/cost_usd": dg.FloatMetadataValue,
    "openai/unpriced_calls": dg.IntMetadataValue,
    "openai/calls_without_usage": dg.IntMetadataValue,
    "openai/failed_calls": dg.IntMetadataValue,
    "openai/retries": dg.IntMetadataValue,
    "openai/open_calls": dg.IntMetadataValue,
    "openai/prices": dg.TextMetadataValue,
    "openai/share": dg.TextMetadataValue,
    "openai/outcome": dg.TextMetadataValue,
    "openai/trace": dg.UrlMetadataValue,
}


def kinds(metadata: Any) -> dict[str, type]:
    return {key: type(value) for key, value in metadata.items()}


def materialization(run: dg.ExecuteInProcessResult, asset: str) -> Any:
    (event,) = run.asset_materializations_for_node(asset)
    return event.metadata


def test_a_tally_of_nothing_says_only_what_is_always_there():
    assert kinds(metadata_of(Tally(), Remarks())) == ALWAYS


def test_a_tally_of_everything_says_all_with_the_types_that_dagster_takes():
    usage = Usage(
        input_tokens=9, cached_input_tokens=3, cache_write_tokens=2, output_tokens=8, reasoning_tokens=1
    )
    sums = Sums(
        calls=6,
        usage=usage,
        cost_usd=Decimal("0.1"),
        unpriced_calls=1,
        calls_without_usage=1,
        failed_calls=1,
        retries=1,
        duration_s=1.5,
    )
    remarks = Remarks(open_calls=1, prices="table 1", trace="http://trace", share="even", outcome="late")

    metadata = metadata_of(Tally(by_model={Model(name="m"): sums}), remarks)

    assert kinds(metadata) == ALWAYS | WHERE_IT_IS_KNOWN


def test_a_detail_that_was_reported_as_zero_is_there_and_one_that_was_not_is_absent():
    sums = Sums(calls=1, usage=Usage(cached_input_tokens=0))

    metadata = metadata_of(Tally(by_model={Model(name="m"): sums}), Remarks())

    assert metadata["openai/cached_input_tokens"] == dg.MetadataValue.int(0)
    assert "openai/reasoning_tokens" not in metadata
    assert "openai/cost_usd" not in metadata


def test_a_price_of_zero_is_a_price():
    sums = Sums(calls=1, cost_usd=Decimal(0))

    metadata = metadata_of(Tally(by_model={Model(name="m"): sums}), Remarks(prices="own"))

    assert metadata["openai/cost_usd"] == dg.MetadataValue.float(0.0)
    assert metadata["openai/prices"] == dg.MetadataValue.text("own")


def test_dagster_writes_what_was_made_of_a_call_as_it_is(api, instance):
    @dg.asset
    def poem():
        ask()

    ran = materialize(instance, poem)

    metadata = materialization(ran.result, "poem")
    known = {"openai/cached_input_tokens", "openai/reasoning_tokens", "openai/cost_usd", "openai/prices"}
    assert kinds(metadata) == ALWAYS | {key: WHERE_IT_IS_KNOWN[key] for key in known}
    assert math.isfinite(metadata["openai/cost_usd"].value)
    assert metadata["openai/duration_s"].value > 0


def test_the_table_has_a_row_for_each_model_and_tier(api, instance):
    @dg.asset
    def poem():
        ask(model="gpt-4o")
        ask(model="gpt-5-mini", service_tier="flex")
        ask(model="gpt-5-mini", service_tier="flex")
        ask(model="gpt-5-mini", service_tier="default")

    ran = materialize(instance, poem)

    rows = [record.data for record in materialization(ran.result, "poem")["openai/by_model"].records]
    bills = api.bill.by_model
    assert [(row["model"], row["service_tier"], row["calls"]) for row in rows] == [
        ("gpt-4o-2024-08-06", "default", 1),
        ("gpt-5-mini-2025-08-07", "default", 1),
        ("gpt-5-mini-2025-08-07", "flex", 2),
    ]
    assert rows[0]["total_tokens"] == bills["gpt-4o-2024-08-06"].usage.total_tokens
    assert rows[0]["cost_usd"] == pytest.approx(float(bills["gpt-4o-2024-08-06"].cost_usd))
    assert sum(row["cost_usd"] for row in rows) == pytest.approx(ran.shown[0].metadata["openai/cost_usd"])


def test_a_model_without_a_price_is_said_and_makes_no_cost(api, instance):
    @dg.asset
    def poem():
        ask(model="nobody-knows-me")
        ask(model="nobody-knows-me")

    ran = materialize(instance, poem)

    metadata = ran.shown[0].metadata
    assert metadata["openai/unpriced_calls"] == 2
    assert "openai/cost_usd" not in metadata
    assert "openai/prices" not in metadata
    assert summed(ran.shown) == billed(api.bill)


def test_a_model_without_a_price_beside_one_with_it_leaves_the_cost_of_that_one(api, instance):
    @dg.asset
    def poem():
        ask(model="nobody-knows-me")
        ask()

    ran = materialize(instance, poem)

    assert ran.shown[0].metadata["openai/unpriced_calls"] == 1
    assert summed(ran.shown) == billed(api.bill)


def test_an_answer_without_usage_is_a_call_without_usage(api, instance):
    @dg.asset
    def poem():
        api.script(Answer(omit_usage=True))
        ask()

    ran = materialize(instance, poem)

    assert ran.shown[0].metadata["openai/calls_without_usage"] == 1
    assert "openai/cost_usd" not in ran.shown[0].metadata
    assert "openai/unpriced_calls" not in ran.shown[0].metadata


def test_counts_that_contradict_each_other_are_shown_and_not_priced(api, instance):
    @dg.asset
    def poem():
        api.script(Answer(usage=Usage(input_tokens=1, cached_input_tokens=5, output_tokens=1)))
        ask()

    ran = materialize(instance, poem)

    assert ran.shown[0].metadata["openai/cached_input_tokens"] == 5
    assert ran.shown[0].metadata["openai/unpriced_calls"] == 1
    assert summed(ran.shown) == billed(api.bill)


def test_all_endpoints_that_bill_add_up_in_one_asset(api, instance):
    @dg.asset
    def everything():
        with openai.OpenAI() as client:
            client.chat.completions.create(model=MODEL, messages=messages())
            client.responses.create(model=MODEL, input="A poem.")
            client.embeddings.create(model="text-embedding-3-small", input=["one", "two"])
            client.completions.create(model="gpt-3.5-turbo-instruct", prompt="A poem.")
            client.models.list()

    ran = materialize(instance, everything)

    assert ran.places == [("materialization", "everything", 4)]
    assert summed(ran.shown) == billed(api.bill)


@pytest.mark.parametrize("precision", [1, 4])
def test_the_decimal_precision_of_the_user_changes_no_cost(precision, api, instance):
    @dg.multi_asset(specs=[dg.AssetSpec("a"), dg.AssetSpec("b")])
    def both():
        from decimal import localcontext  # noqa: PLC0415  # as an asset that reckons with money does

        with localcontext(prec=precision):
            for _ in range(3):
                ask()
            yield dg.MaterializeResult(asset_key="a")
            ask()
        yield dg.MaterializeResult(asset_key="b")

    ran = materialize(instance, both)

    assert summed(ran.shown) == billed(api.bill)
