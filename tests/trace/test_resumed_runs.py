"""A run whose worker is interrupted and that another one resumes, as Dagster does it on Kubernetes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.execution.api import execute_run_iterator
from dagster._core.launcher import DefaultRunLauncher

from tests.steps.spanning import spans_of_this_process

INTERRUPTED: set[str] = set()


class ResumingLauncher(DefaultRunLauncher):
    """Says of runs that they can be resumed."""

    @property
    def supports_resume_run(self) -> bool:
        return True

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    launcher = {"module": __name__, "class": "ResumingLauncher"}
    monitoring = {"enabled": True, "max_resume_run_attempts": 1}
    overrides: dict[str, Any] = {"run_launcher": launcher, "run_monitoring": monitoring}
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides=overrides) as made:
        yield made


@dg.op
def first() -> int:
    return 1


@dg.op
def second(first: int) -> None:
    if "second" in INTERRUPTED:
        raise dg.DagsterExecutionInterruptedError


@dg.job(executor_def=dg.in_process_executor)
def job():
    second(first())


def job_of_this_module() -> dg.JobDefinition:
    return job


def test_a_run_that_goes_on_in_another_process_has_one_span_when_it_is_over(instance):
    INTERRUPTED.add("second")
    try:
        with spans_of_this_process() as exported:
            made = dg.reconstructable(job_of_this_module)
            run_id = dg.execute_job(made, instance).run_id
            names = [span.name for span in exported.get_finished_spans()]
            INTERRUPTED.clear()
            run = instance.get_run_by_id(run_id)
            assert run is not None
            list(execute_run_iterator(made, run, instance, resume_from_failure=True))
    finally:
        INTERRUPTED.clear()

    assert names == ["step first", "step second"]
    runs = [span for span in exported.get_finished_spans() if span.name == "run job"]
    assert [span.attributes["dagster.run.status"] for span in runs if span.attributes] == ["SUCCESS"]
