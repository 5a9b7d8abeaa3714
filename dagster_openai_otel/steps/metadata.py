"""Tallies into Dagster metadata."""

from collections.abc import Mapping
from dataclasses import dataclass

from dagster import MetadataValue, TableColumn, TableRecord, TableSchema

from dagster_openai_otel import conventions
from dagster_openai_otel.tally import Model, Sums, Tally

# what each column holds -> its type in Dagster's schema
_COLUMNS = {
    "model": "string",
    "service_tier": "string",
    "calls": "int",
    "input_tokens": "int",
    "cached_input_tokens": "int",
    "output_tokens": "int",
    "reasoning_tokens": "int",
    "total_tokens": "int",
    "cost_usd": "float",
}
_SCHEMA = TableSchema(columns=[TableColumn(name=name, type=kind) for name, kind in _COLUMNS.items()])


@dataclass(frozen=True, slots=True, kw_only=True)
class Remarks:
    """What is said beside the numbers; `None` and zero say nothing."""

    open_calls: int = 0
    prices: str | None = None
    """Name and version of the price table."""
    trace: str | None = None
    """Link to the trace, where it is sampled."""
    exported: bool = False
    """Whether spans go anywhere, so that the link leads somewhere."""
    share: str | None = None
    """How usage was split."""
    outcome: str | None = None
    """Why the usage is not on a materialization."""


def metadata_of(tally: Tally, remarks: Remarks) -> dict[str, MetadataValue]:
    """The metadata of some usage: `openai/...` keys with ints, finite floats, texts and a table.

    Counts that are always there are written as zero; all others only where they say something.
    """
    sums = tally.sums
    numbers = {**_numbers(sums), conventions.OPEN_CALLS: remarks.open_calls or None}
    metadata = {name: _number(value) for name, value in numbers.items() if value is not None}
    metadata[conventions.BY_MODEL] = _table(tally.by_model)
    return metadata | _texts(remarks, priced=sums.cost_usd is not None)


def run_metadata(sums: Sums, by_model: Mapping[Model, Sums], remarks: Remarks) -> dict[str, MetadataValue]:
    """The metadata of the total of a run: the same, under keys that nobody adds to those of its events."""
    metadata = {name: _number(value) for name, value in _numbers(sums).items() if value is not None}
    metadata[conventions.BY_MODEL] = _table(by_model)
    told = {run_key(name): value for name, value in metadata.items()}
    return told | _texts(remarks, priced=sums.cost_usd is not None)


def run_key(name: str) -> str:
    """A key of usage on the event with the total of a run: `openai/run_calls`."""
    return f"{conventions.RUN_PREFIX}_{name.partition('/')[2]}"


def _numbers(sums: Sums) -> dict[str, int | float | None]:
    usage = sums.usage
    return {
        conventions.CALLS: sums.calls,
        conventions.INPUT_TOKENS: usage.input_tokens,
        conventions.OUTPUT_TOKENS: usage.output_tokens,
        conventions.TOTAL_TOKENS: usage.total_tokens,
        conventions.CACHED_INPUT_TOKENS: usage.cached_input_tokens,
        conventions.CACHE_WRITE_TOKENS: usage.cache_write_tokens,
        conventions.REASONING_TOKENS: usage.reasoning_tokens,
        conventions.COST_USD: None if sums.cost_usd is None else float(sums.cost_usd),
        conventions.UNPRICED_CALLS: sums.unpriced_calls or None,
        conventions.CALLS_WITHOUT_USAGE: sums.calls_without_usage or None,
        conventions.FAILED_CALLS: sums.failed_calls or None,
        conventions.RETRIES: sums.retries or None,
        conventions.DURATION_S: round(sums.duration_s, 6),
    }


def dagster_openai_metadata(tally: Tally) -> dict[str, MetadataValue]:
    """The metadata that dagster-openai writes: `openai.<model>.calls` and three counts of tokens."""
    metadata: dict[str, MetadataValue] = {}
    rows: dict[str, Sums] = {}
    for model, sums in tally.by_model.items():
        rows[model.name] = rows.get(model.name, Sums()) + sums
    for name, sums in rows.items():
        counts = {
            "calls": sums.calls,
            "total_tokens": sums.usage.total_tokens,
            "prompt_tokens": sums.usage.input_tokens,
            "completion_tokens": sums.usage.output_tokens,
        }
        metadata |= {f"openai.{name}.{key}": MetadataValue.int(count) for key, count in counts.items()}
    return metadata


def _number(value: float) -> MetadataValue:
    return MetadataValue.int(value) if isinstance(value, int) else MetadataValue.float(value)


def _texts(remarks: Remarks, *, priced: bool) -> dict[str, MetadataValue]:
    texts = {
        conventions.PRICES: remarks.prices if priced else None,
        conventions.SHARE: remarks.share,
        conventions.OUTCOME: remarks.outcome,
    }
    written: dict[str, MetadataValue] = {
        name: MetadataValue.text(text) for name, text in texts.items() if text
    }
    return written | link_metadata(remarks)


def link_metadata(remarks: Remarks) -> dict[str, MetadataValue]:
    """The link to the trace, where there is one."""
    return {conventions.TRACE: MetadataValue.url(remarks.trace)} if remarks.trace else {}


def _table(by_model: Mapping[Model, Sums]) -> MetadataValue:
    records = [
        TableRecord(
            {
                "model": model.name,
                "service_tier": model.service_tier or "",
                "calls": sums.calls,
                "input_tokens": sums.usage.input_tokens,
                "cached_input_tokens": sums.usage.cached_input_tokens or 0,
                "output_tokens": sums.usage.output_tokens,
                "reasoning_tokens": sums.usage.reasoning_tokens or 0,
                "total_tokens": sums.usage.total_tokens,
                "cost_usd": "" if sums.cost_usd is None else float(sums.cost_usd),
            }
        )
        for model, sums in sorted(by_model.items(), key=lambda row: (row[0].name, row[0].service_tier or ""))
    ]
    return MetadataValue.table(records=records, schema=_SCHEMA)
