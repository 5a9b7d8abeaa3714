"""`doctor` looks at what has to be well; each thing that is not has its fix."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

from tests.cli.command import Ended, call
from tests.export.collector import collecting

SECRET = "not-to-be-seen"  # noqa: S105  # that is the point
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


def doctor(*arguments: str, **environment: str) -> Ended:
    return call("doctor", *arguments, **environment)


def to_mend(ended: Ended) -> list[str]:
    return [finding["text"] for finding in ended.json if finding["level"] in {"warning", "problem"}]


@contextmanager
def answering(status: int, seconds: float = 0) -> Iterator[str]:
    """A server that answers so to everything, after a while."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            time.sleep(seconds)
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_where_all_is_well_the_status_is_0():
    ended = doctor("--format", "json")

    assert ended.status == 0, to_mend(ended)
    assert {finding["level"] for finding in ended.json} == {"ok", "info"}
    assert all(finding["fix"] is None for finding in ended.json)


def test_versions_are_told():
    texts = {finding["text"].split()[0] for finding in doctor("--format", "json").json}

    assert {"dagster-openai-otel", "dagster", "openai", "genai-prices", "opentelemetry-sdk"} <= texts


def test_people_are_told_the_same():
    ended = doctor()

    assert ended.output.endswith("\nAll is well.\n")
    assert "\x1b" not in ended.output


def test_the_age_of_the_prices_is_told():
    prices = next(finding for finding in doctor("--format", "csv").csv if finding["topic"] == "prices")

    assert "its newest price holds since 20" in prices["text"]


@pytest.mark.parametrize(
    ("environment", "text", "fix"),
    [
        (
            {"DAGSTER_OPENAI_OTEL_CALL_SPANS": "perhaps"},
            "DAGSTER_OPENAI_OTEL_CALL_SPANS is not allowed, so instrument() raises",
            "is set to 'perhaps'. Allowed: auto, on, off.",
        ),
        (
            {"DAGSTER_OPENAI_OTEL_STREEM_USAGE": "always"},
            "DAGSTER_OPENAI_OTEL_STREEM_USAGE is no setting, and does nothing",
            "Is DAGSTER_OPENAI_OTEL_STREAM_USAGE meant?",
        ),
        (
            {"OTEL_SDK_DISABLED": "true"},
            "OTEL_SDK_DISABLED is true: nothing is recorded, usage neither",
            "Unset it.",
        ),
        ({"DAGSTER_HOME": "/there/is/none"}, "DAGSTER_HOME is /there/is/none, which is no folder", "Make it"),
        (
            {ENDPOINT: "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "carrier-pigeon"},
            "'carrier-pigeon' is no protocol that spans can be sent by",
            "http/protobuf or to grpc",
        ),
        ({ENDPOINT: "ftp://127.0.0.1"}, "is no http address", "Begin it with http:// or https://."),
    ],
)
def test_a_variable_that_is_wrong_is_found_with_its_fix(environment, text, fix):
    ended = doctor(**environment)

    assert ended.status == 1
    assert text in ended.said
    assert fix in ended.said
    assert ended.output.endswith("\n1 thing to mend.\n")


def test_own_prices_are_told_by_whose_they_are():
    ended = doctor(DAGSTER_OPENAI_OTEL_PRICES='{"my-deployment": "gpt-5-mini"}')

    assert "DAGSTER_OPENAI_OTEL_PRICES is for my-deployment" in ended.said


def test_a_collector_that_takes_spans_gets_an_empty_export():
    with collecting() as collector:
        ended = doctor(**{ENDPOINT: collector.endpoint})

    assert ended.status == 0
    assert f"{collector.endpoint}/v1/traces takes spans (http/protobuf" in ended.said
    assert collector.bodies == [b""]


@pytest.mark.parametrize(
    ("status", "text", "fix"),
    [
        (401, "refuses the key (status 401)", "OTEL_EXPORTER_OTLP_HEADERS"),
        (404, "does not take spans (status 404)", "/v1/traces is added"),
        (429, "has too much to do (status 429)", "Give it room"),
        (500, "does not take spans (status 500)", "See the log of the collector."),
    ],
)
def test_a_collector_that_takes_no_spans_is_found(status, text, fix):
    with answering(status) as endpoint:
        ended = doctor(**{ENDPOINT: endpoint})

    assert ended.status == 1
    assert text in ended.said
    assert fix in ended.said


def test_a_collector_that_is_not_there_is_found():
    ended = doctor(**{ENDPOINT: "http://127.0.0.1:1"})

    assert ended.status == 1
    assert "http://127.0.0.1:1/v1/traces does not answer (ConnectionRefusedError)" in ended.said


@pytest.mark.slow
def test_a_collector_that_hangs_is_left_after_two_seconds():
    with answering(200, seconds=5) as endpoint:
        began = time.monotonic()
        ended = doctor(**{ENDPOINT: endpoint})
        took = time.monotonic() - began

    assert "does not answer (TimeoutError)" in ended.said
    assert 2 <= took < 4.5


@contextmanager
def grpc_collector() -> Iterator[str]:
    class Service(trace_service_pb2_grpc.TraceServiceServicer):
        def Export(self, request, context):  # noqa: N802  # its name there
            return trace_service_pb2.ExportTraceServiceResponse()

    server = grpc.server(ThreadPoolExecutor(1))
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(Service(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"http://127.0.0.1:{port}"
    server.stop(0).wait()


def test_a_collector_is_asked_over_grpc_too():
    with grpc_collector() as endpoint:
        there = doctor(**{ENDPOINT: endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})
    gone = doctor(**{ENDPOINT: endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})

    assert f"{endpoint} takes spans (grpc" in there.said
    assert f"{endpoint} does not answer (grpc, UNAVAILABLE)" in gone.said


def test_keys_are_never_shown():
    with answering(401) as endpoint:
        address = endpoint.replace("://", f"://user:{SECRET}@")
        environment = {
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{address}/v1/traces?key={SECRET}",
            "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{SECRET}",
            "OPENAI_API_KEY": SECRET,
        }
        said = doctor(**environment).said

    assert "refuses the key" in said
    assert SECRET not in said


def test_an_instrumentor_that_starts_by_itself_is_found_unless_it_is_turned_off():
    path = str(Path("somewhere") / "opentelemetry" / "instrumentation" / "auto_instrumentation")
    off = "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"

    ours_is_off = doctor(PYTHONPATH=path, **{off: "dagster_openai_otel"})
    both_are_off = doctor(PYTHONPATH=path, **{off: "dagster_openai_otel, openai"})
    driven_by_ours = doctor(PYTHONPATH=path)

    assert ours_is_off.status == 1
    assert "opentelemetry-instrument puts on opentelemetry-instrumentation-openai" in ours_is_off.said
    assert f"Set {off}=dagster_openai_otel,openai." in ours_is_off.said
    assert [both_are_off.status, driven_by_ours.status] == [0, 0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-m", "a", "-f", __file__], "Give -m or -f, not both."),
        (["-f", "/there/is/none.py"], "/there/is/none.py"),
    ],
)
def test_what_is_asked_for_wrongly_is_said_with_status_2(arguments, words):
    ended = doctor(*arguments)

    assert ended.status == 2
    assert words in ended.said
