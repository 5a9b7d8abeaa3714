"""What the tags of a run say of it: who launched it, and over which partitions."""

from dagster import DagsterRun
from opentelemetry.util.types import AttributeValue

from dagster_openai_otel import conventions
from dagster_openai_otel.steps.upstream import (
    AUTOMATION_TAGS,
    BACKFILL_TAG,
    CODE_LOCATION_TAG,
    PARTITION_RANGE_TAGS,
    PARTITION_TAG,
    RUN_RETRY_TAG,
    SCHEDULE_TAG,
    SENSOR_TAG,
    TICK_TAG,
    USER_TAG,
)

_BY_TAG = {
    conventions.PARTITION_KEY: PARTITION_TAG,
    conventions.PARTITION_RANGE_START: PARTITION_RANGE_TAGS[0],
    conventions.PARTITION_RANGE_END: PARTITION_RANGE_TAGS[1],
    conventions.SCHEDULE_NAME: SCHEDULE_TAG,
    conventions.SENSOR_NAME: SENSOR_TAG,
    conventions.TICK_ID: TICK_TAG,
    conventions.BACKFILL_ID: BACKFILL_TAG,
    conventions.ENDUSER_ID: USER_TAG,
}
_LAUNCHERS = {
    **dict.fromkeys(AUTOMATION_TAGS, "automation"),
    BACKFILL_TAG: "backfill",
    SENSOR_TAG: "sensor",
    SCHEDULE_TAG: "schedule",
}


def run_attributes(run: DagsterRun) -> dict[str, AttributeValue]:
    """The `dagster.*` attributes of a run that all of its spans have."""
    attributes: dict[str, AttributeValue] = {
        conventions.RUN_ID: run.run_id,
        conventions.JOB_NAME: run.job_name,
    }
    if location := run.tags.get(CODE_LOCATION_TAG):
        attributes[conventions.CODE_LOCATION] = location
    return attributes


def launch_attributes(run: DagsterRun) -> dict[str, AttributeValue]:
    """The attributes of a run's own span that are known when it is launched."""
    made_from = {conventions.PARENT_RUN_ID: run.parent_run_id, conventions.ROOT_RUN_ID: run.root_run_id}
    return {
        **run_attributes(run),
        conventions.LAUNCHED_BY: _launcher(run),
        **{name: run.tags[tag] for name, tag in _BY_TAG.items() if run.tags.get(tag)},
        **{name: run_id for name, run_id in made_from.items() if run_id},
    }


def _launcher(run: DagsterRun) -> str:
    """Who launched a run; one that was made from another can have all tags of that."""
    if run.parent_run_id:
        return "retry" if RUN_RETRY_TAG in run.tags else "re-execution"
    return next((launcher for tag, launcher in _LAUNCHERS.items() if tag in run.tags), "manual")
