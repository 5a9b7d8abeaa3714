"""`opentelemetry-instrument`: all is there without a line in the definitions."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple

import pytest

from dagster_openai_otel.testing import FakeOpenAI
from tests.export.collector import attributes, collecting
from tests.processes import ROOT

pytestmark = pytest.mark.slow

_CANARY = "canary-in-a-prompt"
# The definitions of somebody who has never heard of the library.
_PLAIN = f"""
    import dagster as dg, openai

    @dg.asset
    def poem():
        with openai.OpenAI() as client:
            client.chat.completions.create(
                model="gpt-5-mini", messages=[{{"role": "user", "content": "{_CANARY}"}}]
            )

    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([poem], instance=instance)
        (made,) = result.asset_materializations_for_node("poem")
        print({{name: told.value for name, told in made.metadata.items() if name != "openai/by_model"}})
"""


class Ran(NamedTuple):
    printed: str
    said: str
    spans: list[Any]


def ran(api: FakeOpenAI, source: str, **environment: str) -> Ran:
    """Some code under `opentelemetry-instrument`, and the spans that it exported."""
    script = Path(sys.executable).with_name("opentelemetry-instrument")
    with collecting() as collector:
        done = subprocess.run(  # noqa: S603  # the code is the test's own
            [script, sys.executable, "-c", dedent(source)],
            cwd=ROOT,
            env=os.environ
            | {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "PYTHONPATH": str(ROOT)}
            | dict(api.environment)
            | environment,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    return Ran(done.stdout, done.stderr, collector.spans)


@pytest.fixture(scope="module")
def plain() -> Iterator[tuple[Ran, FakeOpenAI]]:
    with FakeOpenAI() as api:
        yield ran(api, _PLAIN), api


def test_a_plain_project_has_its_usage_on_its_asset(plain: tuple[Ran, FakeOpenAI]):
    (printed, _, _), api = plain

    metadata = eval(printed)  # noqa: S307  # what the code above printed
    assert metadata["openai/calls"] == 1
    assert metadata["openai/total_tokens"] == api.bill.usage.total_tokens


def test_traceloops_span_stands_round_the_request_without_the_prompt(plain: tuple[Ran, FakeOpenAI]):
    (_, _, spans), api = plain

    by_name = {span.name: span for span in spans}
    assert sorted(by_name) == [
        "POST /chat/completions",
        "openai.chat",
        "run __ephemeral_asset_job__",
        "step poem",
    ]
    assert by_name["POST /chat/completions"].parent_span_id == by_name["openai.chat"].span_id
    assert by_name["openai.chat"].parent_span_id == by_name["step poem"].span_id
    assert _CANARY not in str(spans)
    assert not [request for request in api.requests if "traceparent" in request.headers]


def test_nothing_is_said_of_things_put_on_twice(plain: tuple[Ran, FakeOpenAI]):
    (_, said, _), _ = plain

    assert "already instrumented" not in said
    assert "Traceback" not in said


def test_settings_in_the_definitions_go_before_those_of_the_environment(api: FakeOpenAI):
    source = f"""
    from dagster_openai_otel import instrument
    instrument(trace_url="http://mine/{{trace_id}}")
    {_PLAIN}
    """
    (printed, said, _) = ran(api, source, DAGSTER_OPENAI_OTEL_TRACE_URL="http://theirs/{trace_id}")

    metadata = eval(printed)  # noqa: S307  # as above
    assert metadata["openai/trace"].startswith("http://mine/")
    assert metadata["openai/calls"] == 1
    assert "called again with other settings" not in said


def test_a_bad_setting_is_said_and_harms_nothing(api: FakeOpenAI):
    (printed, said, _) = ran(api, _PLAIN, DAGSTER_OPENAI_OTEL_FLUSH_TIMEOUT="soon")

    assert "DAGSTER_OPENAI_OTEL_FLUSH_TIMEOUT is set to 'soon'" in said
    assert "openai/calls" not in printed
    assert api.bill.usage.total_tokens


@pytest.mark.parametrize("name", ["dagster_openai_otel", "openai"])
def test_what_is_disabled_by_name_is_left_out(name: str, api: FakeOpenAI):
    (printed, _, spans) = ran(api, _PLAIN, OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=name)

    ours = name == "openai"
    assert ("openai/calls" in printed) is ours
    assert ("step poem" in {span.name for span in spans}) is ours


def test_a_process_that_does_not_use_dagster_loads_neither_it_nor_the_library_behind(api: FakeOpenAI):
    source = """
    import json, sys
    names = ["dagster", "dagster_openai_otel.wiring", "dagster_openai_otel.steps"]
    print(json.dumps([name for name in names if name in sys.modules]))
    """
    (printed, _, _) = ran(api, source)

    assert json.loads(printed) == []


def test_content_is_on_spans_where_it_is_asked_for(api: FakeOpenAI):
    (_, _, spans) = ran(api, _PLAIN, DAGSTER_OPENAI_OTEL_CAPTURE_CONTENT="true")

    asked = {span.name: attributes(span) for span in spans}["openai.chat"]
    assert _CANARY in str(asked)
