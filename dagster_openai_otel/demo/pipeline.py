"""Runs the pipeline: the jobs of `definitions`, by Dagster's multiprocess executor."""

import multiprocessing
from pathlib import Path
from typing import Any

import dagster as dg
from rich.console import Console

from dagster_openai_otel.demo import jobs
from dagster_openai_otel.demo.definitions import DAYS
from dagster_openai_otel.demo.interrupts import Interrupts
from dagster_openai_otel.demo.progress import Progress
from dagster_openai_otel.steps.upstream import LOADED_BY_STEPS, execute_run_iterator

_PARTITION = "dagster/partition"
# what each step needs: the definitions with dagster and openai, and what these load when they are used;
# names that a version does not have are passed over
_LOADED_ONCE = [
    jobs.__name__,
    *LOADED_BY_STEPS,
    "genai_prices.data_snapshot",
    "openai.resources.chat.completions",
    "openai.resources.responses.responses",
    "openai.lib.streaming.responses",
    "httpcore2",
    "httpcore",
    "anyio._backends._asyncio",
    "upath.implementations.local",
]


def run_pipeline(
    instance: dg.DagsterInstance, home: Path, console: Console, interrupts: Interrupts
) -> tuple[list[str], bool]:
    """Run the pipeline, then each day in a run of its own, as a backfill does, until a run fails.

    Args:
        instance: Where to run it.
        home: Its `DAGSTER_HOME`.
        console: Where to show progress.
        interrupts: Those that wait.

    Returns:
        The ids of the runs, and whether all of them succeeded.

    Raises:
        KeyboardInterrupt: The user stopped it; no step is running any more.
    """
    run_ids = []
    try:
        for job, partition in [(jobs.week, None), *((jobs.day, day) for day in DAYS.get_partition_keys())]:
            interrupts.check()
            tags = {_PARTITION: partition} if partition else {}
            run = instance.create_run_for_job(job(), run_config=_run_config(), tags=tags)
            run_ids.append(run.run_id)
            events = execute_run_iterator(dg.reconstructable(job), run, instance)
            Progress(console, home, run.run_id, partition).follow(interrupts.handed_on(events))
            ended = instance.get_run_by_id(run.run_id)
            if ended is None or not ended.is_success:
                return run_ids, False
    finally:
        _stop_fork_server()
    return run_ids, True


def _run_config() -> dict[str, Any]:
    """A process for each step, two at a time, and no log lines on the screen."""
    executor: dict[str, Any] = {"max_concurrent": 2}
    if _can_fork():
        # the default, spawn, would load all of it in each step's process, which takes longer than the steps
        executor["start_method"] = {"forkserver": {"preload_modules": _LOADED_ONCE}}
    return {
        "execution": {"config": {"multiprocess": executor}},
        "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
    }


def _can_fork() -> bool:
    return "forkserver" in multiprocessing.get_all_start_methods()


def _stop_fork_server() -> None:
    """End the process that those of the steps are forked from: it would outlive this one for a moment."""
    if _can_fork():
        from multiprocessing import forkserver  # noqa: PLC0415  # not on every system

        # private in Python; without it the process ends by itself, later
        stop = getattr(forkserver._forkserver, "_stop", None)  # noqa: SLF001  # see above
        if stop is not None:
            stop()
