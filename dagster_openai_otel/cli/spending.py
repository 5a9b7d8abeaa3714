"""What the event log of a Dagster instance says was spent, event by event."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any

from dagster import DagsterEvent, DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter

from dagster_openai_otel import conventions
from dagster_openai_otel.cli.instance import records_of
from dagster_openai_otel.cli.periods import Period
from dagster_openai_otel.steps.reading import (
    USAGE_EVENTS,
    entries_of,
    metadata_on,
    models_of,
    subject_of,
    sums_of,
    tells_usage,
)
from dagster_openai_otel.steps.upstream import PARTITION_TAG
from dagster_openai_otel.tally import Model, Sums

# a thread that outlives its run writes after the last update of the run
_LATE = timedelta(days=1)
_UNFINISHED = [
    status
    for status in DagsterRunStatus
    if status not in {DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED}
]
_FAILED = ("failed attempt", "interrupted attempt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What one event says was used."""

    run: DagsterRun
    moment: float
    """Of the event, in seconds since 1970."""
    asset: str | None
    """Of a check, the asset that it checks; `None` for ops, and outside the steps."""
    partition: str | None
    step: str | None
    """Without its mapping key; `None` outside the steps."""
    failed: bool
    """Whether it was used in an attempt that failed."""
    prices: str | None
    """Name and version of the price table."""
    sums: Sums
    by_model: Mapping[Model, Sums]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which part of the event log is asked for."""

    period: Period
    assets: Sequence[str] = ()
    """Patterns, of which one has to fit; empty for all, those without an asset too."""
    jobs: Sequence[str] = ()
    """Likewise."""


@dataclass(slots=True, kw_only=True)
class Progress:
    """How far the reading is."""

    runs_in_all: int = 0
    runs: int = 0
    events: int = 0
    tell: Callable[["Progress"], None] = field(default=lambda _: None)
    """Called now and then."""


def spent_in(instance: DagsterInstance, question: Question, progress: Progress) -> Iterator[Spent]:
    """All that was used in a period, run by run; one page of events is in memory at a time.

    Args:
        instance: Its event log is read.
        question: Which part of it.
        progress: Is kept up to date.
    """
    for run in _runs_of(instance, question.period, progress):
        progress.runs += 1
        progress.tell(progress)
        if not _fits(run.job_name, question.jobs):
            continue
        for entry in entries_of(instance, run.run_id, USAGE_EVENTS):
            progress.events += 1
            progress.tell(progress)
            if entry.timestamp not in question.period:
                continue
            spent = _spent(run, entry.timestamp, entry.get_dagster_event())
            if spent is not None and _fits(spent.asset, question.assets):
                yield spent


def began(instance: DagsterInstance, period: Period) -> float | None:
    """When the first run of a period was made, in seconds since 1970; `None` where there is none."""
    filters = RunsFilter(updated_after=period.since, created_before=period.until)
    for record in instance.get_run_records(filters, limit=1, order_by="id", ascending=True):
        return max(record.create_timestamp, period.since).timestamp()
    return None


def _fits(name: str | None, patterns: Sequence[str]) -> bool:
    return not patterns or (name is not None and any(fnmatchcase(name, pattern) for pattern in patterns))


def _runs_of(instance: DagsterInstance, period: Period, progress: Progress) -> Iterator[DagsterRun]:
    """The runs that can have an event in the period, each once.

    A run that goes on and was not updated for long is one of them. Those come first and are remembered: they
    may be updated while this reads.
    """
    updated = period.since - _LATE
    going_on = RunsFilter(statuses=_UNFINISHED, updated_before=updated)
    others = RunsFilter(updated_after=updated, created_before=period.until)
    progress.runs_in_all = instance.get_runs_count(others)
    seen = set()
    for record in records_of(instance, going_on):
        seen.add(record.dagster_run.run_id)
        yield record.dagster_run
    for record in records_of(instance, others):
        if record.dagster_run.run_id not in seen:
            yield record.dagster_run


def _spent(run: DagsterRun, moment: float, event: DagsterEvent) -> Spent | None:
    metadata = metadata_on(event)
    if not tells_usage(metadata):
        return None
    asset, partition = _target(event)
    return Spent(
        run=run,
        moment=moment,
        asset=asset,
        partition=partition or run.tags.get(PARTITION_TAG),
        step=event.step_key.partition("[")[0] if event.step_key else None,
        failed=_text(metadata, conventions.OUTCOME).startswith(_FAILED),
        prices=_text(metadata, conventions.PRICES) or None,
        sums=sums_of(metadata),
        by_model=models_of(metadata),
    )


def _target(event: DagsterEvent) -> tuple[str | None, str | None]:
    subject = subject_of(event)
    key = getattr(subject, "asset_key", None)
    return key and key.to_user_string(), getattr(subject, "partition", None)


def _text(metadata: Mapping[str, Any], key: str) -> str:
    return str(metadata[key].value) if key in metadata else ""
