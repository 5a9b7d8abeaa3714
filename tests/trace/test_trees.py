"""One trace a run, whatever runs its steps."""

from dataclasses import dataclass
from typing import Any

import pytest

from dagster_openai_otel.identity import trace_id
from dagster_openai_otel.testing import FakeOpenAI
from tests.export.collector import attributes, collecting
from tests.processes import run_python
from tests.trace.trees import Told, label

pytestmark = pytest.mark.slow

# in a process of its own: there the provider is made when the endpoint is set
RUN = """
    from tests.trace.playing import play

    if __name__ == "__main__":
        play({column!r})
"""
TREE = """\
run everything
  step finish
    chat gpt-5-mini
    chat gpt-5-mini
    child
  step flaky ! RefusalError
  step flaky #1
  step gather
    own
      chat gpt-5-mini
      chat gpt-5-mini
      chat gpt-5-mini
  step mapped[a]
    chat gpt-5-mini
  step mapped[b] ! RefusalError
  step mapped[b] #1
    chat gpt-5-mini
  step source"""
LINKS = {
    "step finish": [("depends_on", "step gather")],
    "step flaky ! RefusalError": [],
    "step flaky #1": [("previous_attempt", "step flaky ! RefusalError")],
    "step gather": [
        ("depends_on", "step flaky #1"),
        ("depends_on", "step mapped[a]"),
        ("depends_on", "step mapped[b] #1"),
    ],
    "step mapped[a]": [("depends_on", "step source")],
    "step mapped[b] ! RefusalError": [("depends_on", "step source")],
    "step mapped[b] #1": [
        ("depends_on", "step source"),
        ("previous_attempt", "step mapped[b] ! RefusalError"),
    ],
    "step source": [],
}


@dataclass(frozen=True, kw_only=True)
class Run:
    run_id: str
    tokens: int
    billed: int
    told: Told
    bodies: list[bytes]


@pytest.fixture(scope="module", params=["in_process", "spawn", "forkserver", "execute_step"])
def run(request: Any) -> Run:
    with FakeOpenAI() as api, collecting() as collector:
        source = RUN.format(column=request.param)
        settings = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
            "DAGSTER_OPENAI_OTEL_TRACE_URL": "http://traces/{trace_id}",
            "DAGSTER_OPENAI_OTEL_WEBSERVER_URL": "http://dagster:3000/",
        }
        printed = run_python(source, **settings, **api.environment)
        run_id, tokens = printed.split()
        return Run(
            run_id=run_id,
            tokens=int(tokens),
            billed=api.bill.usage.total_tokens,
            told=Told(collector.spans),
            bodies=collector.bodies,
        )


def test_a_run_is_one_trace_of_its_steps_their_attempts_requests_and_what_they_call(run):
    assert run.told.traces == {trace_id(run.run_id)}
    assert "\n".join(run.told.tree) == TREE


def test_a_step_links_to_the_attempts_that_its_inputs_come_from_and_to_the_one_before_it(run):
    steps = {label(span): span for span in run.told.spans if span.name.startswith("step ")}

    assert {name: run.told.links(span) for name, span in steps.items()} == LINKS


def test_spans_lead_to_the_pages_of_their_run_and_say_which_value_they_are_mapped_from(run):
    page = f"http://dagster:3000/runs/{run.run_id}"

    assert attributes(run.told.named("run everything"))["dagster.run.url"] == page
    step = attributes(run.told.named("step mapped[a]"))
    assert (step["dagster.run.url"], step["dagster.mapping_key"], step["dagster.step_kind"]) == (
        page,
        "a",
        "op",
    )


def test_the_usage_is_what_was_billed_and_no_message_of_an_exception_is_sent(run):
    assert run.tokens == run.billed
    assert not [body for body in run.bodies if b"canary" in body]
