"""What each asset used, from Dagster's event log: the table at the end of the demo."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dagster import DagsterEvent, DagsterEventType, DagsterInstance
from rich import box
from rich.table import Table

from dagster_openai_otel import conventions
from dagster_openai_otel.steps.reading import sums_of
from dagster_openai_otel.tally import Sums

_USED = {
    DagsterEventType.ASSET_MATERIALIZATION,
    DagsterEventType.ASSET_OBSERVATION,
    DagsterEventType.ASSET_CHECK_EVALUATION,
}
_FAILED = "failed "
_NUMBERS = ("\ncalls", "\ninput", "\ncached", "\noutput", "\ndollars", "failed\nattempts", "SDK\nretries")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one entry of the event log says was used."""

    name: str
    """The asset, with its partition, check or attempt: `digest 2026-11-16`, `replies, attempt 1`."""
    sums: Sums
    failed_attempts: int = 0
    """1 where it is the usage of a failed attempt."""


def rows_of(instance: DagsterInstance, run_ids: Iterable[str]) -> list[Row]:
    """The entries of the event log that say what was used, in order of the runs and of time."""
    events = (
        entry.dagster_event
        for run_id in run_ids
        for entry in instance.all_logs(run_id, of_type=_USED)
        if entry.dagster_event is not None
    )
    return [row for event in events if (row := row_of(event)) is not None]


def row_of(event: DagsterEvent) -> Row | None:
    """What a materialization, observation or check result says; `None` for all other events."""
    if event.event_type is DagsterEventType.ASSET_MATERIALIZATION:
        made = event.step_materialization_data.materialization
        return _row(made.asset_key.to_user_string(), made.partition, made.metadata)
    if event.event_type is DagsterEventType.ASSET_OBSERVATION:
        seen = event.asset_observation_data.asset_observation
        return _row(seen.asset_key.to_user_string(), seen.partition, seen.metadata)
    if event.event_type is DagsterEventType.ASSET_CHECK_EVALUATION:
        checked = event.asset_check_evaluation_data
        return _row(
            f"{checked.asset_key.to_user_string()}, check {checked.check_name}", None, checked.metadata
        )
    return None


def _row(name: str, partition: str | None, metadata: Mapping[str, Any]) -> Row:
    if partition is not None:
        name = f"{name} {partition}"
    outcome = metadata[conventions.OUTCOME].value if conventions.OUTCOME in metadata else ""
    if outcome:
        name = f"{name}, {outcome.removeprefix(_FAILED)}"
    failed = outcome.startswith(_FAILED)
    return Row(name=name, sums=sums_of(metadata), failed_attempts=int(failed))


def total_of(rows: Iterable[Row]) -> Row:
    """The sum of some rows."""
    rows = list(rows)
    return Row(
        name="total",
        sums=sum((row.sums for row in rows), Sums()),
        failed_attempts=sum(row.failed_attempts for row in rows),
    )


def table_of(rows: Iterable[Row]) -> Table:
    """A line for each row, and the total; dollars in full, so that they add up on the screen."""
    rows = list(rows)
    total = total_of(rows)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=0)
    table.add_column("\nasset", no_wrap=True)
    for name in _NUMBERS:
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*_cells(row, total))
    table.add_section()
    table.add_row(*_cells(total, total), style="bold")
    return table


def _cells(row: Row, total: Row) -> list[str]:
    usage = row.sums.usage
    counts = (row.sums.calls, usage.input_tokens, usage.cached_input_tokens or 0, usage.output_tokens)
    return [
        row.name,
        *(f"{number:,}" for number in counts),
        _dollars(row.sums, _places(total)),
        str(row.failed_attempts or ""),
        str(row.sums.retries or ""),
    ]


def _dollars(sums: Sums, places: int) -> str:
    if sums.cost_usd is None:
        return "unknown" if sums.calls else ""
    return f"{sums.cost_usd:.{places}f}"


def _places(total: Row) -> int:
    """How many decimals show each amount in full: as many as the finest of them has."""
    exponent = (total.sums.cost_usd or Decimal(0)).as_tuple().exponent
    return max(2, -exponent) if isinstance(exponent, int) else 2
