"""Runs of several processes, through the real collector, as the real Jaeger tells them."""

from typing import Any

import pytest

from dagster_openai_otel.identity import trace_id
from tests.collector.conftest import Played, Runs
from tests.collector.programs import Jaeger
from tests.collector.words import CANARY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

GOOD = """\
run good
  step draft
    openai.chat
      POST /chat/completions
  step review ERROR ValueError
    openai.chat
      POST /chat/completions
  step review
    openai.chat
      POST /chat/completions
  step summary
    chat gpt-5-mini"""
BAD = """\
run bad ERROR RuntimeError
  step broken ERROR RuntimeError
    openai.chat
      POST /chat/completions
    openai.chat ERROR BadRequestError
      POST /chat/completions ERROR BadRequestError
  step draft
    openai.chat
      POST /chat/completions"""


def test_a_run_of_several_processes_is_one_trace_over_http(runs: Runs, jaeger: Jaeger):
    assert runs.good.success
    assert _tree(_trace(jaeger, runs.good, GOOD)) == GOOD


def test_a_run_that_fails_is_one_trace_over_grpc_with_the_errors_where_they_were(runs: Runs, jaeger: Jaeger):
    assert not runs.bad.success
    assert _tree(_trace(jaeger, runs.bad, BAD)) == BAD


def test_spans_say_whose_they_are_and_what_was_used(runs: Runs, jaeger: Jaeger):
    trace = _trace(jaeger, runs.good, GOOD)
    requests = [span for span in trace["spans"] if "openai.call" in _tags(span)]

    assert {_tags(span)["dagster.run_id"] for span in trace["spans"]} == {runs.good.run_id}
    assert {process["serviceName"] for process in trace["processes"].values()} == {"dagster"}
    assert sorted(_tags(span)["dagster.asset_key"] for span in requests) == [
        "draft",
        "review",
        "review",
        "summary",
    ]
    shown = sum(tokens for _asset, tokens in runs.good.shown)
    assert sum(_tags(span)["openai.usage.total_tokens"] for span in requests) == shown


def test_a_step_leads_to_what_it_depends_on_and_to_its_attempt_before(runs: Runs, jaeger: Jaeger):
    trace = _trace(jaeger, runs.good, GOOD)
    steps = sorted(
        (span for span in trace["spans"] if span["operationName"].startswith("step ")),
        key=lambda span: (span["operationName"], span["startTime"]),
    )
    draft, first, second, summary = steps

    assert _linked(second) == {first["spanID"]}
    assert _linked(summary) == {draft["spanID"], second["spanID"]}
    assert _linked(draft) == set()


def test_a_step_tells_what_it_materialized(runs: Runs, jaeger: Jaeger):
    trace = _trace(jaeger, runs.good, GOOD)
    (summary,) = (span for span in trace["spans"] if span["operationName"] == "step summary")

    told = [{field["key"]: field["value"] for field in log["fields"]} for log in summary["logs"]]
    assert [(event["event"], event["dagster.asset_key"]) for event in told] == [
        ("dagster.asset_materialization", "summary")
    ]


def test_no_prompt_and_no_message_of_an_exception_reaches_jaeger(runs: Runs, jaeger: Jaeger):
    traces = [_trace(jaeger, runs.good, GOOD), _trace(jaeger, runs.bad, BAD)]

    assert CANARY not in str(traces)


def _trace(jaeger: Jaeger, played: Played, tree: str) -> dict[str, Any]:
    return jaeger.whole(f"{trace_id(played.run_id):032x}", len(tree.splitlines()))


def _linked(span: dict[str, Any]) -> set[str]:
    return {it["spanID"] for it in span["references"] if it["refType"] == "FOLLOWS_FROM"}


def _tags(span: dict[str, Any]) -> dict[str, Any]:
    return {tag["key"]: tag["value"] for tag in span["tags"]}


def _tree(trace: dict[str, Any]) -> str:
    """Spans by what they are under, each with its status; those beside each other by name, then by time."""
    below: dict[str | None, list[dict[str, Any]]] = {}
    for span in trace["spans"]:
        parents = [it["spanID"] for it in span["references"] if it["refType"] == "CHILD_OF"]
        below.setdefault(parents[0] if parents else None, []).append(span)

    def lines(parent: str | None, depth: int) -> list[str]:
        spans = sorted(below.get(parent, []), key=lambda span: (span["operationName"], span["startTime"]))
        return [
            line for span in spans for line in ["  " * depth + _told(span), *lines(span["spanID"], depth + 1)]
        ]

    return "\n".join(lines(None, 0))


def _told(span: dict[str, Any]) -> str:
    tags = _tags(span)
    error = str(tags.get("error.type", "")).rpartition(".")[2]
    return " ".join(word for word in (span["operationName"], tags.get("otel.status_code", ""), error) if word)
