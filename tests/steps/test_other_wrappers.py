"""Others who wrap the same places of Dagster: taken off under them and put on again, a step counts once."""

import json

import pytest

from dagster_openai_otel.testing import FakeOpenAI
from tests.processes import run_python

pytestmark = pytest.mark.slow

RUNS = """
import json
import dagster as dg
import wrapt
from dagster_openai_otel import DagsterInstrumentor, instrument
from tests.steps.asking import ask

seen = []

def theirs(wrapped, instance, args, kwargs):
    seen.append(wrapped.__name__)
    return wrapped(*args, **kwargs)

@dg.asset
def poem():
    ask()

def calls():
    seen.clear()
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([poem], instance=instance)
        metadata = result.asset_materializations_for_node("poem")[0].metadata
    counted = metadata["openai/calls"].value if "openai/calls" in metadata else None
    return [counted, sorted(set(seen))]

instrument()
told = [calls()]
wrapt.wrap_function_wrapper("dagster._core.execution.plan.execute_step", "execute_core_compute", theirs)
wrapt.wrap_function_wrapper("dagster._core.execution.api", "ExecuteRunWithPlanIterable.__iter__", theirs)
told.append(calls())
DagsterInstrumentor().uninstrument()
told.append(calls())
DagsterInstrumentor().instrument(skip_dep_check=True)
told.append(calls())
print(json.dumps(told))
"""


def test_taken_off_under_anothers_and_put_on_again_a_step_counts_once():
    with FakeOpenAI() as api:
        told = json.loads(run_python(RUNS, **api.environment))
    theirs = ["__iter__", "execute_core_compute"]
    assert told == [[1, []], [1, theirs], [None, theirs], [1, theirs]]
