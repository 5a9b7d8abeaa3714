"""A run whose steps a distributed engine runs is one trace, in an environment of its own."""

from pathlib import Path

import pytest

from dagster_openai_otel.identity import trace_id
from dagster_openai_otel.testing import FakeOpenAI
from tests.executors.services import celery_worker, dask_threads, free_port, redis
from tests.export.collector import collecting
from tests.processes import ROOT, run_python
from tests.trace.test_trees import LINKS, RUN, TREE
from tests.trace.trees import Told, label

pytestmark = pytest.mark.timeout(900)

STRAIGHT = """\
run straight
  step finish
    chat gpt-5-mini
    chat gpt-5-mini
    child
  step join
    own
      chat gpt-5-mini
      chat gpt-5-mini
  step other
    chat gpt-5-mini
  step plain
    chat gpt-5-mini"""
STRAIGHT_LINKS = {
    "step finish": [("depends_on", "step join")],
    "step join": [("depends_on", "step other"), ("depends_on", "step plain")],
    "step other": [],
    "step plain": [],
}


def check(api: FakeOpenAI, printed: str, told: Told, tree: str, links: object) -> None:
    run_id, tokens = printed.split()
    assert int(tokens) == api.bill.usage.total_tokens
    assert told.traces == {trace_id(run_id)}
    assert "\n".join(told.tree) == tree
    steps = [span for span in told.spans if span.name.startswith("step ")]
    assert {label(step): told.links(step) for step in steps} == links


def test_a_run_on_celery_is_one_trace(api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with collecting() as collector, redis(tmp_path) as broker:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint)
        monkeypatch.setenv("TABLE_REDIS", broker)
        with celery_worker(tmp_path, broker):
            printed = run_python(RUN.format(column="celery"))

    check(api, printed, Told(collector.spans), TREE, LINKS)


def test_a_run_on_dask_is_one_trace(api, monkeypatch: pytest.MonkeyPatch):
    with collecting() as collector:
        port = free_port()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint)
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        # the worker takes its environment from here when it starts
        monkeypatch.setenv("TABLE_DASK", f"tcp://127.0.0.1:{port}")
        with dask_threads(port):
            printed = run_python(RUN.format(column="dask"))

    check(api, printed, Told(collector.spans), STRAIGHT, STRAIGHT_LINKS)
