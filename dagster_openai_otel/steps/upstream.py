"""Every private name of Dagster that is relied on: why, and what is lost where a version does not have it.

`tests/test_upstream.py` has a test for each. Nothing else in this library imports from `dagster._*`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from inspect import getgeneratorlocals
from typing import Any

from dagster import DagsterEvent, DagsterInstance, DagsterRun, MetadataValue, OpExecutionContext

from dagster_openai_otel.faults import say_once
from dagster_openai_otel.wrapping import Wrapper, Wrapping

_NO_STEPS = "usage is recorded only for clients of OpenAIResource"
_NO_TICKS = "usage of sensors and schedules is told only in this process's log"
_NO_TOTAL_BEFORE = "the total of a run is written after its last event"


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """One private name."""

    module: str
    name: str
    """In the module, parts joined by dots."""
    without: str
    """What is lost where it is missing, as it is said in the log."""

    def load(self) -> Any:
        """What the name stands for; `None` where this version of Dagster does not have it, which is said."""
        try:
            found: Any = import_module(self.module)
            for part in self.name.split("."):
                found = getattr(found, part)
        except (ImportError, AttributeError):
            say_once(
                f"this version of Dagster has no {self.module}.{self.name}: {self.without}."
                " Please report it, with the version"
            )
            return None
        return found

    def wrap(self, wrapping: Wrapping, wrapper: Wrapper) -> None:
        """Put a wrapper round it, where it is."""
        if self.load() is not None:
            wrapping.wrap(self.module, self.name, wrapper)


# Entered once for each attempt of a step: which step runs, that it is over, and how.
STEP_ENTRY = Name(
    module="dagster._core.execution.plan.execute_step", name="enter_execution_context", without=_NO_STEPS
)
# The stream of a step's results: usage is added to each just before it is handled.
STEP_RESULTS = Name(
    module="dagster._core.execution.plan.execute_step",
    name="execute_core_compute",
    without="usage is told by observations and events, not by materializations, outputs and checks",
)
# Runs the hooks of a step, after it.
STEP_HOOKS = Name(
    module="dagster._core.execution.plan.execute_plan",
    name="_trigger_hook",
    without="usage of hooks is told by an event of the run, not of the step",
)
# The events of a run, or of those of its steps that one process executes.
RUN_EVENTS = Name(
    module="dagster._core.execution.api",
    name="ExecuteRunWithPlanIterable.__iter__",
    without="runs have no total, no tags and no span, and calls between steps are in no event log",
)
# Make and store the last event of a run; its total is written before.
RUN_ENDINGS = tuple(
    Name(module="dagster", name=f"DagsterEvent.{name}", without=_NO_TOTAL_BEFORE)
    for name in ("job_success", "job_failure", "job_canceled")
)
# One tick of any kind of sensor, and of a schedule.
SENSOR_TICK = Name(module="dagster", name="SensorDefinition.evaluate_tick", without=_NO_TICKS)
SCHEDULE_TICK = Name(module="dagster", name="ScheduleDefinition.evaluate_tick", without=_NO_TICKS)
# Metadata of an event on the timeline of a run.
_ENGINE_EVENT_DATA = Name(
    module="dagster._core.events",
    name="EngineEventData",
    without="usage of ops and totals of runs are told by messages without metadata",
)
# Known before the resources of a run are set up: what makes its context, a generator with the run in it.
_CONTEXT_GENERATOR = Name(
    module="dagster._core.execution.context_creation_job",
    name="ExecutionContextManager.get_generator",
    without="calls between the steps of a run are in no event log",
)
# Makes the events of a run, not those of some of its steps.
_RUN_ITERATOR = Name(
    module="dagster._core.execution.api",
    name="job_execution_iterator",
    without="runs have no total, no tags and no span",
)
# The libraries that a code location tells of beside its version of Dagster.
_REGISTER_LIBRARY = Name(
    module="dagster._core.libraries",
    name="DagsterLibraryRegistry.register",
    without="the version of dagster-openai-otel is not among the libraries of a code location",
)
NAMES = (
    STEP_ENTRY,
    STEP_RESULTS,
    STEP_HOOKS,
    RUN_EVENTS,
    *RUN_ENDINGS,
    SENSOR_TICK,
    SCHEDULE_TICK,
    _ENGINE_EVENT_DATA,
    _CONTEXT_GENERATOR,
    _RUN_ITERATOR,
    _REGISTER_LIBRARY,
)
"""All names that are loaded."""

RUN_START = "PIPELINE_START"
"""Type of the first event of a run that is executed."""
ENDINGS = {"PIPELINE_SUCCESS": "SUCCESS", "PIPELINE_FAILURE": "FAILURE", "PIPELINE_CANCELED": "CANCELED"}
"""Types of the last event of a run, and the status that the run has then."""
BLOCKING_CHECK_ERROR = "DagsterAssetCheckFailedError"
"""Name of the error that Dagster raises once the result of a check that blocks has been handled."""
SELF_OBSERVED = "__source_asset_observation__"
"""Mark on the output of an observable source asset, which logs its observation before."""
CODE_LOCATION_TAG = "dagster/code_location"
"""Tag of runs that a webserver or daemon launched."""
EVENT_ON_RECORD = "dagster_event"
"""Attribute of the records of a step's log that are events of Dagster, all of which are logged so."""
SENSOR_TAG, SCHEDULE_TAG = "dagster/sensor_name", "dagster/schedule_name"
TICK_TAG, BACKFILL_TAG, USER_TAG = "dagster/tick", "dagster/backfill", "user"
AUTOMATION_TAGS = ("dagster/from_automation_condition", "dagster/auto_materialize", "dagster/auto_observe")
"""Tags of runs that Dagster launches to keep assets up to date."""
RUN_RETRY_TAG = "dagster/retry_number"
"""Tag of runs that Dagster launches anew after they failed."""
PARTITION_TAG = "dagster/partition"
PARTITION_RANGE_TAGS = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
HIDDEN_TAG_PREFIX = ".dagster/"
"""Tags with it are not shown."""

