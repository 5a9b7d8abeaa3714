"""Each variable that OpenTelemetry names does what it says, through a run as a user would write it."""

import pytest

from dagster_openai_otel.identity import trace_id
from tests.export import work
from tests.export.collector import attributes, collecting, collecting_grpc
from tests.export.nursery import Nursery, Outcome
from tests.export.seen import assert_green, warnings_of

# an address that nobody listens on
NOWHERE = "http://127.0.0.1:9"
DEFAULTS = {"DAGSTER_OPENAI_OTEL_CALL_SPANS": "off", "DAGSTER_OPENAI_OTEL_FLUSH_TIMEOUT": "5"}


def run(nursery: Nursery, work: str = "materialized", **environment: str) -> Outcome:
    return nursery.run(f"tests.export.work:{work}", **{**DEFAULTS, **environment})


def test_without_an_endpoint_nothing_is_exported_and_nothing_is_global(nursery, api):
    outcome = run(nursery)

    assert_green(outcome, api)
    assert outcome.answer["provider"] == "ProxyTracerProvider"
    assert warnings_of(outcome) == []


def test_the_general_endpoint_is_completed_with_the_path_of_traces(nursery, api):
    with collecting() as collector:
        run(nursery, OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint)

    assert set(collector.paths) == {"/v1/traces"}
    assert len(collector.spans) == work.SPANS


def test_the_endpoint_of_traces_comes_first_and_is_taken_as_it_is(nursery, api):
    with collecting() as collector:
        run(
            nursery,
            OTEL_EXPORTER_OTLP_ENDPOINT=NOWHERE,
            OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{collector.endpoint}/mine",
        )

    assert set(collector.paths) == {"/mine"}


@pytest.mark.parametrize("prefix", ["OTEL_EXPORTER_OTLP_", "OTEL_EXPORTER_OTLP_TRACES_"])
def test_spans_go_over_grpc_with_headers(nursery, api, prefix: str):
    with collecting_grpc() as collector:
        outcome = run(
            nursery,
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint,
            **{f"{prefix}PROTOCOL": "grpc", f"{prefix}HEADERS": "x-team=data%20platform"},
        )

    assert_green(outcome, api)
    assert len(collector.spans) == work.SPANS
    assert {headers["x-team"] for headers in collector.headers} == {"data platform"}
    assert warnings_of(outcome) == []


@pytest.mark.parametrize("prefix", ["OTEL_EXPORTER_OTLP_", "OTEL_EXPORTER_OTLP_TRACES_"])
def test_headers_and_compression_go_over_http(nursery, api, prefix: str):
    with collecting() as collector:
        run(
            nursery,
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint,
            **{f"{prefix}HEADERS": "authorization=Bearer%20abc,x-team=data", f"{prefix}COMPRESSION": "gzip"},
        )

    (headers,) = collector.headers
    assert (headers["authorization"], headers["x-team"]) == ("Bearer abc", "data")
    assert headers["content-encoding"] == "gzip"
    assert len(collector.spans) == work.SPANS


def test_none_exports_nothing_whatever_endpoint_is_set(nursery, api):
    with collecting() as collector:
        outcome = run(nursery, OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, OTEL_TRACES_EXPORTER="none")

    assert_green(outcome, api)
    assert collector.bodies == []


def test_several_exporters_get_every_span(nursery, api):
    with collecting() as collector:
        outcome = run(
            nursery,
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint,
            OTEL_TRACES_EXPORTER="console, otlp",
        )

    assert len(collector.spans) == work.SPANS
    assert outcome.printed.count('"name": "step ') == work.STEPS


def test_an_exporter_is_named_by_its_entry_point(nursery, api):
    with collecting() as collector:
        run(nursery, OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, OTEL_TRACES_EXPORTER="otlp_proto_http")

    assert len(collector.spans) == work.SPANS


def test_the_sampler_decides_what_is_exported_and_not_what_is_counted(nursery, api):
    with collecting() as collector:
        outcome = run(
            nursery, OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, OTEL_TRACES_SAMPLER="always_off"
        )

    assert_green(outcome, api)
    assert collector.bodies == []
    assert warnings_of(outcome) == []


