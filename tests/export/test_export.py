from pathlib import Path

import dagster as dg
import pytest
from dagster import reconstructable

from dagster_openai_otel.identity import span_id, trace_id
from tests.events import billed, shown_usage, summed
from tests.export import pipeline
from tests.export.collector import attributes, collecting


@pytest.mark.slow
def test_a_multiprocess_run_arrives_as_one_trace_of_run_steps_and_requests(api, monkeypatch, tmp_path):
    with collecting() as collector, dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint)
        monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))

        with dg.execute_job(reconstructable(pipeline.job), instance, raise_on_error=True) as result:
            run_id = result.run_id

        assert summed(shown_usage(instance, run_id)) == billed(api.bill)
    spans = {span.name: span for span in collector.spans}
    assert {int.from_bytes(span.trace_id) for span in collector.spans} == {trace_id(run_id)}
    assert sorted(spans) == [
        "POST /chat/completions",
        "chat gpt-5-mini",
        "openai.chat",
        "run both",
        "step first",
        "step second",
    ]
    assert spans["step first"].parent_span_id == span_id(run_id).to_bytes(8)
    assert spans["openai.chat"].parent_span_id == spans["step first"].span_id
    assert spans["POST /chat/completions"].parent_span_id == spans["openai.chat"].span_id
    assert attributes(spans["openai.chat"])["dagster.asset_key"] == "first"
    assert not [body for body in collector.bodies if b"canary" in body]
    assert not [request for request in api.requests if "traceparent" in request.headers]
