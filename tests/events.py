"""Reading usage back from Dagster's event log."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import dagster as dg

from dagster_openai_otel import conventions
from dagster_openai_otel.testing import Bill
from dagster_openai_otel.usage import Usage


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One event that shows usage."""

    kind: str
    """`materialization`, `observation`, `check`, `output`, `engine`."""
    target: str
    """The asset, check or step."""
    partition: str | None
    step: str | None
    metadata: dict[str, Any]
    """Plain values by key, of all of the event's metadata."""

    @property
    def calls(self) -> int:
        return int(self.metadata[conventions.CALLS])

    @property
    def total_tokens(self) -> int:
        return int(self.metadata[conventions.TOTAL_TOKENS])

    @property
    def outcome(self) -> str | None:
        return self.metadata.get(conventions.OUTCOME)


def shown_usage(instance: dg.DagsterInstance, *run_ids: str) -> list[Shown]:
    """All events of some runs that show usage, in the order of the event log."""
    return [
        shown
        for run_id in run_ids
        for record in instance.all_logs(run_id)
        if record.dagster_event
        for shown in _shown(record.dagster_event)
        if conventions.CALLS in shown.metadata
    ]


def run_totals(instance: dg.DagsterInstance, run_id: str) -> list[dict[str, Any]]:
    """The metadata of each event that holds the total of a run, plain values by key."""
    shown = [
        {key: value.value for key, value in record.dagster_event.engine_event_data.metadata.items()}
        for record in instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
        if record.dagster_event
    ]
    return [metadata for metadata in shown if f"{conventions.RUN_PREFIX}_calls" in metadata]


def summed_total(total: dict[str, Any]) -> dict[str, Any]:
    """What an event with the total of a run says, in the words of `summed`."""
    prefix = f"{conventions.RUN_PREFIX}_"
    metadata = {
        key.replace(prefix, "openai/") if key.startswith(prefix) else key: value
        for key, value in total.items()
    }
    return summed([Shown(kind="engine", target="", partition=None, step=None, metadata=metadata)])


def _shown(event: dg.DagsterEvent) -> Iterator[Shown]:
    data: Any = event.event_specific_data
    match event.event_type_value:
        case "ASSET_MATERIALIZATION":
            data = data.materialization
            yield _of(event, "materialization", data.asset_key.to_user_string(), data)
        case "ASSET_OBSERVATION":
            data = data.asset_observation
            yield _of(event, "observation", data.asset_key.to_user_string(), data)
        case "ASSET_CHECK_EVALUATION":
            yield _of(event, "check", f"{data.asset_key.to_user_string()}:{data.check_name}", data)
        case "STEP_OUTPUT":
            yield _of(event, "output", event.step_key or "", data)
        case "ENGINE_EVENT":
            yield _of(event, "engine", event.step_key or "", data)


def _of(event: dg.DagsterEvent, kind: str, target: str, data: Any) -> Shown:
    return Shown(
        kind=kind,
        target=target,
        partition=getattr(data, "partition", None),
        step=event.step_key,
        metadata={key: value.value for key, value in data.metadata.items()},
    )


def summed(shown: list[Shown]) -> dict[str, Any]:
    """What the events say in all: calls, tokens and dollars."""
    return {
        "calls": sum(event.calls for event in shown),
        "input_tokens": sum(event.metadata[conventions.INPUT_TOKENS] for event in shown),
        "output_tokens": sum(event.metadata[conventions.OUTPUT_TOKENS] for event in shown),
        "total_tokens": sum(event.total_tokens for event in shown),
        "cached_input_tokens": sum(event.metadata.get(conventions.CACHED_INPUT_TOKENS, 0) for event in shown),
        "reasoning_tokens": sum(event.metadata.get(conventions.REASONING_TOKENS, 0) for event in shown),
        "cost_usd": sum(
            (Decimal(repr(event.metadata.get(conventions.COST_USD, 0.0))) for event in shown), Decimal(0)
        ).quantize(Decimal("1e-9")),
        "calls_without_usage": sum(event.metadata.get(conventions.CALLS_WITHOUT_USAGE, 0) for event in shown),
    }


def billed(bill: Bill) -> dict[str, Any]:
    """What the stand-in billed in all, in the same words; what did not go over the wire is unknown."""
    reported = [call for call in bill.calls if call.reported]
    usage = sum((call.usage for call in reported), Usage())
    return {
        "calls": len(bill.calls),
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
        "cached_input_tokens": usage.cached_input_tokens or 0,
        "reasoning_tokens": usage.reasoning_tokens or 0,
        "cost_usd": sum((call.cost_usd or Decimal(0) for call in reported), Decimal(0)).quantize(
            Decimal("1e-9")
        ),
        "calls_without_usage": len(bill.calls) - len(reported),
    }