@pytest.mark.parametrize(("ratio", "spans"), [("0", 0), ("1", work.SPANS)])
def test_the_sampler_gets_its_argument(nursery, api, ratio: str, spans: int):
    with collecting() as collector:
        run(
            nursery,
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint,
            OTEL_TRACES_SAMPLER="parentbased_traceidratio",
            OTEL_TRACES_SAMPLER_ARG=ratio,
        )

    assert len(collector.spans) == spans


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({"OTEL_SERVICE_NAME": "named"}, "named"),
        ({"OTEL_RESOURCE_ATTRIBUTES": "service.name=described"}, "described"),
        ({}, "my_location"),
    ],
)
def test_the_service_is_named_by_variables_else_by_the_code_location(nursery, api, environment, name: str):
    with collecting() as collector:
        run(nursery, OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, **environment)

    assert collector.resource["service.name"] == name


@pytest.mark.parametrize(
    ("environment", "name"),
    [({}, "dagster"), ({"DAGSTER_LOCATION_NAME": "served"}, "served")],
)
def test_a_run_that_knows_no_code_location_has_that_of_its_process(nursery, api, environment, name: str):
    with collecting() as collector:
        run(nursery, "untagged", OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, **environment)

    assert collector.resource["service.name"] == name


def test_a_tracer_that_is_asked_for_when_the_definitions_load_has_the_name_of_the_location(nursery, api):
    """Traceloop's instrumentor asks for one when `openai` is imported, before any run is known."""
    with collecting() as collector:
        run(nursery, OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, DAGSTER_OPENAI_OTEL_CALL_SPANS="on")

    assert collector.resource["service.name"] == "my_location"
    assert [span.name for span in collector.spans].count("openai.chat") == work.STEPS


def test_resource_attributes_and_detectors_describe_the_process(nursery, api):
    with collecting() as collector:
        run(
            nursery,
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint,
            OTEL_RESOURCE_ATTRIBUTES="deployment.environment=test",
            OTEL_EXPERIMENTAL_RESOURCE_DETECTORS="process",
        )

    assert collector.resource["deployment.environment"] == "test"
    assert "process.pid" in collector.resource


def test_limits_of_spans_hold_and_everything_is_counted(nursery, api):
    with collecting() as collector:
        outcome = run(nursery, OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, OTEL_ATTRIBUTE_COUNT_LIMIT="3")

    assert_green(outcome, api)
    assert {len(span.attributes) for span in collector.spans if span.name.startswith("step")} == {3}


def test_batches_are_as_large_as_the_variable_says(nursery, api):
    with collecting() as collector:
        run(
            nursery,
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint,
            OTEL_BSP_MAX_EXPORT_BATCH_SIZE="1",
        )

    assert len(collector.bodies) == work.SPANS


def test_a_span_waits_for_others_no_longer_than_the_variable_says(nursery, api):
    with collecting() as collector:
        outcome = run(
            nursery,
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint,
            OTEL_BSP_SCHEDULE_DELAY="1",
            DAGSTER_OPENAI_OTEL_FLUSH_TIMEOUT="5",
        )

    assert_green(outcome, api)
    assert len(collector.bodies) > 1


def test_the_ids_are_those_of_the_run(nursery, api):
    with collecting() as collector:
        outcome = run(nursery, OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint)

    (trace,) = {int.from_bytes(span.trace_id) for span in collector.spans}
    assert trace == trace_id(outcome.answer["run_id"])
    (run_span,) = [span for span in collector.spans if span.name.startswith("run ")]
    assert attributes(run_span)["dagster.code_location"] == "my_location"


