"""The total of a run: what all of its events say was used, as one event and as tags of the run."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dagster import DagsterInstance, DagsterRun

from dagster_openai_otel import conventions
from dagster_openai_otel.faults import guarded
from dagster_openai_otel.steps.metadata import Remarks, run_key, run_metadata
from dagster_openai_otel.steps.reading import (
    USAGE_EVENTS,
    events_of,
    metadata_on,
    models_of,
    sums_of,
    tells_usage,
)
from dagster_openai_otel.steps.upstream import report_engine_event
from dagster_openai_otel.tally import Model, Sums, Tally
from dagster_openai_otel.words import phrase

# a tag can be written over, and not be taken away
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTotal:
    """What the events of a run say was used."""

    sums: Sums = field(default_factory=Sums)
    by_model: Tally = field(default_factory=Tally)
    told: bool = False
    """Whether the total has been written before."""

    @property
    def used(self) -> bool:
        """Whether there was any request that is counted, be it one that failed."""
        return bool(self.by_model)


def write_total(instance: DagsterInstance, run: DagsterRun, remarks: Remarks) -> None:
    """Write what a run used: an event on its timeline, and tags. Where it used nothing, neither.

    It is read back from the event log, since its steps may have run in other processes.

    Args:
        instance: Of the run.
        run: The run, as it was when it began.
        remarks: What is said beside the numbers.
    """
    total = total_of(instance, run.run_id)
    if total.told:
        return
    if total.used:
        with guarded("the event with the total of a run"):
            metadata = run_metadata(total.sums, total.by_model.by_model, remarks)
            message = f"Total usage of the OpenAI API in this run: {phrase(total.sums)}"
            report_engine_event(instance, run, message, metadata)
    with guarded("the tags with the total of a run"):
        tags = _tags_of(total, run.tags)
        if tags:
            instance.add_run_tags(run.run_id, tags)


def total_of(instance: DagsterInstance, run_id: str) -> RunTotal:
    """What the events of a run say was used until now."""
    sums, models, told = Sums(), dict[Model, Sums](), False
    for event in events_of(instance, run_id, USAGE_EVENTS):
        metadata = metadata_on(event)
        told = told or run_key(conventions.CALLS) in metadata
        if tells_usage(metadata):
            sums += sums_of(metadata)
            for model, used in models_of(metadata).items():
                models[model] = models.get(model, Sums()) + used
    return RunTotal(sums=sums, by_model=Tally(by_model=models), told=told)


def _tags_of(total: RunTotal, before: Mapping[str, str]) -> dict[str, str]:
    """The tags of a run; those that it has from the run that it was made from are written over."""
    cost = total.sums.cost_usd
    tags = {}
    if total.used or conventions.TOTAL_TOKENS in before:
        tags[conventions.TOTAL_TOKENS] = str(total.sums.usage.total_tokens)
    if cost is not None:
        tags[conventions.COST_USD] = f"{cost.normalize():f}"
    elif conventions.COST_USD in before:
        tags[conventions.COST_USD] = _UNKNOWN if total.sums.calls else "0"
    return tags
