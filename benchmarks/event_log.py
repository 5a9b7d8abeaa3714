"""`python -m benchmarks.event_log`: how long, and in how much memory, `usage` reads a long event log.

python -m benchmarks.event_log FOLDER [EVENTS]     make one there, of 1,000,000 events if not told otherwise
DAGSTER_HOME=FOLDER /usr/bin/time -v dagster-openai-otel usage --since all
"""

import os
import random
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import dagster as dg
from dagster._core.events import StepMaterializationData
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._serdes import serialize_value

from dagster_openai_otel.steps.metadata import Remarks, metadata_of
from dagster_openai_otel.tally import Model, Sums, Tally
from dagster_openai_otel.usage import Usage

_MODELS = {"gpt-5-mini": "2e-6", "gpt-5": "1e-5", "gpt-4.1-mini": "1.6e-6", "text-embedding-3-small": "2e-8"}
_ASSETS = ("summaries", "embeddings", "digest", "reports/weekly", "reports/monthly", "triage", "replies")
_JOBS = ("nightly", "hourly", "backfill")
_TEAMS = ("search", "support", "finance")
_FAILED = 0.06
_DAY = 86_400.0
_KINDS = 400
# replaced in each event
_A_RUN, _A_DAY, _A_MOMENT = "the-run", "the-day", 1234567890.0625


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How long an event log is."""

    runs: int
    events: int
    """A run."""
    days: float = 30
    """That it goes back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    """An event as it is stored, but for its run, moment and day."""

    row: Mapping[str, object]
    said: Sums


def fill(instance: dg.DagsterInstance, size: Size, seed: int = 0) -> Sums:
    """Write runs and their events into an instance's storage, past everything that makes that slow.

    Returns:
        What the events say in all.
    """
    dice = random.Random(seed)  # noqa: S311  # the same log each time
    kinds = [_event(dice) for _ in range(_KINDS)]
    written = Sums()
    for number in range(size.runs):
        run = dg.DagsterRun(
            job_name=dice.choice(_JOBS),
            run_id=str(UUID(int=dice.getrandbits(128), version=4)),
            status=dg.DagsterRunStatus.SUCCESS,
            tags={"team": dice.choice(_TEAMS)},
        )
        began = time.time() - size.days * _DAY * (1 - number / size.runs)
        created = datetime.fromtimestamp(began, tz=UTC)
        instance.run_storage.add_historical_run(run, created)
        events = dice.choices(kinds, k=size.events)
        written = sum((event.said for event in events), written)
        rows = [_row(event, run.run_id, began + place * 0.1) for place, event in enumerate(events)]
        with instance.event_log_storage.run_connection(run.run_id) as connection:  # type: ignore[attr-defined]  # of SQL storages
            connection.execute(SqlEventLogStorageTable.insert(), rows)
    return written


def _event(dice: random.Random) -> _Event:
    tally, asset = _tally(dice), dice.choice(_ASSETS)
    failed = dice.random() < _FAILED
    remarks = Remarks(prices="genai-prices 0.2.3", outcome="failed attempt 1" if failed else None)
    metadata = metadata_of(tally, remarks)
    materialization = dg.AssetMaterialization(asset.split("/"), metadata=metadata, partition=_A_DAY)
    event = dg.DagsterEvent(
        event_type_value=dg.DagsterEventType.ASSET_MATERIALIZATION.value,
        job_name="nightly",
        step_key=asset.replace("/", "__"),
        event_specific_data=StepMaterializationData(materialization),
    )
    entry = dg.EventLogEntry(  # type: ignore[no-untyped-call]  # untyped in Dagster
        error_info=None,
        level="debug",
        user_message="",
        run_id=_A_RUN,
        timestamp=_A_MOMENT,
        job_name="nightly",
        step_key=event.step_key,
        dagster_event=event,
    )
    row = {
        "event": serialize_value(entry),
        "dagster_event_type": event.event_type_value,
        "step_key": event.step_key,
        "asset_key": materialization.asset_key.to_string(),
    }
    return _Event(row=row, said=tally.sums)


def _row(event: _Event, run_id: str, seconds: float) -> dict[str, object]:
    moment = datetime.fromtimestamp(seconds, tz=UTC)
    day, text = f"{moment:%Y-%m-%d}", str(event.row["event"])
    text = text.replace(_A_RUN, run_id).replace(_A_DAY, day).replace(repr(_A_MOMENT), repr(seconds))
    stored = moment.replace(tzinfo=None)
    return {**event.row, "run_id": run_id, "event": text, "timestamp": stored, "partition": day}


def _tally(dice: random.Random) -> Tally:
    by_model = {}
    for name in dice.sample(list(_MODELS), dice.choice((1, 1, 1, 2))):
        tokens, answered = dice.randrange(200, 9000), dice.randrange(0, 900)
        by_model[Model(name=name, service_tier="default")] = Sums(
            calls=dice.randrange(1, 9),
            usage=Usage(
                input_tokens=tokens,
                output_tokens=answered,
                total_tokens=tokens + answered,
                cached_input_tokens=tokens // 4,
            ),
            cost_usd=Decimal(_MODELS[name]) * (tokens + 4 * answered),
            duration_s=1.5,
        )
    return Tally(by_model=by_model)


def main() -> None:
    """Make an event log."""
    home = Path(sys.argv[1]).absolute()
    events = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000  # noqa: PLR2004  # the name and two arguments
    home.mkdir(parents=True, exist_ok=True)
    (home / "dagster.yaml").touch()
    os.environ["DAGSTER_HOME"] = str(home)
    with dg.DagsterInstance.get() as instance:
        each = min(1000, events)
        written = fill(instance, Size(runs=events // each, events=each))
    sys.stdout.write(f"{written.calls:,} calls, {written.usage.total_tokens:,} tokens, ${written.cost_usd}\n")


if __name__ == "__main__":
    main()
