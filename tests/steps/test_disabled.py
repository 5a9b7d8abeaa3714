"""`OTEL_SDK_DISABLED=true`: nothing is recorded, and the run says so."""

import json

import pytest

from dagster_openai_otel.testing import FakeOpenAI
from tests.processes import run_python

pytestmark = pytest.mark.slow

SCRIPT = """
import json

import pytest
import dagster as dg
from dagster_openai_otel import OpenAIResource, attribute_usage, instrument

{instrument}
from tests.steps.asking import ask, materialize

@dg.asset
def poem(context: dg.AssetExecutionContext, openai: OpenAIResource):
    with openai.get_client(context) as client, attribute_usage("poem"):
        ask(client=client)
    ask()

@dg.asset(deps=[poem])
def other():
    ask()

with dg.DagsterInstance.ephemeral() as instance:
    resources = {{"openai": OpenAIResource(api_key="key")}}
    ran = materialize(instance, poem, other, resources=resources)
    said = [
        (record.dagster_event.event_type_value, record.message)
        for record in instance.all_logs(ran.result.run_id)
        if "OTEL_SDK_DISABLED" in record.message
    ]
    print(json.dumps([ran.result.success, ran.places, said]))
"""

MESSAGE = (
    "OTEL_SDK_DISABLED is true: usage of the OpenAI API is not recorded in this run."
    " Unset it to record usage; to export no spans, set no OTLP endpoint."
)


def test_with_opentelemetry_turned_off_nothing_is_recorded_and_the_log_of_the_run_says_so_once():
    with FakeOpenAI() as api:
        printed = run_python(
            SCRIPT.format(instrument="instrument()"), OTEL_SDK_DISABLED=" True ", **api.environment
        )

    assert json.loads(printed) == [True, [], [["ENGINE_EVENT", MESSAGE]]]
    assert len(api.bill.calls) == 3
