"""`trace` prints the trace of a run."""

import dagster as dg
import pytest

from tests.cli.command import call

FIRST = "5c6e0b1f-0000-4000-8000-0000000000aa"
SECOND = "5c6e0b2f-1111-4111-8111-1111111111bb"
TRACE_OF_FIRST = "80000000000000aa5c6e0b1f00004000"
CALLER = "0af7651916cd43dd8448eb211c80319c"
URL = "http://localhost:16686/trace/{trace_id}"


@pytest.fixture
def trace(home):
    with dg.DagsterInstance.from_config(str(home)) as instance:
        instance.add_run(dg.DagsterRun(job_name="nightly", run_id=FIRST))
        tags = {"traceparent": f"00-{CALLER}-b7ad6b7169203331-01"}
        instance.add_run(dg.DagsterRun(job_name="called", run_id=SECOND, tags=tags))
    return lambda *arguments, **environment: call("trace", *arguments, DAGSTER_HOME=str(home), **environment)


@pytest.mark.parametrize("start", [FIRST, "5c6e0b1f", "5c6e0b1"])
def test_a_run_is_found_by_its_id_or_the_start_of_it(trace, start):
    ended = trace(start)

    assert ended.status == 0
    assert ended.output.splitlines()[:2] == [
        f"run    {FIRST}  nightly, NOT_STARTED",
        f"trace  {TRACE_OF_FIRST}",
    ]


def test_a_run_that_was_called_is_in_the_trace_of_its_caller(trace):
    assert trace(SECOND, "--format", "json").json["trace_id"] == CALLER


def test_the_link_is_that_of_the_setting_or_of_the_option(trace):
    link = URL.format(trace_id=TRACE_OF_FIRST)

    assert f"link   {link}" in trace(FIRST, DAGSTER_OPENAI_OTEL_TRACE_URL=URL).output
    assert trace(FIRST, "--url", URL, "--format", "csv").csv[0]["link"] == link


def test_without_a_template_it_is_said_how_to_give_one(trace):
    assert "link   none: set DAGSTER_OPENAI_OTEL_TRACE_URL, or give --url" in trace(FIRST).output
    assert trace(FIRST, "--format", "json").json["link"] is None


@pytest.mark.parametrize("start", ["5c6e0b1f-0000-4000-8000-0000000000ab", "ffff", "%"])
def test_where_there_is_no_such_run_the_status_is_1(trace, start):
    ended = trace(start)

    assert ended.status == 1
    assert ended.output == ""
    assert f"There is no run '{start}' in this Dagster instance" in ended.said


def test_the_start_of_several_runs_is_refused_with_their_ids(trace):
    ended = trace("5c6e")

    assert ended.status == 2
    assert FIRST in ended.said
    assert SECOND in ended.said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["--url", "http://localhost"],
            "--url is set to 'http://localhost'. Allowed: a URL that holds {trace_id}",
        ),
        (["--open"], "There is no link to open"),
    ],
)
def test_what_is_asked_for_wrongly_is_said_with_status_2(trace, arguments, words):
    ended = trace(FIRST, *arguments)

    assert ended.status == 2
    assert words in ended.said
