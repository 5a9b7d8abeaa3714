from collections.abc import Iterator

import dagster as dg
import openai

from dagster_openai_otel import attribute_usage

days = dg.DailyPartitionsDefinition(start_date="2026-01-01", end_date="2026-01-08")
MODEL = "gpt-5-nano"


@dg.multi_asset(
    specs=[dg.AssetSpec("labels"), dg.AssetSpec("replies", deps=["labels"])],
    partitions_def=days,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def tickets(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
    """Two assets for each day, all days of a backfill in one run.

    What is asked for the labels belongs to the labels, what is asked for a day to that day.
    """
    with openai.OpenAI() as client:
        for day in context.partition_keys:
            with attribute_usage(partition_key=day):
                client.responses.create(model=MODEL, input=f"Label the tickets of {day}.")
        yield dg.MaterializeResult(asset_key="labels")
        for day in context.partition_keys:
            with attribute_usage(partition_key=day):
                client.responses.create(model=MODEL, input=f"Answer the tickets of {day}.")
        yield dg.MaterializeResult(asset_key="replies")
