"""Jobs of the table whose steps run in other processes, as the definitions of a user have them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module
from typing import Any

import dagster as dg
from dagster._core.execution.retries import RetryMode
from dagster._core.executor.base import Executor
from dagster._core.executor.step_delegating import (
    CheckStepHealthResult,
    StepDelegatingExecutor,
    StepHandler,
    StepHandlerContext,
)

from dagster_openai_otel import instrument
from tests.steps.table.jobs import GROUPS, job_of
from tests.steps.table.rows import Row

instrument()

_AT_ONCE = 2


# The rows of columns that start a process for each step: one of each kind of delivery.
FEW = {
    "threads",
    "coroutine",
    "at_once",
    "one_by_one",
    "outcome_of_a_graph",
    "checks_itself",
    "rhymes",
    "third_try",
    "fails_midway",
    "fails_once",
    "named_letters",
    "dynamic_at_once",
    "no_output",
}


def rows_of(column: str, group: int) -> list[Row]:
    """The rows of a group that a column has."""
    match column:
        case "spawn" | "forkserver" | "execute_step":
            return [row for row in GROUPS[group] if row.name in FEW]
        case "dask":
            return [row for row in GROUPS[group] if _is_for_dask(row)]
        case _:
            return GROUPS[group]


def job_elsewhere(column: str, group: int) -> dg.JobDefinition:
    """A job of a group of rows whose steps run as the column says."""
    return job_of(rows_of(column, group), executor_of(column))


def play_elsewhere(instance: dg.DagsterInstance, column: str, group: int) -> str:
    """Run a group of rows as a column says; the id of the run."""
    arguments: Any = (column, group)
    job = dg.build_reconstructable_job(__name__, "job_elsewhere", arguments)
    tags = dict(GROUPS[group][0].tags)
    return dg.execute_job(job, instance=instance, tags=tags, raise_on_error=False).run_id


# Dagster on Dask has neither retries, skips nor dynamic outputs, and cannot send these partitions on.
_NOT_ON_DASK = {"branching", "chain", "customer", "days"}


def _is_for_dask(row: Row) -> bool:
    """Whether each step of a row is known before, and runs once."""
    is_straight = not row.fails and not any("failed" in told or "[" in told for told in row.shown)
    return is_straight and row.name not in _NOT_ON_DASK


def executor_of(column: str) -> dg.ExecutorDefinition:
    """What runs the steps of a column."""
    match column:
        case "spawn":
            return _processes({"spawn": {}})
        case "forkserver":
            return _processes({"forkserver": {"preload_modules": [__name__, "openai"]}})
        case "execute_step":
            return commands_executor
        case "celery":
            broker = os.environ["TABLE_REDIS"]
            celery: dg.ExecutorDefinition = import_module("dagster_celery").celery_executor
            return celery.configured({"broker": broker, "backend": broker})
        case _:
            dask: dg.ExecutorDefinition = import_module("dagster_dask").dask_executor
            return dask.configured({"cluster": {"existing": {"address": os.environ["TABLE_DASK"]}}})


def _processes(start_method: dict[str, Any]) -> dg.ExecutorDefinition:
    return dg.multiprocess_executor.configured({"max_concurrent": _AT_ONCE, "start_method": start_method})


class Commands(StepHandler):
    """Runs each step by the command that is given to a container on Kubernetes and in Docker."""

    name = "Commands"

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_AT_ONCE)
        self._ended: dict[str, Future[subprocess.CompletedProcess[bytes]]] = {}

    def launch_step(self, step_handler_context: StepHandlerContext) -> Iterator[dg.DagsterEvent]:
        command = [sys.executable, "-m", *step_handler_context.execute_step_args.get_command_args()]
        ended = self._pool.submit(subprocess.run, command, stdout=subprocess.DEVNULL, check=False)
        self._ended[_step(step_handler_context)] = ended
        yield from ()

    def check_step_health(self, step_handler_context: StepHandlerContext) -> CheckStepHealthResult:
        ended = self._ended[_step(step_handler_context)]
        if ended.done() and ended.result().returncode:
            return CheckStepHealthResult.unhealthy("the command failed")
        return CheckStepHealthResult.healthy()

    def terminate_step(self, step_handler_context: StepHandlerContext) -> Iterator[dg.DagsterEvent]:
        raise NotImplementedError


def _step(context: StepHandlerContext) -> str:
    (step,) = context.execute_step_args.step_keys_to_execute or ()
    return step


@dg.executor(name="commands", requirements=dg.multiple_process_executor_requirements())
def commands_executor(_context: Any) -> Executor:
    return StepDelegatingExecutor(Commands(), RetryMode.ENABLED, sleep_seconds=0.1, max_concurrent=_AT_ONCE)
