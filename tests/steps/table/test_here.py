"""The columns of the table in this process: each row in a run of its own, and all that can be in one run."""

from dataclasses import asdict

import dagster as dg
import pytest

from tests.events import billed, shown_usage, summed
from tests.steps.table.cells import actual, expected
from tests.steps.table.checking import wrong_cells
from tests.steps.table.jobs import GROUPS, ROWS
from tests.steps.table.playing import play
from tests.steps.table.rows import Row

# Dagster no longer wants observable source assets and expectations, which users still have
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_step_shows_what_it_used_where_it_is_to_be(row: Row, api, instance: dg.DagsterInstance, bare):
    run_id = play(instance, [row])

    assert summed(shown_usage(instance, run_id)) == billed(api.bill)
    assert asdict(actual(instance, run_id, [row], api)[row.name]) == asdict(expected(row, api, bare))


@pytest.mark.slow
def test_all_kinds_of_steps_in_one_run_show_what_they_used(api, instance, bare):
    wrong = wrong_cells(api, bare, instance, GROUPS.__getitem__, lambda group: play(instance, GROUPS[group]))

    assert wrong == {}


def test_no_two_rows_have_the_same_name():
    names = [row.name for row in ROWS]
    assert sorted(names) == sorted(set(names))
