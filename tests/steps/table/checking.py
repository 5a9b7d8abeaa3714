"""Checking a whole column of the table."""

from collections.abc import Callable
from dataclasses import asdict

import dagster as dg

from dagster_openai_otel.testing import FakeOpenAI
from tests.events import billed, shown_usage, summed
from tests.steps.table.cells import Bare, actual, expected
from tests.steps.table.jobs import GROUPS
from tests.steps.table.playing import prepare
from tests.steps.table.rows import Row


def wrong_cells(
    api: FakeOpenAI,
    bare: Bare,
    instance: dg.DagsterInstance,
    rows_of: Callable[[int], list[Row]],
    play: Callable[[int], str],
) -> dict[str, str]:
    """Play a column; what is wrong, by row.

    Args:
        api: What bills it.
        bare: What the rows do without the library.
        instance: Where the runs are.
        rows_of: The rows that the column has of a group.
        play: Runs these; the id of the run.
    """
    prepare(instance)
    groups = [group for group in range(len(GROUPS)) if rows_of(group)]
    run_ids = {group: play(group) for group in groups}

    wrong: dict[str, str] = {}
    for group, run_id in run_ids.items():
        played = actual(instance, run_id, rows_of(group), api)
        for row in rows_of(group):
            cell, right = asdict(played[row.name]), asdict(expected(row, api, bare))
            differs = [f"{key}: {cell[key]} is to be {right[key]}" for key in cell if cell[key] != right[key]]
            if differs:
                wrong[row.name] = "; ".join(differs)
    shown, bill = summed(shown_usage(instance, *run_ids.values())), billed(api.bill)
    if shown != bill:
        wrong["all rows"] = f"{shown} is to be {bill}"
    return wrong
