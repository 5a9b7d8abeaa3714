"""What the span of a step says: what it makes, as attributes and events, and how it ends."""

from typing import Any

import dagster as dg
import pytest
from opentelemetry.trace import StatusCode

from tests.steps.asking import ask, execute, materialize
from tests.steps.spanning import spans_of_this_process


class RefusalError(Exception):
    """What the steps below fail with."""


CANARY = "canary-secret"


@dg.asset(metadata={"mine": CANARY})
def poem(context: dg.AssetExecutionContext):
    context.log_event(dg.AssetObservation(["other", "asset"], metadata={"mine": CANARY}))
    return dg.MaterializeResult(metadata={"mine": CANARY})


@dg.asset_check(asset=poem)
def rhymes():
    return dg.AssetCheckResult(
        passed=False, severity=dg.AssetCheckSeverity.WARN, description=CANARY, metadata={"mine": CANARY}
    )


@dg.asset(partitions_def=dg.StaticPartitionsDefinition(["a", "b"]))
def verses() -> None:
    pass


@dg.asset
def failing(context: dg.AssetExecutionContext):
    context.log_event(dg.AssetObservation("failing"))
    raise RefusalError(CANARY)


@dg.op
def draft():
    pass


@dg.op
def polish(text: Any):
    ask()


@dg.graph_asset
def novel():
    return polish(draft())


def steps_of(exported: Any) -> dict[str, Any]:
    """The spans of steps by name; where there were several attempts, of the last."""
    return {span.name: span for span in exported.get_finished_spans() if span.name.startswith("step ")}


def told(span: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(event.name, dict(event.attributes)) for event in span.events]


def test_what_a_step_materializes_observes_and_checks_stands_on_its_span_without_metadata(instance):
    with spans_of_this_process() as exported:
        assert materialize(instance, poem, rhymes).result.success

    steps = steps_of(exported)
    assert told(steps["step poem"]) == [
        ("dagster.asset_observation", {"dagster.asset_key": "other/asset"}),
        ("dagster.asset_materialization", {"dagster.asset_key": "poem"}),
    ]
    assert told(steps["step poem_rhymes"]) == [
        (
            "dagster.asset_check_evaluation",
            {
                "dagster.asset_key": "poem",
                "dagster.asset_check.name": "rhymes",
                "dagster.asset_check.passed": False,
                "dagster.asset_check.severity": "WARN",
            },
        )
    ]
    assert not [span for span in exported.get_finished_spans() if CANARY in span.to_json()]


def test_each_partition_that_is_materialized_is_an_event_of_its_own(instance):
    tags = {"dagster/asset_partition_range_start": "a", "dagster/asset_partition_range_end": "b"}
    with spans_of_this_process() as exported:
        assert materialize(instance, verses, tags=tags).result.success

    assert sorted(
        attributes["dagster.partition_key"] for _, attributes in told(steps_of(exported)["step verses"])
    ) == [
        "a",
        "b",
    ]


def test_a_step_that_fails_says_of_what_and_tells_what_it_observed_before(instance):
    with spans_of_this_process() as exported:
        assert not materialize(instance, failing).result.success

    span = steps_of(exported)["step failing"]
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "RefusalError")
    assert span.attributes["error.type"].endswith("test_step_spans.RefusalError")
    assert told(span) == [("dagster.asset_observation", {"dagster.asset_key": "failing"})]
    assert CANARY not in span.to_json()


def test_the_inner_steps_of_a_graph_asset_are_ops_and_the_last_links_to_the_first(api, instance):
    with spans_of_this_process() as exported:
        assert materialize(instance, novel).result.success

    steps = steps_of(exported)
    first, last = steps["step novel.draft"], steps["step novel.polish"]
    (link,) = last.links
    assert link.context.span_id == first.context.span_id
    assert dict(link.attributes) == {"dagster.link": "depends_on", "dagster.step_key": "novel.draft"}
    assert (first.attributes["dagster.step_kind"], last.attributes["dagster.step_kind"]) == ("op", "asset")


def test_a_step_of_one_asset_leads_to_the_page_of_the_asset(instance):
    @dg.multi_asset(outs={"odd": dg.AssetOut(key=dg.AssetKey(["a/b", "ü"]))})
    def odd():
        return 1

    with spans_of_this_process(webserver_url="http://dagster:3000") as exported:
        ran = materialize(instance, odd)

    (span,) = steps_of(exported).values()
    assert span.attributes["dagster.run.url"] == f"http://dagster:3000/runs/{ran.result.run_id}"
    assert span.attributes["dagster.asset.url"] == "http://dagster:3000/assets/a%2Fb/%C3%BC"


@pytest.mark.parametrize("asset", [poem, failing], ids=["good", "bad"])
def test_nothing_is_left_on_the_log_of_a_step(asset, instance):
    """A span that has ended takes no event, and says so in the log."""
    seen = []

    @dg.success_hook
    def look(context: dg.HookContext):
        seen.append([type(handler).__module__ for handler in context.log.handlers])

    job = dg.Definitions([poem], jobs=[dg.define_asset_job("job", hooks={look})]).get_repository_def()
    with spans_of_this_process():
        execute(instance, job.get_job("job"))

    assert seen == [["dagster._core.log_manager"]]
