"""The tree of a trace, from spans that were written to files."""

from contextlib import contextmanager
from uuid import UUID

import pytest
from opentelemetry import trace
from opentelemetry.trace import Status, StatusCode
from rich.console import Console

from dagster_openai_otel import conventions
from dagster_openai_otel.demo.spans import folder_of, read_spans, span_files
from dagster_openai_otel.demo.trace_tree import tree_of


def run_of(trace_id):
    """The run whose trace has an id: that of the trace with its halves swapped."""
    return str(UUID(f"{trace_id:032x}"[16:] + f"{trace_id:032x}"[:16]))


class Recorder:
    """Writes spans as a process does that runs steps."""

    def __init__(self):
        self._tracer = span_files().get_tracer(conventions.SCOPE)
        self.trace_id = 0
        """Of the last span."""

    @contextmanager
    def span(self, name, *, error=None, **attributes):
        """A span in the current one; the root of a trace where there is none."""
        named = {getattr(conventions, key): value for key, value in attributes.items()}
        with self._tracer.start_as_current_span(name, attributes=named) as span:
            self.trace_id = span.get_span_context().trace_id
            yield
            if error is not None:
                span.set_status(Status(StatusCode.ERROR, error))
                span.set_attribute(conventions.ERROR_TYPE, error)

    def request(self, tokens=1000, **more):
        """A request that was answered."""
        answered = {
            "OPENAI_CALL": True,
            "OPENAI_COST_USD": 0.00125,
            "URL_TEMPLATE": "/chat/completions",
            **more,
        }
        with self.span("chat gpt-5-mini", **answered):
            trace.get_current_span().set_attribute(f"{conventions.OPENAI_USAGE_PREFIX}input_tokens", tokens)


@pytest.fixture
def recorder(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    return Recorder()


@pytest.fixture
def drawn(tmp_path, recorder):
    """Draw the tree of the run that was recorded last, line by line."""

    def draw():
        console = Console(width=120)
        with console.capture() as capture:
            console.print(tree_of(run_of(recorder.trace_id), read_spans(tmp_path)))
        return [line.rstrip() for line in capture.get().splitlines()]

    return draw


def test_requests_stand_in_their_step_and_steps_in_their_run(recorder, drawn):
    with recorder.span("run week"):
        with recorder.span("step first"):
            recorder.request()
        with recorder.span("step second", PARTITION_KEY="2026-11-16"):
            pass

    root, run, first, request, second = drawn()

    assert root == f"trace {recorder.trace_id:032x}"
    assert run.startswith("└── run week  0.0")
    assert first.startswith("    ├── step first  0.0")
    assert request.startswith("    │   └── chat gpt-5-mini  0.0")
    assert request.endswith("s  1,000 in, 0 out  $0.001250")
    assert second.startswith("    └── step second  0.0")
    assert second.endswith("s  2026-11-16")


def test_other_traces_are_left_out(recorder, drawn):
    for name in ("run week", "run day"):
        with recorder.span(name):
            pass

    assert len(drawn()) == 2
    assert "run day" in drawn()[1]


def test_the_requests_of_a_long_step_are_summed_up_after_the_first_three(recorder, drawn):
    with recorder.span("run week"), recorder.span("step long"):
        for _ in range(10):
            recorder.request(tokens=100)

    lines = drawn()

    assert len(lines) == 3 + 3 + 1
    assert "and 7 more  0.0" in lines[-1]
    assert lines[-1].endswith("s  700 in, 0 out  $0.008750")


def test_one_request_more_than_three_is_shown(recorder, drawn):
    with recorder.span("run week"), recorder.span("step short"):
        for _ in range(4):
            recorder.request()

    assert len([line for line in drawn() if "chat gpt-5-mini" in line]) == 4


def test_a_request_that_was_sent_again_is_shown_wherever_it_stands(recorder, drawn):
    with recorder.span("run week"), recorder.span("step long"):
        for _ in range(8):
            recorder.request()
        recorder.request(HTTP_RESEND_COUNT=1)

    lines = drawn()

    assert [line for line in lines if line.endswith("  sent 2 times")]
    assert "and 5 more" in lines[-1]


def test_a_step_that_failed_says_with_what(recorder, drawn):
    with (
        recorder.span("run week"),
        recorder.span("step bad", error="builtins.ValueError", RETRY_NUMBER=1),
    ):
        pass

    assert drawn()[-1].endswith("s  attempt 2  failed  ValueError")


def test_a_line_that_is_not_complete_yet_is_passed_over(tmp_path, recorder):
    with recorder.span("run week"):
        pass
    (folder_of(tmp_path) / "other.jsonl").write_text('{"name": "run w')

    assert [span.name for span in read_spans(tmp_path)] == ["run week"]


def test_there_are_no_spans_before_the_first(tmp_path):
    assert read_spans(tmp_path) == []
