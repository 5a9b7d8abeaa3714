"""Usage back out of the metadata that it was written into."""

from collections.abc import Iterator, Mapping, Set as AbstractSet
from typing import Any

from dagster import DagsterEvent, DagsterEventType, DagsterInstance, EventLogEntry, TableMetadataValue

from dagster_openai_otel import conventions
from dagster_openai_otel.tally import Model, Sums, dollars_of
from dagster_openai_otel.usage import Usage

_PAGE = 500

USAGE_EVENTS = {
    DagsterEventType.ASSET_MATERIALIZATION,
    DagsterEventType.ASSET_OBSERVATION,
    DagsterEventType.ASSET_CHECK_EVALUATION,
    DagsterEventType.STEP_OUTPUT,
    DagsterEventType.ENGINE_EVENT,
}
"""The types of events that usage is written into."""


def entries_of(
    instance: DagsterInstance, run_id: str, kinds: AbstractSet[DagsterEventType]
) -> Iterator[EventLogEntry]:
    """The log's entries of a run for events of some types, in order of time, read page by page."""
    cursor, more = None, True
    while more:
        page = instance.get_records_for_run(run_id, cursor, set(kinds), _PAGE)
        cursor, more = page.cursor, page.has_more
        yield from (record.event_log_entry for record in page.records)


def events_of(
    instance: DagsterInstance, run_id: str, kinds: AbstractSet[DagsterEventType]
) -> Iterator[DagsterEvent]:
    """The events of a run of some types, read page by page."""
    return (entry.get_dagster_event() for entry in entries_of(instance, run_id, kinds))


def metadata_on(event: DagsterEvent) -> Mapping[str, Any]:
    """The metadata of an event of one of `USAGE_EVENTS`, `MetadataValue`s by key."""
    return getattr(subject_of(event), "metadata", None) or {}


def subject_of(event: DagsterEvent) -> Any:
    """What holds the metadata of such an event: a materialization, an observation, or its own data."""
    data: Any = event.event_specific_data
    return getattr(data, "materialization", None) or getattr(data, "asset_observation", None) or data


def tells_usage(metadata: Mapping[str, Any]) -> bool:
    """Whether this library wrote usage into some metadata: a user's own can have a key of the same name."""
    return conventions.CALLS in metadata and isinstance(
        metadata.get(conventions.BY_MODEL), TableMetadataValue
    )


def sums_of(metadata: Mapping[str, Any]) -> Sums:
    """What the `openai/...` keys of an event say; zero for none."""
    values = {name: value.value for name, value in metadata.items() if name.startswith("openai/")}
    return Sums(
        calls=values.get(conventions.CALLS, 0),
        usage=Usage(
            input_tokens=values.get(conventions.INPUT_TOKENS, 0),
            output_tokens=values.get(conventions.OUTPUT_TOKENS, 0),
            total_tokens=values.get(conventions.TOTAL_TOKENS, 0),
            cached_input_tokens=values.get(conventions.CACHED_INPUT_TOKENS),
            cache_write_tokens=values.get(conventions.CACHE_WRITE_TOKENS),
            reasoning_tokens=values.get(conventions.REASONING_TOKENS),
        ),
        cost_usd=dollars_of(values.get(conventions.COST_USD)),
        unpriced_calls=values.get(conventions.UNPRICED_CALLS, 0),
        calls_without_usage=values.get(conventions.CALLS_WITHOUT_USAGE, 0),
        failed_calls=values.get(conventions.FAILED_CALLS, 0),
        retries=values.get(conventions.RETRIES, 0),
        duration_s=values.get(conventions.DURATION_S, 0.0),
    )


def models_of(metadata: Mapping[str, Any]) -> Mapping[Model, Sums]:
    """The rows of an event's table: calls, tokens and dollars by model."""
    table = metadata.get(conventions.BY_MODEL)
    if not isinstance(table, TableMetadataValue):
        return {}
    return {
        Model(name=str(row["model"]), service_tier=str(row["service_tier"]) or None): _sums_of_row(row)
        for row in (record.data for record in table.records)
    }


def _sums_of_row(row: Mapping[str, Any]) -> Sums:
    return Sums(
        calls=row["calls"],
        usage=Usage(
            input_tokens=row["input_tokens"],
            output_tokens=row["output_tokens"],
            total_tokens=row["total_tokens"],
            cached_input_tokens=row["cached_input_tokens"],
            reasoning_tokens=row["reasoning_tokens"],
        ),
        cost_usd=dollars_of(row["cost_usd"]),
    )