NO_COMPUTE_LOGS = "dagster._core.storage.noop_compute_log_manager"
"""Module of the compute log manager that keeps nothing; the demo's instance uses it."""
LOADED_BY_STEPS = ("dagster._core.storage.sqlite_storage", "dagster._core.storage.root")
"""Modules that each step of the demo needs; they are loaded beforehand, where they are."""


def register_library(name: str, version: str) -> None:
    """Name a library, which is none of Dagster's own, among those of this code location."""
    register = _REGISTER_LIBRARY.load()
    if register is not None:
        register(name, version, is_dagster_package=False)


def is_whole_run(plan: Any) -> bool:
    """Whether the events are those of a run, not those of some of its steps in a process of theirs."""
    iterator = _RUN_ITERATOR.load()
    return iterator is not None and getattr(plan.iterator, "__name__", "") == iterator.__name__


def run_of(plan: Any) -> tuple[DagsterRun, DagsterInstance] | None:
    """The run that events are of, and its instance; `None` where that cannot be said.

    Resources are set up before there is a context: then they are known from what makes the context.
    """
    if plan.job_context:
        return plan.job_context.dagster_run, plan.job_context.instance
    if _CONTEXT_GENERATOR.load() is None:
        return None
    given = getgeneratorlocals(plan.execution_context_manager.get_generator())
    run, instance = given.get("dagster_run"), given.get("instance")
    return (run, instance) if isinstance(run, DagsterRun) and isinstance(instance, DagsterInstance) else None


def step_of(plan: Any) -> str | None:
    """The step that a process executes, where it is only one."""
    keys = plan.execution_plan.step_keys_to_execute
    return keys[0] if len(keys) == 1 and not is_whole_run(plan) else None


def assets_of(plan: Any) -> tuple[str, ...]:
    """The assets, in user form, that a run makes; none where this version of Dagster does not tell."""
    job = plan.job_context.job.get_definition() if plan.job_context else None
    keys = getattr(getattr(job, "asset_layer", None), "executable_asset_keys", ())
    return tuple(sorted(key.to_user_string() for key in keys))


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """The step of a run that an input of another step comes from."""

    run_id: str
    step_key: str
    retry_number: int
    """Of the attempt that went well, as far as the run of the input knows it: not of steps of other runs."""


def dependencies_of(context: OpExecutionContext) -> list[Dependency]:
    """The steps that a step's inputs come from, each once: of its run, or of one that this was made from."""
    step = context.get_step_execution_context()
    known, run = step.get_known_state(), context.run
    handles = [
        handle for given in step.step.step_inputs for handle in given.get_step_output_handle_dependencies()
    ]
    attempts = known.previous_retry_attempts
    found = {(_source_run(handle, run, known), handle.step_key): None for handle in handles}
    return [
        Dependency(
            run_id=run_id, step_key=key, retry_number=attempts.get(key, 0) if run_id == run.run_id else 0
        )
        for run_id, key in found
        if run_id is not None
    ]


def _source_run(handle: Any, run: DagsterRun, known: Any) -> str | None:
    """The run that made an output of a step; `None` where none did."""
    if handle in known.ready_outputs:
        return run.run_id
    executed = run.step_keys_to_execute
    mapped = f"{handle.step_key.partition('[')[0]}[?]"
    if executed is None or handle.step_key in executed or mapped in executed:
        # not every executor says which outputs there are
        return None if known.ready_outputs else run.run_id
    past = known.parent_state
    while past is not None and handle not in past.produced_outputs:
        past = past.parent_state
    return None if past is None else str(past.run_id)


def report_engine_event(
    instance: DagsterInstance,
    run: DagsterRun,
    message: str,
    metadata: Mapping[str, MetadataValue],
    step_key: str | None = None,
) -> None:
    """Put an event with metadata on the timeline of a run."""
    data = _ENGINE_EVENT_DATA.load()
    instance.report_engine_event(message, run, data and data(metadata=metadata), step_key=step_key)


def execute_run_iterator(job: Any, run: DagsterRun, instance: DagsterInstance) -> Iterator[DagsterEvent]:
    """Execute a run, and hand over its events as they come: the public `execute_job` does so at the end."""
    api: Any = import_module("dagster._core.execution.api")
    events: Iterator[DagsterEvent] = api.execute_run_iterator(job, run, instance)
    return events
