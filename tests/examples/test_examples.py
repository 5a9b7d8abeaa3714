"""The projects under `examples/`: each is loaded as `dagster dev` loads it, and materialized."""

import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from dagster_openai_otel.testing import FakeOpenAI
from tests.events import Shown, billed, shown_usage, summed

pytestmark = pytest.mark.skipif(not hasattr(dg, "Component"), reason="the examples are projects of dg")

_EXAMPLES = Path(__file__).parents[2] / "examples"
# tests/libraries has it, as it needs what they need
_ELSEWHERE = {"libraries"}
_NAMES = sorted(path.parent.name for path in _EXAMPLES.glob("*/pyproject.toml"))


def loaded(name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The definitions of an example."""
    folder = _EXAMPLES / name
    project = tomllib.loads((folder / "pyproject.toml").read_text())["tool"]["dg"]["project"]
    monkeypatch.syspath_prepend(folder)
    module = import_module(project["code_location_target_module"])
    monkeypatch.setitem(sys.modules, project["root_module"], sys.modules[project["root_module"]])
    definitions = module.defs
    return definitions if isinstance(definitions, dg.Definitions) else definitions()


def run(definitions: Any, instance: dg.DagsterInstance, **options: Any) -> list[Shown]:
    """What a run of all its assets and checks shows."""
    result = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance, **options
    )
    assert result.success
    shown: list[Shown] = shown_usage(instance, result.run_id)
    return shown


@pytest.mark.parametrize("name", [name for name in _NAMES if name not in {*_ELSEWHERE, "partitions"}])
def test_an_example_shows_what_it_was_billed(
    name: str, api: FakeOpenAI, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "secret")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", str(api.base_url).removesuffix("/v1"))
    monkeypatch.setenv("LOOK_AGAIN_S", "0")

    shown = run(loaded(name, monkeypatch), instance)

    assert summed(shown) == billed(api.bill)
    assert api.bill.calls


def test_the_partitions_of_one_run_show_what_each_used(
    api: FakeOpenAI, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    days = {
        "dagster/asset_partition_range_start": "2026-01-02",
        "dagster/asset_partition_range_end": "2026-01-04",
    }

    shown = run(loaded("partitions", monkeypatch), instance, tags=days)

    assert summed(shown) == billed(api.bill)
    assert len(shown) == 6
    assert {each.calls for each in shown} == {1}


def test_the_table_of_examples_names_them_all():
    table = (_EXAMPLES / "README.md").read_text()

    assert [name for name in _NAMES if f"[{name}]({name})" not in table] == []
