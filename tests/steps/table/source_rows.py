"""Assets that are observed, and not made."""

import dagster as dg

from tests.steps.asking import ask
from tests.steps.table.rows import RefusalError, Table

SOURCES = Table()


@SOURCES.row("observation source 1, op source")
@dg.observable_source_asset
def source():
    return dg.DataVersion(ask("source"))


@SOURCES.row("observation several_sources_a 1", "observation several_sources_b 2")
@dg.multi_observable_source_asset(specs=[dg.AssetSpec(f"several_sources_{letter}") for letter in "ab"])
def several_sources():
    ask("several_sources 1")
    yield dg.ObserveResult(asset_key="several_sources_a", metadata={"mine": 1})
    ask("several_sources 2")
    ask("several_sources 3")
    yield dg.ObserveResult(asset_key="several_sources_b", data_version=dg.DataVersion("7"))


@SOURCES.row("observation failing_source 1, failed attempt 1", fails=True)
@dg.multi_observable_source_asset(specs=[dg.AssetSpec("failing_source")])
def failing_source():
    ask("failing_source")
    raise RefusalError
