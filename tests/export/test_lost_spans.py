"""What is not exported is counted, and said once; what an exporter raises stops there."""

import pytest

from tests.export import work
from tests.export.collector import collecting
from tests.export.faulty import answers, behaving, hangs
from tests.export.nursery import Nursery, Outcome
from tests.export.seen import assert_green, warnings_of

EXPORTERS = """
import time
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult


class Made(SpanExporter):
    def __init__(self):
        raise RuntimeError("canary in the making")


class Exporting(SpanExporter):
    def export(self, spans):
        raise RuntimeError("on export")


class Flushing(SpanExporter):
    def export(self, spans):
        print("\\n".join(span.name for span in spans))
        return SpanExportResult.SUCCESS

    def force_flush(self, timeout_millis=30000):
        raise RuntimeError("on flush")

    def shutdown(self):
        raise RuntimeError("on shutdown")


class Hanging(Flushing):
    def shutdown(self):
        time.sleep(60)
"""


def run(nursery: Nursery, endpoint: str, work: str = "materialized", **environment: str) -> Outcome:
    settings = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "DAGSTER_OPENAI_OTEL_FLUSH_TIMEOUT": "0.3",
        "DAGSTER_OPENAI_OTEL_CALL_SPANS": "off",
    }
    return nursery.run(f"tests.export.work:{work}", **{**settings, **environment})


@pytest.fixture(scope="module")
def exporters(tmp_path_factory) -> str:
    """A folder with a package as somebody would install it, whose exporters do not do as they should."""
    folder = tmp_path_factory.mktemp("installed")
    (folder / "bad_exporters.py").write_text(EXPORTERS)
    about = folder / "bad_exporters-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: bad-exporters\nVersion: 1\n")
    names = "\n".join(
        f"{name.lower()} = bad_exporters:{name}" for name in ("Made", "Exporting", "Flushing", "Hanging")
    )
    (about / "entry_points.txt").write_text(f"[opentelemetry_traces_exporter]\n{names}\n")
    return str(folder)


def test_an_exporter_that_cannot_be_made_is_one_line(nursery, api, exporters: str):
    outcome = nursery.run(OTEL_TRACES_EXPORTER="made", MORE_PACKAGES=exporters)

    assert_green(outcome, api)
    (line,) = warnings_of(outcome)
    assert "no spans are exported: making the exporter raised RuntimeError" in line


def test_an_exporter_that_raises_on_export_is_one_line_with_the_number_of_spans(nursery, api, exporters: str):
    outcome = run(nursery, "", OTEL_TRACES_EXPORTER="exporting", MORE_PACKAGES=exporters)

    assert_green(outcome, api)
    (line,) = warnings_of(outcome)
    assert line.startswith(f"{work.SPANS} spans not exported: ")
    assert "the exporter raised RuntimeError: on export" in line


def test_an_exporter_that_raises_on_flush_and_shutdown_gets_every_span(nursery, api, exporters: str):
    outcome = run(nursery, "", OTEL_TRACES_EXPORTER="flushing", MORE_PACKAGES=exporters)

    assert_green(outcome, api)
    assert len(outcome.printed.split("\n")) - 1 == work.SPANS
    (line,) = [line for line in outcome.log.splitlines() if "lost because of a fault" in line]
    assert "an exporter" in line


def test_an_exporter_that_hangs_on_shutdown_does_not_keep_the_process(nursery, api, exporters: str):
    outcome = run(nursery, "", OTEL_TRACES_EXPORTER="hanging", MORE_PACKAGES=exporters)

    assert_green(outcome, api)
    assert outcome.ending < 5


def test_spans_that_no_place_was_left_for_are_counted_and_the_usage_is_whole(nursery, api):
    with behaving(hangs) as address:
        outcome = run(nursery, f"http://{address}", "many", OTEL_BSP_MAX_QUEUE_SIZE="20")

    assert_green(outcome, api)
    first, last = warnings_of(outcome)
    assert first.startswith(f"{work.SPANS} spans not exported: ")
    assert last.startswith(f"{work.SPANS + 100} spans not exported: ")
    assert f"{work.SPANS + 100 - 20} because the queue was full (OTEL_BSP_MAX_QUEUE_SIZE is 20)" in last


def test_several_runs_of_a_process_say_it_once_and_once_more_at_its_end(nursery, api):
    with behaving(answers("500 Internal Server Error")) as address:
        outcome = run(nursery, f"http://{address}", "thrice")

    lines = warnings_of(outcome)
    assert [int(line.split()[0]) for line in lines] == [work.SPANS, 3 * work.SPANS]


def test_a_key_in_the_endpoint_or_in_a_header_is_not_said(nursery, api):
    with behaving(answers("401 key canary-two is wrong")) as address:
        outcome = run(
            nursery,
            f"http://someone:canary-one@{address}",
            OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"http://someone:canary-one@{address}/v1/traces?key=canary-three",
            OTEL_EXPORTER_OTLP_HEADERS="authorization=canary-two",
        )

    (line,) = warnings_of(outcome)
    assert line.startswith(f"{work.SPANS} spans not exported: ")
    assert "canary" not in line


def test_a_span_that_ends_in_a_thread_after_the_run_is_exported_at_the_end_of_the_process(nursery, api):
    with collecting() as collector:
        outcome = run(nursery, collector.endpoint, "late", DAGSTER_OPENAI_OTEL_FLUSH_TIMEOUT="5")

    assert [span.name for span in collector.spans].count("late") == 1
    assert len(collector.spans) == work.SPANS + 1
    assert warnings_of(outcome) == []
