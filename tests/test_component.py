"""The component, through the `dg` command: a project that has no Python for it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import dagster as dg
import pytest

from dagster_openai_otel.demo.home import fresh_home
from dagster_openai_otel.testing import FakeOpenAI
from tests.events import billed, shown_usage, summed
from tests.processes import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("dagster_dg_cli") is None, reason="dg is an extra of the environment"),
]

_TYPE = "dagster_openai_otel.OpenAIOtelComponent"
_PROJECT = """
[project]
name = "letters"
version = "0"

[tool.dg]
directory_type = "project"

[tool.dg.project]
root_module = "letters"
code_location_target_module = "letters.definitions"
"""
_DEFINITIONS = """
from pathlib import Path
from dagster import definitions, load_from_defs_folder

@definitions
def defs():
    return load_from_defs_folder(path_within_project=Path(__file__).parent)
"""
_POEM = """
import dagster as dg, openai

@dg.asset
def poem():
    with openai.OpenAI() as client:
        client.responses.create(model="my-deployment", input="A poem.")
"""
_ATTRIBUTES = """
type: dagster_openai_otel.OpenAIOtelComponent
attributes:
  trace_url: "{{ env('JAEGER_URL') }}/trace/{trace_id}"
  flush_timeout: "{{ env('SECONDS') }}"
  prices:
    my-deployment: gpt-5-mini
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    files = {
        "pyproject.toml": _PROJECT,
        "src/letters/__init__.py": "",
        "src/letters/definitions.py": _DEFINITIONS,
        "src/letters/defs/__init__.py": "",
        "src/letters/defs/poem.py": _POEM,
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    dg_command(root, "scaffold", "defs", _TYPE, "openai_otel")
    return root


def dg_command(project: Path, *arguments: str, code: int = 0, given: Mapping[str, str] | None = None) -> str:
    """What `dg` says."""
    path = os.pathsep.join([str(project / "src"), str(ROOT)])
    done = subprocess.run(  # noqa: S603  # our own command
        [Path(sys.executable).with_name("dg"), *arguments],
        cwd=project,
        env=os.environ | {"PYTHONPATH": path, "COLUMNS": "200"} | dict(given or {}),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_dg_lists_the_component_with_what_it_does(project: Path):
    listed = dg_command(project, "list", "components")

    assert _TYPE in listed
    assert "Records what every OpenAI call in this code location uses" in listed


def test_dg_tells_each_attribute_with_its_meaning(project: Path):
    told = dg_command(project, "utils", "inspect-component", _TYPE)

    assert "Template with {trace_id} for a link to the trace." in told
    assert "Put prompts and completions on spans." in told


def test_a_scaffolded_component_is_valid_as_it_is(project: Path):
    assert (project / "src/letters/defs/openai_otel/defs.yaml").read_text().startswith(f"type: {_TYPE}")
    assert "validated successfully" in dg_command(project, "check", "yaml")


def test_a_run_of_the_project_records_with_the_components_attributes(
    api: FakeOpenAI, project: Path, tmp_path: Path
):
    (project / "src/letters/defs/openai_otel/defs.yaml").write_text(_ATTRIBUTES)
    home = fresh_home(tmp_path / "home")
    environment = {"JAEGER_URL": "http://jaeger", "SECONDS": "1", "DAGSTER_HOME": str(home)}
    dg_command(project, "check", "yaml", given=environment)

    dg_command(project, "launch", "--assets", "poem", given={**environment, **api.environment})

    with dg.DagsterInstance.from_config(str(home)) as instance:
        (run,) = instance.get_runs()
        shown = shown_usage(instance, run.run_id)
        event = instance.get_latest_materialization_event(dg.AssetKey("poem"))
    assert summed(shown)["total_tokens"] == billed(api.bill)["total_tokens"]
    assert event
    assert event.asset_materialization
    metadata = event.asset_materialization.metadata
    assert str(metadata["openai/trace"].value).startswith("http://jaeger/trace/")
    assert metadata["openai/cost_usd"].value


@pytest.mark.parametrize("attribute", ["flush_timeout: -1", "no_such: 1"])
def test_a_bad_attribute_fails_the_check_of_the_definitions(attribute: str, project: Path):
    name = attribute.partition(":")[0]
    defs = project / "src/letters/defs/openai_otel/defs.yaml"
    defs.write_text(f"type: {_TYPE}\nattributes:\n  {attribute}\n")

    told = dg_command(project, "check", "defs", code=1)

    assert name in told
