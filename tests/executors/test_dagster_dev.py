"""Runs that `dagster dev` starts: over GraphQL, from its daemon, and again from where one failed."""

import json
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import dagster as dg
import pytest

from dagster_openai_otel.demo.home import fresh_home
from dagster_openai_otel.identity import span_id
from dagster_openai_otel.testing import FakeOpenAI
from tests.events import billed, shown_usage, summed
from tests.executors.services import await_port, free_port, running
from tests.export.collector import Collector, attributes, collecting
from tests.trace.trees import Told

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        find_spec("dagster_webserver") is None, reason="the UI is an extra of the environment"
    ),
]

_RUN_SECONDS = 240
_TRACE, _CALLER = 0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331
_MODULE = "tests.executors.served"
_LAUNCH = """mutation($it: ExecutionParams!) {
  launchRun(executionParams: $it) { __typename ... on LaunchRunSuccess { run { runId } } } }"""
_RELAUNCH = """mutation($it: ReexecutionParams!) {
  launchRunReexecution(reexecutionParams: $it) { __typename ... on LaunchRunSuccess { run { runId } } } }"""
_BACKFILL = """mutation($it: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $it) { __typename ... on LaunchBackfillSuccess { backfillId } } }"""

_TERMINATE = """mutation($it: String!) {
  terminateRun(runId: $it) { __typename ... on TerminateRunSuccess { run { runId } } } }"""


class Dev:
    """A `dagster dev` that runs."""

    def __init__(self, url: str, instance: dg.DagsterInstance) -> None:
        self._url = url
        self.instance = instance

    def ask(self, mutation: str, it: Any) -> Any:
        """The answer to a mutation."""
        body = json.dumps({"query": mutation, "variables": {"it": it}}).encode()
        request = Request(f"{self._url}/graphql", body, {"Content-Type": "application/json"})  # noqa: S310  # loopback
        with urlopen(request, timeout=60) as answer:  # noqa: S310  # as above
            (told,) = json.load(answer)["data"].values()
        assert "Success" in told["__typename"], told
        return told

    def launch(self, job: str, **tags: str) -> str:
        """Launch a job; the id of the run."""
        selector = {"repositoryName": "__repository__", "repositoryLocationName": _MODULE, "jobName": job}
        metadata = {"tags": [{"key": key, "value": value} for key, value in tags.items()]}
        it = {"selector": selector, "executionMetadata": metadata}
        run_id: str = self.ask(_LAUNCH, it)["run"]["runId"]
        return run_id

    def ended(self, filters: dg.RunsFilter, runs: int) -> list[dg.DagsterRun]:
        """Some runs, once there are so many of them and all have ended."""
        deadline = time.monotonic() + _RUN_SECONDS
        while time.monotonic() < deadline:
            found = list(self.instance.get_runs(filters))
            if len(found) == runs and all(run.is_finished for run in found):
                return found
            time.sleep(0.5)
        message = f"no {runs} runs have ended in {_RUN_SECONDS} s"
        raise TimeoutError(message)


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as started:
        yield started


@pytest.fixture
def dev(
    api: FakeOpenAI, collector: Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Dev]:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint)
    home = fresh_home(tmp_path / "home")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    port = free_port()
    command = [sys.executable, "-m", "dagster", "dev", "-m", _MODULE, "-h", "127.0.0.1", "-p", str(port)]
    log = tmp_path / "dev.log"
    # the instance first: whoever comes first makes its tables, and two at once fail
    with dg.DagsterInstance.get() as instance, running(command, log) as process:
        await_port(port, process, log)
        yield Dev(f"http://127.0.0.1:{port}", instance)


