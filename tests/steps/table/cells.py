"""The cells of the table: what the event log of a run holds of a row, and what it is to hold."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import dagster as dg

from dagster_openai_otel import conventions
from dagster_openai_otel.testing import Bill, FakeOpenAI, Request
from tests.events import Shown, billed, shown_usage, summed
from tests.steps.table.rows import Row

Own = Mapping[str, list[Any]]
"""The events of the user, by step, in their order."""

_OWN_KINDS = ("STEP_", "ASSET_", "HANDLED_OUTPUT", "LOADED_INPUT")
_NOT_OWN = ("STEP_WORKER_", "ASSET_MATERIALIZATION_PLANNED")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One row in one column."""

    shown: tuple[str, ...]
    """The events that show usage, as in `Row`."""
    used: Mapping[str, Any]
    """Calls, tokens and dollars in all."""
    asked: list[str]
    """What was asked, in words, sorted."""
    own: Own
    """The events of the user, as they are without the library."""
    fails: bool


def actual(
    instance: dg.DagsterInstance, run_id: str, rows: Iterable[Row], api: FakeOpenAI
) -> dict[str, Cell]:
    """The cells of some rows that were run together."""
    shown, own = shown_usage(instance, run_id), own_events(instance, run_id)
    cells = {}
    for row in rows:
        of_row = [event for event in shown if _node(event.step) in row.nodes]
        of_user = {step: events for step, events in own.items() if _node(step) in row.nodes}
        cells[row.name] = Cell(
            shown=tuple(sorted(map(_told, of_row))),
            used=summed(of_row),
            asked=prompts_of(api, row),
            own=of_user,
            fails=any(event[0] == "STEP_FAILURE" for events in of_user.values() for event in events),
        )
    return cells


def expected(row: Row, api: FakeOpenAI, bare: "Bare") -> Cell:
    """The cell of a row as it is to be.

    Args:
        row: The row.
        api: What it was billed by.
        bare: What it does without the library.
    """
    asked = {request.index for request in _requests_of(api, row)}
    return Cell(
        shown=row.shown,
        used=billed(Bill(call for call in api.bill.calls if call.request in asked)),
        asked=prompts_of(bare.api, row),
        own={step: events for step, events in bare.own.items() if _node(step) in row.nodes},
        fails=row.fails,
    )


@dataclass(frozen=True, kw_only=True)
class Bare:
    """What the rows do without the library."""

    api: FakeOpenAI
    """What they asked."""
    own: Own


def prompts_of(api: FakeOpenAI, row: Row) -> list[str]:
    """What the code of a row asked, sorted."""
    return sorted(_prompt(request) for request in _requests_of(api, row))


def _requests_of(api: FakeOpenAI, row: Row) -> list[Request]:
    return [request for request in api.requests if _prompt(request).split()[0] == row.name]


def own_events(instance: dg.DagsterInstance, run_id: str) -> Own:
    """What the event log holds of a run but for what the library adds, by step."""
    events: dict[str, list[Any]] = {}
    for record in instance.all_logs(run_id):
        event = record.dagster_event
        if event and event.step_key and _is_own(event):
            events.setdefault(event.step_key, []).append(_told_of(event))
    return {step: _with_sorted_partitions(told) for step, told in events.items()}


def _with_sorted_partitions(events: list[Any]) -> list[Any]:
    """Dagster has no order of the partitions that are made at once."""
    together = groupby(events, key=lambda event: event[:2])
    return [event for _, some in together for event in sorted(some, key=lambda event: event[2] or "")]


def _is_own(event: dg.DagsterEvent) -> bool:
    kind = event.event_type_value
    return kind.startswith(_OWN_KINDS) and not kind.startswith(_NOT_OWN) and not _is_ours(event)


def _is_ours(event: dg.DagsterEvent) -> bool:
    observation = getattr(event.event_specific_data, "asset_observation", None)
    return observation is not None and conventions.OUTCOME in observation.metadata


def _told_of(event: dg.DagsterEvent) -> Any:
    data: Any = event.event_specific_data
    data = getattr(data, "materialization", None) or getattr(data, "asset_observation", None) or data
    given = getattr(data, "metadata", None) or {}
    metadata = {
        key: repr(value)
        for key, value in given.items()
        # where a value is stored depends on who stores it
        if not key.startswith("openai/") and key != "path"
    }
    error = getattr(data, "error", None)
    cause = error and (error.cause or error)
    told = [
        event.event_type_value,
        getattr(data, "asset_key", None) and data.asset_key.to_user_string(),
        getattr(data, "partition", None),
        getattr(data, "passed", None),
        metadata,
        sorted(tag for tag in getattr(data, "tags", None) or {} if "pointer" not in tag),
        cause and (cause.cls_name, cause.message),
    ]
    # the bare run is read from JSON
    return json.loads(json.dumps(told))


def _told(event: Shown) -> str:
    partition = f"@{event.partition}" if event.partition else ""
    share = event.metadata.get(conventions.SHARE)
    words = (f"{event.kind} {event.target}{partition} {event.calls}", event.outcome, share)
    return ", ".join(filter(None, words))


def _node(step: str | None) -> str:
    return (step or "").split(".")[0].split("[")[0]


def _prompt(request: Request) -> str:
    return str(request.json["messages"][0]["content"])
