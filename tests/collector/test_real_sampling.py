"""Which traces are kept, and what happens to them where Jaeger is away."""

import re
import time
from pathlib import Path
from urllib.request import urlopen

import pytest
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)

from tests.collector import programs
from tests.collector.programs import Collector, Jaeger, awaited
from tests.collector.spans import sending, trace_of
from tests.executors.services import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

_SECOND = 10**9


def _sent(
    tracer: Tracer, *, failed: bool = False, seconds: int = 1, cost: float = 0.001, spans: int = 1
) -> str:
    """The id of a trace of a root with spans of requests."""
    began = time.time_ns() - seconds * _SECOND
    root = tracer.start_span("run it", start_time=began)
    for _ in range(spans):
        request = tracer.start_span(
            "chat", set_span_in_context(root), attributes={"openai.cost_usd": cost}, start_time=began
        )
        if failed:
            request.set_status(Status(StatusCode.ERROR))
        request.end()
    root.end()
    return trace_of(root)


def _unfinished(tracer: Tracer) -> str:
    """The id of a trace whose root has not come."""
    ids = RandomIdGenerator()
    parent = SpanContext(
        ids.generate_trace_id(), ids.generate_span_id(), is_remote=True, trace_flags=TraceFlags(1)
    )
    span = tracer.start_span("step it", set_span_in_context(NonRecordingSpan(parent)))
    span.end()
    return trace_of(span)


def test_traces_that_failed_were_slow_costly_large_or_do_not_end_are_kept_and_the_rest_by_share(
    tmp_path: Path, jaeger: Jaeger
):
    settings = {"KEEP_PERCENT": "0", "SLOW_MS": "5000", "COSTLY_USD": "0.02", "MANY_SPANS": "5"}
    with (
        programs.collector(tmp_path, jaeger.port, **settings) as collector,
        sending(collector.http) as tracer,
    ):
        cheap = [_sent(tracer) for _ in range(3)]
        kept = [
            _sent(tracer, failed=True),
            _sent(tracer, seconds=6),
            _sent(tracer, cost=0.03),
            _sent(tracer, spans=5),
            _unfinished(tracer),
        ]
        for trace_id in kept:
            jaeger.whole(trace_id, 1)

    assert [jaeger.trace(trace_id) for trace_id in cheap] == [None] * 3


def test_what_is_queued_survives_a_jaeger_that_is_away_and_a_collector_that_is_killed(tmp_path: Path):
    port = free_port()
    with (
        programs.collector(tmp_path, port) as collector,
        sending(collector.http) as tracer,
    ):
        trace_id = _sent(tracer, failed=True)
        awaited(lambda: _queued(collector), "a trace in the queue")
        collector.process.kill()

    with programs.jaeger(tmp_path, port=port) as jaeger, programs.collector(tmp_path, port):
        trace = jaeger.whole(trace_id, 2)

    assert sorted(span["operationName"] for span in trace["spans"]) == ["chat", "run it"]


def _queued(collector: Collector) -> bool:
    """Whether anything waits for Jaeger, by what the collector says of itself, and was tried in vain."""
    with urlopen(collector.own_metrics, timeout=10) as answer:  # noqa: S310  # loopback
        said = answer.read().decode()
    return bool(re.search(r"^otelcol_exporter_queue_size\{.*\} [1-9]", said, re.MULTILINE))