def test_the_usage_of_all_runs_that_dagster_dev_starts_is_what_was_billed_and_each_is_traced(
    api, dev: Dev, collector: Collector
):
    first = dev.launch("reviews", traceparent=f"00-{_TRACE:032x}-{_CALLER:016x}-01", user="ada")
    (failed,) = dev.ended(dg.RunsFilter(run_ids=[first]), 1)
    again = {"parentRunId": first, "strategy": "FROM_FAILURE"}
    second = dev.ask(_RELAUNCH, again)["run"]["runId"]
    (retried,) = dev.ended(dg.RunsFilter(run_ids=[second]), 1)
    backfilled = [
        run
        for asset, runs in (("letters", 1), ("letter", 2))
        for run in _backfill(dev, asset, ["a", "b"], runs)
    ]

    third = _cancelled(dev)

    assert [failed.is_success, retried.is_success] == [False, True]
    assert all(run.is_success for run in backfilled)
    assert _places(dev, first) == [
        ("check", "poem:rhymes", None, 1),
        ("materialization", "poem", None, 1),
        ("observation", "review", None, 1),
    ]
    assert _places(dev, second) == [("materialization", "review", None, 1)]
    assert _places(dev, *(run.run_id for run in backfilled)) == [
        ("materialization", "letter", "a", 1),
        ("materialization", "letter", "b", 1),
        ("materialization", "letters", "a", 2),
        ("materialization", "letters", "b", 1),
    ]
    assert _places(dev, third) == [("observation", "endless", None, 1)]
    run_ids = [first, second, third, *(run.run_id for run in backfilled)]
    assert summed(shown_usage(dev.instance, *run_ids)) == billed(api.bill)
    told = Told(collector.spans)
    assert {run: _of_run(told, run) for run in run_ids} == {
        first: ("manual", "FAILURE", "RuntimeError"),
        second: ("re-execution", "SUCCESS", ""),
        third: ("manual", "CANCELED", "canceled"),
        **{run.run_id: ("backfill", "SUCCESS", "") for run in backfilled},
    }
    _check_nested(told, first, second)


def _of_run(told: Told, run_id: str) -> tuple[str, str, str]:
    """Who launched a run, how it ended and why, as its span says."""
    span = told.by_id[span_id(run_id).to_bytes(8)]
    said = attributes(span)
    return said["dagster.run.launched_by"], said["dagster.run.status"], span.status.message


def _check_nested(told: Told, first: str, second: str) -> None:
    """The run that has a caller, and the one that was made from it, which has its tags."""
    run, again = (told.by_id[span_id(run_id).to_bytes(8)] for run_id in (first, second))
    assert {int.from_bytes(span.trace_id) for span in (run, again)} == {_TRACE}
    assert {int.from_bytes(span.parent_span_id) for span in (run, again)} == {_CALLER}
    assert (attributes(run)["enduser.id"], attributes(run)["dagster.code_location"]) == ("ada", _MODULE)
    assert told.links(again) == [("parent_run", "run reviews ! RuntimeError")]
    review = told.by_id[span_id(second, "review", 0).to_bytes(8)]
    assert told.links(review) == [("depends_on", "step poem")]


def _backfill(dev: Dev, asset: str, partitions: list[str], runs: int) -> list[dg.DagsterRun]:
    selection = [{"path": [asset]}]
    asked = {"assetSelection": selection, "partitionNames": partitions}
    backfill = dev.ask(_BACKFILL, asked)["backfillId"]
    return dev.ended(dg.RunsFilter(tags={"dagster/backfill": backfill}), runs)


def _cancelled(dev: Dev) -> str:
    """The id of a run that was cancelled after its call."""
    run_id = dev.launch("endless_job")
    while not any("It goes on." in record.message for record in dev.instance.all_logs(run_id)):
        time.sleep(0.1)
    dev.ask(_TERMINATE, run_id)
    (run,) = dev.ended(dg.RunsFilter(run_ids=[run_id]), 1)
    assert run.status is dg.DagsterRunStatus.CANCELED
    return run_id


def _places(dev: Dev, *run_ids: str) -> list[tuple[str, str, str | None, int]]:
    shown = shown_usage(dev.instance, *run_ids)
    return sorted(((e.kind, e.target, e.partition, e.calls) for e in shown), key=str)