WRONG = {
    "protocol": (
        {"OTEL_EXPORTER_OTLP_PROTOCOL": "carrier pigeon"},
        "Allowed: http/protobuf, grpc, http/json",
    ),
    "protocol of traces": (
        {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "x"},
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL is 'x'",
    ),
    "protocol without its exporter": ({"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, "Install"),
    "endpoint without scheme": ({"OTEL_EXPORTER_OTLP_ENDPOINT": "localhost:4318"}, "http://localhost:4318"),
    "endpoint without host": ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://"}, "http://localhost:4318"),
    "endpoint with a wrong port": (
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:99999"},
        "http://localhost:4318",
    ),
    "header": ({"OTEL_EXPORTER_OTLP_HEADERS": "authorization Bearer canary"}, "percent-encoded"),
    "header value": ({"OTEL_EXPORTER_OTLP_HEADERS": "authorization=canary%0Ax"}, "percent-encoded"),
    "certificate": ({"OTEL_EXPORTER_OTLP_CERTIFICATE": "/no/such/file.pem"}, "the path of a PEM file"),
    "client key": ({"OTEL_EXPORTER_OTLP_CLIENT_KEY": "/no/such/file.pem"}, "the path of a PEM file"),
    "timeout": ({"OTEL_EXPORTER_OTLP_TIMEOUT": "soon"}, "seconds, such as 10"),
    "timeout of grpc": (
        {"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "soon", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
        "seconds, such as 10",
    ),
    "compression": ({"OTEL_EXPORTER_OTLP_COMPRESSION": "zip"}, "none, gzip, deflate"),
    "compression of grpc": (
        {"OTEL_EXPORTER_OTLP_COMPRESSION": "deflate", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
        "Allowed: gzip",
    ),
    "exporter": ({"OTEL_TRACES_EXPORTER": "yaeger"}, "Allowed: console, none, otlp"),
}
HALF_WRONG = {
    "one of two exporters": ({"OTEL_TRACES_EXPORTER": "otlp,yaeger"}, "'yaeger'"),
    "sampler": ({"OTEL_TRACES_SAMPLER": "sometimes"}, "all spans are sampled. Allowed: always_off"),
    "ratio": ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "ten"}, "from 0 to 1"),
    "ratio above one": (
        {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "10"},
        "from 0 to 1",
    ),
    "queue": ({"OTEL_BSP_MAX_QUEUE_SIZE": "many"}, "2048 holds instead. Allowed: a whole number"),
    "empty queue": ({"OTEL_BSP_MAX_QUEUE_SIZE": "0"}, "2048 holds instead"),
    "batch": ({"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "-1"}, "512 holds instead"),
    "delay": ({"OTEL_BSP_SCHEDULE_DELAY": "5s"}, "5000 holds instead"),
    "limit": (
        {"OTEL_SPAN_EVENT_COUNT_LIMIT": "lots"},
        "OTEL_SPAN_EVENT_COUNT_LIMIT must be a non-negative integer",
    ),
    "resource": ({"OTEL_RESOURCE_ATTRIBUTES": "nothing"}, "resource attribute pair nothing"),
    "detector": ({"OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": "sherlock"}, "sherlock"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_variable_is_one_line_in_the_log_and_exports_nothing(nursery, api, what: str):
    environment, said = WRONG[what]

    with collecting() as collector:
        outcome = run(nursery, **{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, **environment})

    assert_green(outcome, api)
    (line,) = warnings_of(outcome)
    assert said in line
    assert "canary" not in line
    assert collector.bodies == []


@pytest.mark.parametrize("what", HALF_WRONG)
def test_a_variable_that_something_else_can_stand_for_is_one_line_and_all_is_exported(
    nursery, api, what: str
):
    environment, said = HALF_WRONG[what]

    with collecting() as collector:
        outcome = run(nursery, OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, **environment)

    assert_green(outcome, api)
    (line,) = warnings_of(outcome)
    assert said in line
    assert len(collector.spans) == work.SPANS


def test_what_is_turned_off_records_nothing_and_says_so_once(nursery, api):
    with collecting() as collector:
        outcome = run(nursery, OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, OTEL_SDK_DISABLED="true")

    assert outcome.answer["success"]
    assert outcome.answer["usage"]["calls"] == 0
    assert outcome.answer["timeline"].count("OTEL_SDK_DISABLED is true") == 1
    assert collector.bodies == []
