"""The rows of the table, and jobs of them."""

from collections.abc import Iterable
from typing import Any

import dagster as dg

from tests.steps.table.asset_rows import ASSETS
from tests.steps.table.attempt_rows import ATTEMPTS
from tests.steps.table.check_rows import CHECKS
from tests.steps.table.graph_asset_rows import GRAPH_ASSETS
from tests.steps.table.multi_asset_rows import MULTI_ASSETS
from tests.steps.table.op_graph_rows import OP_GRAPHS
from tests.steps.table.op_rows import OPS
from tests.steps.table.partition_rows import PARTITIONS
from tests.steps.table.rows import Row
from tests.steps.table.source_rows import SOURCES

_TABLES = (ASSETS, MULTI_ASSETS, GRAPH_ASSETS, CHECKS, ATTEMPTS, PARTITIONS, OPS, OP_GRAPHS, SOURCES)

ROWS = [row for table in _TABLES for row in table.rows]


def _groups() -> list[list[Row]]:
    groups: dict[object, list[Row]] = {}
    for row in ROWS:
        observes = row in SOURCES.rows
        groups.setdefault((row.is_of_ops, observes, *row.selection, *sorted(row.tags.items())), []).append(
            row
        )
    return list(groups.values())


GROUPS = _groups()
"""The rows that can be in one run, for each such run."""


def job_of(rows: Iterable[Row], executor: dg.ExecutorDefinition | None = None) -> dg.JobDefinition:
    """A job of all of some rows that can be in one run."""
    rows = list(rows)
    config: dict[str, Any] = {"ops": {row.name: row.config for row in rows if row.config}}
    if rows[0].is_of_ops:

        @dg.job(name="table", executor_def=executor, config=config)
        def table():
            for row in rows:
                row.definitions[0]()

        return table
    everything = [definition for row in rows for definition in row.definitions]
    checks = [one for one in everything if isinstance(one, dg.AssetChecksDefinition)]
    assets = [one for one in everything if one not in checks]
    job = dg.define_asset_job("table", _selection(rows), executor_def=executor, config=config)
    resources = {key: resource for row in rows for key, resource in row.resources.items()}
    definitions = dg.Definitions(assets, asset_checks=checks, jobs=[job], resources=resources)
    return definitions.get_repository_def().get_job("table")


def _selection(rows: list[Row]) -> dg.AssetSelection:
    if rows[0] in SOURCES.rows:
        return dg.AssetSelection.all(include_sources=True)
    selected = rows[0].selection
    if not selected:
        return dg.AssetSelection.all()
    if ":" in selected[0]:
        keys = (
            dg.AssetCheckKey(dg.AssetKey(asset), check)
            for asset, check in (key.split(":") for key in selected)
        )
        return dg.AssetSelection.checks(*keys)
    return dg.AssetSelection.assets(*selected)
