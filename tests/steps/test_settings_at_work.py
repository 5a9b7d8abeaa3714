"""Settings that only show in a run; each process has but one set of them."""

import json
from decimal import Decimal
from uuid import UUID

import pytest

from dagster_openai_otel.testing import FakeOpenAI
from tests.processes import run_python

pytestmark = pytest.mark.slow

SCRIPT = """
import json
import dagster as dg
from dagster_openai_otel import instrument
from tests.steps.asking import ask, materialize

instrument(trace_url="http://traces/{trace_id}?all")

@dg.asset
def poem():
    ask(model="our-deployment")
    ask(model="our-model")

with dg.DagsterInstance.ephemeral() as instance:
    ran = materialize(instance, poem)
    metadata = ran.shown[0].metadata
    keys = ["openai/trace", "openai/prices", "openai/cost_usd", "openai/calls"]
    print(json.dumps([ran.result.run_id, *(metadata.get(key) for key in keys)]))
"""


def test_links_and_own_prices_stand_in_the_metadata():
    own = {"our-deployment": "gpt-5-mini", "our-model": {"input_mtok": 1_000, "output_mtok": 0}}
    with FakeOpenAI() as api:
        printed = run_python(SCRIPT, DAGSTER_OPENAI_OTEL_PRICES=json.dumps(own), **api.environment)

    run_id, trace, prices, cost, calls = json.loads(printed)
    first, second = (call.usage for call in api.bill.calls)
    deployment = Decimal("0.25") * first.input_tokens + Decimal(2) * first.output_tokens
    expected = (deployment + 1_000 * second.input_tokens) / 1_000_000
    high, low = divmod(UUID(run_id).int, 1 << 64)
    assert trace == f"http://traces/{low << 64 | high:032x}?all"
    assert prices.endswith(" and own prices")
    assert cost == pytest.approx(float(expected))
    assert calls == 2
