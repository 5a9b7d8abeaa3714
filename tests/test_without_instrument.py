"""A process that never calls `instrument()`: the resource does it."""

import json
from typing import Any

import pytest

from dagster_openai_otel.testing import FakeOpenAI
from tests.processes import run_python

pytestmark = pytest.mark.slow

SCRIPT = """
import json
from typing import Any
import dagster as dg
from dagster_openai_otel import OpenAIResource, with_usage_metadata
from tests.events import shown_usage
from tests.steps.asking import ask

@dg.asset
def first(context: dg.AssetExecutionContext):
    {first}

@dg.asset(deps=[first])
def second(context: dg.AssetExecutionContext, openai: OpenAIResource):
    with openai.get_client(context) as client:
        ask(client=client)
    ask("Plain.")

@dg.multi_asset(specs=[dg.AssetSpec("a", deps=[second]), dg.AssetSpec("b", deps=[second])])
def both(context: dg.AssetExecutionContext, openai: OpenAIResource):
    with openai.get_client_for_asset(context, dg.AssetKey("a")) as client:
        ask(client=client)
    return dg.MaterializeResult(asset_key="a"), dg.MaterializeResult(asset_key="b")

with dg.DagsterInstance.ephemeral() as instance:
    result = dg.materialize(
        [{assets}], instance=instance, resources={{"openai": OpenAIResource(api_key="key")}}
    )
    shown = shown_usage(instance, result.run_id)
    print(json.dumps([(event.kind, event.target, event.calls) for event in shown]))
"""


def shown_by(*, first: str, assets: str) -> Any:
    with FakeOpenAI() as api:
        return json.loads(run_python(SCRIPT.format(first=first, assets=assets), **api.environment))


def test_a_run_with_the_resource_records_its_steps_from_the_first_on():
    shown = shown_by(first="ask()", assets="first, second, both")

    assert shown == [
        ["materialization", "first", 1],
        ["materialization", "second", 2],
        ["materialization", "a", 1],
    ]


def test_what_wires_itself_inside_a_step_is_recorded_in_it():
    first = """with_usage_metadata(context, None, ask)("A poem.")
    with OpenAIResource(api_key="key").get_client(context) as client:
        ask(client=client)
    """

    assert shown_by(first=first, assets="first") == [["materialization", "first", 2]]
