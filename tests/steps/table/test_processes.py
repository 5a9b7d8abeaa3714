"""The columns of the table whose steps are processes of their own."""

from functools import partial

import dagster as dg
import pytest

from tests.processes import ROOT
from tests.steps.table.checking import wrong_cells

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.mark.parametrize("column", ["spawn", "forkserver", "execute_step"])
def test_steps_in_processes_of_their_own_show_what_they_used(column, api, bare, monkeypatch):
    from tests.steps.table import elsewhere  # noqa: PLC0415  # of no use to the quick tests

    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    with dg.DagsterInstance.local_temp() as instance:
        wrong = wrong_cells(
            api,
            bare,
            instance,
            partial(elsewhere.rows_of, column),
            partial(elsewhere.play_elsewhere, instance, column),
        )

    assert wrong == {}
