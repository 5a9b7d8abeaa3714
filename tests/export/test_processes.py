"""Spans of steps in processes of their own, however these begin and end."""

import json

import pytest

from dagster_openai_otel.identity import trace_id
from tests.export.collector import collecting
from tests.export.faulty import behaving, hangs
from tests.export.test_faulty_collectors import FLUSH, MARGIN
from tests.processes import run_python

pytestmark = pytest.mark.slow

# 4 steps with three requests and three spans of the user's each, their own spans, the run, and a late one
STEPS = 4
SPANS = 1 + STEPS * 7 + 1
RUN = """
    import json, time
    import dagster as dg
    from tests.events import shown_usage, summed
    from tests.export import thirty

    if __name__ == "__main__":
        config = {{"execution": {{"config": {{"max_concurrent": 1, "start_method": {{"{method}": {{}}}}}}}}}}
        with dg.DagsterInstance.local_temp() as instance:
            job = dg.reconstructable(thirty.job)
            options = {{"run_config": config, "op_selection": ["{ops}"], "raise_on_error": True}}
            began = time.monotonic()
            with dg.execute_job(job, instance, **options) as result:
                took = time.monotonic() - began
                usage = summed(shown_usage(instance, result.run_id))
                print(json.dumps([result.run_id, usage["total_tokens"], took]))
"""


def started(method: str, ops: str = "*", **environment: str):
    printed = run_python(
        RUN.format(method=method, ops=ops), DAGSTER_OPENAI_OTEL_CALL_SPANS="off", **environment
    )
    return json.loads(printed.splitlines()[-1])


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_thirty_of_thirty_spans_arrive(api, method: str):
    with collecting() as collector:
        run_id, tokens, _ = started(
            method,
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint,
            DAGSTER_OPENAI_OTEL_FLUSH_TIMEOUT="10",
        )

    assert tokens == api.bill.usage.total_tokens
    assert len(collector.spans) == SPANS == 30
    assert len({span.span_id for span in collector.spans}) == 30
    assert {int.from_bytes(span.trace_id) for span in collector.spans} == {trace_id(run_id)}
    assert {span.parent_span_id for span in collector.spans} - {span.span_id for span in collector.spans} == {
        b""
    }


def test_a_hanging_collector_keeps_a_run_no_longer_than_one_wait_a_process(api):
    times: list[float] = []
    with collecting() as sound, behaving(hangs) as address:
        for endpoint in (sound.endpoint, f"http://{address}"):
            api.bill.clear()
            _, tokens, took = started(
                "forkserver",
                ops="begin",
                OTEL_EXPORTER_OTLP_ENDPOINT=endpoint,
                DAGSTER_OPENAI_OTEL_FLUSH_TIMEOUT=str(FLUSH),
            )
            assert tokens == api.bill.usage.total_tokens
            times.append(took)

    # that of the step, and that of the run
    assert times[1] - times[0] < 2 * (FLUSH + MARGIN)
