"""What Traceloop's instrumentor does to a process: its metrics, and a version of it that is not known."""

import json
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.calls.traceloops import cured
from tests.processes import ROOT, run_python

pytestmark = pytest.mark.slow

UPSTREAM = """
    from opentelemetry.instrumentation.openai import OpenAIInstrumentor
    OpenAIInstrumentor().instrument(tracer_provider=provider)
"""
OURS = "dagster_openai_otel.instrument(tracer_provider=provider)"
MEASURED = """
    import json, logging
    import dagster_openai_otel
    from dagster_openai_otel.testing import FakeOpenAI, capture_usage
    from opentelemetry import metrics
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    said = []
    log = logging.Handler()
    log.emit = lambda record: said.append(record.getMessage())
    logging.getLogger("dagster_openai_otel").addHandler(log)
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    metrics.set_meter_provider(MeterProvider([reader], shutdown_on_exit=False))
    DRIVING
    import openai
    with FakeOpenAI() as api, capture_usage() as usage:
        url = api.base_url.replace("//", "//user:canary-7f3a@")
        with openai.OpenAI(base_url=url, api_key="test-key") as client:
            for _ in range(2):
                client.chat.completions.create(model="gpt-5-mini", messages=[])
        billed = api.bill.usage.total_tokens
    measured = reader.get_metrics_data()
    print(json.dumps({
        "said": said,
        "spans": [span.name for span in exporter.get_finished_spans()],
        "measured": measured.to_json() if measured else "",
        "counted": usage.usage.total_tokens,
        "billed": billed,
    }))
"""


def after(driving: str, *first: Path, **environment: str) -> Any:
    """What is known in a process of its own after two calls."""
    path = ":".join(str(folder) for folder in (*first, ROOT))
    return json.loads(run_python(MEASURED.replace("DRIVING", driving), PYTHONPATH=path, **environment))


def test_the_password_in_a_url_goes_into_metrics():
    assert "canary-7f3a" in after(UPSTREAM)["measured"], cured("meter_provider=NoOpMeterProvider()")
    driven = after(OURS)
    assert driven["spans"] == ["POST /chat/completions", "openai.chat"] * 2
    assert driven["measured"] == ""
    assert (driven["counted"], driven["said"]) == (driven["billed"], [])


def test_whoever_puts_it_on_himself_has_it_as_it_comes():
    seen = after(OURS + UPSTREAM)
    assert seen["spans"] == ["POST /chat/completions", "openai.chat"] * 2
    assert "canary-7f3a" in seen["measured"]
    assert (seen["counted"], seen["said"]) == (seen["billed"], [])


def test_a_version_that_is_not_known_is_left_be_which_is_said_once(tmp_path):
    package = find_spec("opentelemetry.instrumentation.openai")
    assert package is not None
    assert package.origin is not None
    newer = tmp_path / "opentelemetry/instrumentation/openai"
    shutil.copytree(Path(package.origin).parent, newer)
    (newer / "version.py").write_text('__version__ = "0.99.0"\n')
    seen = after(OURS, tmp_path)
    assert seen["spans"] == ["chat gpt-5-mini"] * 2
    assert seen["counted"] == seen["billed"]
    (said,) = seen["said"]
    assert "opentelemetry-instrumentation-openai 0.99.0" in said
