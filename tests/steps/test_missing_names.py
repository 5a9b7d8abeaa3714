"""A Dagster whose private names are others than those that are wrapped."""

import json

import pytest

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
        spec = super().find_spec(fullname, path, target) if fullname.startswith({package!r}) else None
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


def run_renamed(old: str, package: str = "dagster.") -> tuple[bool, list[list[object]], list[str]]:
    """Whether the run was green, what it shows, and what was warned of."""
    with FakeOpenAI() as api:
        printed = run_python(RENAMED.format(old=old, package=package) + RUN, **api.environment)
        assert len(api.bill.calls) == 3
    success, shown, warnings = json.loads(printed)
    return success, shown, warnings


def warning(module: str, name: str) -> str:
    return (
        f"this version of Dagster has no {module}.{name}: usage is recorded only for clients of"
        " OpenAIResource. Please report it, with the version"
    )


def test_without_the_entry_of_a_step_only_lent_clients_are_recorded():
    success, shown, warnings = run_renamed("enter_execution_context")

    assert success
    assert shown == [["materialization", "lent", 2, None]]
    assert warnings == [
        warning("dagster._core.execution.plan.execute_step", "enter_execution_context"),
        "calls of the OpenAI API outside any Dagster step are in no event log",
    ]


def test_without_the_results_of_a_step_usage_becomes_observations():
    success, shown, warnings = run_renamed("execute_core_compute")

    assert success
    assert shown == [["observation", "lent", 2, "op lent"], ["observation", "plain", 1, "op plain"]]
    assert warnings == [warning("dagster._core.execution.plan.execute_step", "execute_core_compute")]


def test_without_the_iterator_of_a_run_usage_is_recorded_all_the_same():
    success, shown, warnings = run_renamed("ExecuteRunWithPlanIterable")

    assert success
    assert shown == [["materialization", "lent", 2, None], ["materialization", "plain", 1, None]]
    assert warnings == [warning("dagster._core.execution.api", "ExecuteRunWithPlanIterable.__iter__")]


def test_without_the_responses_of_the_sdk_plain_calls_are_recorded_all_the_same():
    success, shown, _ = run_renamed("_process_response", "openai.")

    assert success
    assert shown == [["materialization", "lent", 2, None], ["materialization", "plain", 1, None]]
