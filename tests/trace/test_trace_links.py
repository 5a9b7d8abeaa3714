"""Links from Dagster's pages to the trace: on the timeline, on what is made, and on what is checked."""

from typing import Any

import dagster as dg
import pytest
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from dagster_openai_otel.identity import trace_id
from tests.steps.asking import ask, materialize
from tests.steps.spanning import spans_of_this_process

URL = "http://traces/{trace_id}"
PARTS = dg.StaticPartitionsDefinition(["a", "b"])


class RefusalError(Exception):
    """What the steps below fail with."""


@dg.asset
def silent():
    return 1


@dg.asset(deps=[silent])
def nothing() -> None:
    pass


@dg.asset
def asking():
    ask()


@dg.asset
def result():
    return dg.MaterializeResult(metadata={"mine": 1})


@dg.asset
def told(context: dg.AssetExecutionContext):
    context.add_asset_metadata({"mine": 1})


@dg.multi_asset(specs=[dg.AssetSpec("left"), dg.AssetSpec("right")])
def both():
    yield dg.MaterializeResult(asset_key="left")
    ask()
    yield dg.MaterializeResult(asset_key="right")


@dg.asset(partitions_def=PARTS)
def parts() -> None:
    ask()


@dg.asset_check(asset=silent)
def good():
    return dg.AssetCheckResult(passed=True, metadata={"mine": 1})


@dg.asset
def failing():
    ask()
    raise RefusalError


def links_of(instance: dg.DagsterInstance, run_id: str, kind: str) -> list[Any]:
    """The link on each event of a kind; `None` where it has none."""
    found = []
    for record in instance.all_logs(run_id):
        event = record.dagster_event
        if event is not None and event.event_type_value == kind:
            data: Any = event.event_specific_data
            for name in ("materialization", "asset_observation"):
                data = getattr(data, name, data)
            link = data.metadata.get("openai/trace")
            found.append(link and link.value)
    return found


@pytest.mark.parametrize(
    ("assets", "made"),
    [([silent, nothing], 2), ([asking], 1), ([result], 1), ([told], 1), ([both], 2)],
    ids=["silent", "asking", "result", "told", "both"],
)
def test_every_materialization_links_to_the_trace_of_its_run(assets, made, api, instance):
    with spans_of_this_process(trace_url=URL):
        ran = materialize(instance, *assets).result

    assert ran.success
    link = URL.format(trace_id=f"{trace_id(ran.run_id):032x}")
    assert links_of(instance, ran.run_id, "ASSET_MATERIALIZATION") == [link] * made


def test_every_partition_of_a_range_links_to_the_trace(api, instance):
    tags = {"dagster/asset_partition_range_start": "a", "dagster/asset_partition_range_end": "b"}
    with spans_of_this_process(trace_url=URL):
        ran = materialize(instance, parts, tags=tags).result

    link = URL.format(trace_id=f"{trace_id(ran.run_id):032x}")
    assert links_of(instance, ran.run_id, "ASSET_MATERIALIZATION") == [link] * 2


def test_checks_and_what_a_failed_attempt_used_link_to_the_trace(api, instance):
    with spans_of_this_process(trace_url=URL):
        ran = materialize(instance, silent, good, failing).result

    link = URL.format(trace_id=f"{trace_id(ran.run_id):032x}")
    assert links_of(instance, ran.run_id, "ASSET_CHECK_EVALUATION") == [link]
    assert links_of(instance, ran.run_id, "ASSET_OBSERVATION") == [link]


def test_the_timeline_links_to_the_trace_before_the_first_step_begins(api, instance):
    with spans_of_this_process(trace_url=URL):
        run_id = materialize(instance, silent).result.run_id

    link = URL.format(trace_id=f"{trace_id(run_id):032x}")
    entries = [record for record in instance.all_logs(run_id) if record.dagster_event]
    messages = [entry.get_dagster_event().message for entry in entries]
    kinds = [entry.get_dagster_event().event_type_value for entry in entries]
    linked = messages.index(f"Trace of this run: {link}")
    assert kinds.index("PIPELINE_START") < linked < kinds.index("STEP_START")
    assert link in links_of(instance, run_id, "ENGINE_EVENT")
    assert messages.count(f"Trace of this run: {link}") == 1


@pytest.mark.parametrize(
    "settings",
    [{"trace_url": URL, "sampler": ALWAYS_OFF}, {"trace_url": URL, "exports": lambda: False}, {}],
    ids=["not sampled", "nowhere", "no link"],
)
def test_nothing_links_to_a_trace_that_is_not_there(settings, api, instance):
    with spans_of_this_process(**settings):
        run_id = materialize(instance, silent, good).result.run_id

    kinds = ("ASSET_MATERIALIZATION", "ASSET_CHECK_EVALUATION", "ENGINE_EVENT")
    assert {link for kind in kinds for link in links_of(instance, run_id, kind)} == {None}
