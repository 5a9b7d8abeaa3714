import pytest

from dagster_openai_otel.identity import span_id, trace_id
from tests.export.collector import attributes, collecting
from tests.processes import run_python

# in a process of its own: there the provider is made when the endpoint is set
RUN = """
    import dagster as dg
    from tests.events import shown_usage, summed
    from tests.export import pipeline

    if __name__ == "__main__":
        with (
            dg.DagsterInstance.local_temp() as instance,
            dg.execute_job(dg.reconstructable(pipeline.job), instance, raise_on_error=True) as result,
        ):
            print(result.run_id, summed(shown_usage(instance, result.run_id))["total_tokens"])
"""


@pytest.mark.slow
def test_a_multiprocess_run_arrives_as_one_trace_of_run_steps_and_requests(api):
    with collecting() as collector:
        run_id, tokens = run_python(RUN, OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint).split()

    assert int(tokens) == api.bill.usage.total_tokens
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
