"""What the library adds to a step where no endpoint is set."""

import pytest

from tests.processes import run_python

STEPS = 60
RUN = """
    import logging, sys, time
    import dagster as dg
    {instrument}

    @dg.op
    def begin() -> int:
        return 1

    @dg.op
    def go_on(number: int) -> int:
        return number

    @dg.job
    def job():
        number = begin()
        for index in range({steps} - 1):
            number = go_on.alias(f"step_{{index}}")(number)

    logging.disable(logging.CRITICAL)
    with dg.DagsterInstance.ephemeral() as instance:
        times = []
        for _ in range(5):
            began = time.process_time()
            job.execute_in_process(instance=instance)
            times.append(time.process_time() - began)
    print(min(times) / {steps})
"""


def seconds_a_step(instrument: str) -> float:
    """CPU of one step, which other work of the machine does not count into."""
    return float(run_python(RUN.format(instrument=instrument, steps=STEPS)))


@pytest.mark.slow
def test_a_step_takes_less_than_5_ms_more_where_no_endpoint_is_set():
    bare = seconds_a_step("")
    ours = seconds_a_step(
        "from dagster_openai_otel import instrument; instrument(trace_url='http://traces/{trace_id}',"
        " webserver_url='http://dagster')"
    )

    assert ours - bare < 0.005
