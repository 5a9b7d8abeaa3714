"""A Dagster whose private names are others than those that are wrapped."""

import json

import pytest

from dagster_openai_otel.steps import upstream
from dagster_openai_otel.testing import FakeOpenAI
from tests.processes import run_python

pytestmark = pytest.mark.slow

# Loads Dagster as it would be if one of its names were another, in every module that uses it.
RENAMED = """
import re, sys
from importlib.machinery import PathFinder, SourceFileLoader

OLD = {old!r}

class Renaming(SourceFileLoader):
    def get_code(self, fullname):
        source = self.get_data(self.path).decode()
        if OLD not in source:
            return super().get_code(fullname)
        return compile(re.sub(rf"\\b{{OLD}}\\b", f"{{OLD}}_renamed", source), self.path, "exec")

class Finder(PathFinder):
    @classmethod
    def find_spec(cls, fullname, path=None, target=None):
        ours = f"{{fullname}}.".startswith({packages!r})
        spec = super().find_spec(fullname, path, target) if ours else None
        if spec and isinstance(spec.loader, SourceFileLoader):
            spec.loader = Renaming(fullname, spec.origin)
        return spec

sys.meta_path.insert(0, Finder)
"""

RUN = """
import json, logging, sys
import dagster as dg
from dagster_openai_otel import OpenAIResource, instrument

warnings = []
handler = logging.Handler()
handler.emit = lambda record: warnings.append(record.getMessage())
logging.getLogger("dagster_openai_otel").addHandler(handler)
instrument()
from tests.steps.asking import ask, materialize

@dg.asset
def plain():
    ask()

@dg.asset
def lent(context: dg.AssetExecutionContext, openai: OpenAIResource):
    with openai.get_client(context) as client:
        ask(client=client)
    with openai.get_client(context) as client:
        ask(client=client)

with dg.DagsterInstance.ephemeral() as instance:
    ran = materialize(instance, plain, lent, resources={"openai": OpenAIResource(api_key="key")})
    print(json.dumps([ran.result.success, sorted(ran.outcomes, key=lambda shown: shown[1]), warnings]))
"""


def run_renamed(old: str, *packages: str) -> tuple[bool, list[list[object]], list[str]]:
    """Whether the run was green, what it shows, and what was warned of."""
    with FakeOpenAI() as api:
        printed = run_python(RENAMED.format(old=old, packages=packages) + RUN, **api.environment)
        assert len(api.bill.calls) == 3
    success, shown, warnings = json.loads(printed)
    return success, shown, warnings


def warnings_of(*names: upstream.Name) -> list[str]:
    return [
        f"this version of Dagster has no {name.module}.{name.name}: {name.without}."
        " Please report it, with the version"
        for name in names
    ]


ALL = [["materialization", "lent", 2, None], ["materialization", "plain", 1, None]]
# the last part of a name, which is renamed, and what is shown without it
MISSING = {
    "enter_execution_context": [["materialization", "lent", 2, None], ["engine", "", 1, "outside the steps"]],
    "execute_core_compute": [["observation", "lent", 2, "op lent"], ["observation", "plain", 1, "op plain"]],
    "_trigger_hook": ALL,
    "ExecuteRunWithPlanIterable": ALL,
    "job_success": ALL,
    "job_failure": ALL,
    "job_canceled": ALL,
    "evaluate_tick": ALL,
    "EngineEventData": ALL,
    "get_generator": ALL,
    "job_execution_iterator": ALL,
    "register": ALL,
}


def test_all_names_that_are_relied_on_are_tried():
    relied_on = [part for name in upstream.NAMES for part in name.name.split(".") if part in MISSING]

    assert sorted(set(relied_on)) == sorted(MISSING)
    assert len(relied_on) == len(upstream.NAMES)


@pytest.mark.parametrize("missing", MISSING)
def test_without_a_name_the_run_is_green_and_a_warning_says_what_is_lost(missing):
    success, shown, warnings = run_renamed(missing, "dagster.", "dagster_shared.")

    lost = [name for name in upstream.NAMES if missing in name.name.split(".")]
    assert success
    assert sorted(shown, key=str) == sorted(MISSING[missing], key=str)
    assert warnings == warnings_of(*lost)


def test_without_the_responses_of_the_sdk_plain_calls_are_recorded_all_the_same():
    success, shown, _ = run_renamed("_process_response", "openai.")

    assert success
    assert shown == [["materialization", "lent", 2, None], ["materialization", "plain", 1, None]]
