"""The columns of the table of distributed engines, in an environment of their own: scripts/test-executors."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import dagster as dg
import pytest

from dagster_openai_otel.testing import FakeOpenAI
from tests.events import billed, shown_usage, summed
from tests.executors.services import celery_worker, dask_threads, free_port, redis
from tests.processes import ROOT
from tests.steps.table import elsewhere
from tests.steps.table.cells import Bare
from tests.steps.table.checking import wrong_cells
from tests.steps.table.jobs import GROUPS
from tests.steps.table.playing import bare as playing_bare, prepare

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def bare() -> Iterator[Bare]:
    with playing_bare() as played:
        yield played


@pytest.fixture
def celery(api: FakeOpenAI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with redis(tmp_path) as broker:
        monkeypatch.setenv("TABLE_REDIS", broker)
        with celery_worker(tmp_path, broker):
            yield


@pytest.fixture
def dask(api: FakeOpenAI, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    port = free_port()
    # the worker takes its environment from here when it starts
    monkeypatch.setenv("TABLE_DASK", f"tcp://127.0.0.1:{port}")
    with dask_threads(port):
        yield


@pytest.mark.parametrize("column", ["celery", "dask"])
def test_steps_on_a_distributed_engine_show_what_they_used(column, api, bare, request):
    request.getfixturevalue(column)
    with dg.DagsterInstance.local_temp() as instance:
        wrong = wrong_cells(
            api,
            bare,
            instance,
            partial(elsewhere.rows_of, column),
            partial(elsewhere.play_elsewhere, instance, column),
        )

    assert wrong == {}


def test_a_worker_that_runs_many_runs_mixes_none_of_them(api, celery):
    (group,) = [number for number, rows in enumerate(GROUPS) if rows[0].name == "letters"]
    with dg.DagsterInstance.local_temp() as instance:
        prepare(instance)
        run_ids = [elsewhere.play_elsewhere(instance, "celery", group) for _ in range(3)]
        sums = [summed(shown_usage(instance, run_id)) for run_id in run_ids]
        together = summed(shown_usage(instance, *run_ids))

    assert sums == [sums[0]] * 3
    assert together == billed(api.bill)
