"""The programs are brought by scripts/test-collector, and what needs them is run by it alone."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dagster_openai_otel.testing import Answer, FakeOpenAI, Request
from tests.collector import programs
from tests.collector.words import REFUSED
from tests.executors.services import free_port
from tests.processes import run_python

collect_ignore_glob = [] if "COLLECTOR_PROGRAM" in os.environ else ["test_real_*.py"]

_RUN = """
    import json
    import dagster as dg
    from tests.collector import pipeline
    from tests.events import shown_usage

    if __name__ == "__main__":
        with dg.DagsterInstance.local_temp() as instance:
            job = dg.reconstructable(pipeline.{job})
            with dg.execute_job(job, instance, raise_on_error=False) as result:
                shown = [[e.target, e.total_tokens] for e in shown_usage(instance, result.run_id)]
                print(json.dumps([result.run_id, result.success, shown]))
"""


class Played:
    """A run of the pipeline, in processes of its own."""

    def __init__(self, job: str, endpoint: str, protocol: str) -> None:
        said = run_python(
            _RUN.format(job=job),
            OTEL_EXPORTER_OTLP_ENDPOINT=endpoint,
            OTEL_EXPORTER_OTLP_PROTOCOL=protocol,
            OTEL_EXPORTER_OTLP_TIMEOUT="10",
        )
        self.run_id: str
        self.success: bool
        self.shown: list[tuple[str, int]]
        self.run_id, self.success, self.shown = json.loads(said.splitlines()[-1])


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("programs")


@pytest.fixture(scope="session")
def prometheus_port() -> int:
    return free_port()


@pytest.fixture(scope="session")
def jaeger(folder: Path, prometheus_port: int) -> Iterator[programs.Jaeger]:
    with programs.jaeger(folder, prometheus=f"http://127.0.0.1:{prometheus_port}") as running:
        yield running


@pytest.fixture(scope="session")
def collector(folder: Path, jaeger: programs.Jaeger) -> Iterator[programs.Collector]:
    with programs.collector(folder, jaeger.port) as running:
        yield running


@pytest.fixture(scope="session")
def prometheus(
    folder: Path, prometheus_port: int, collector: programs.Collector
) -> Iterator[programs.Prometheus]:
    with programs.prometheus(folder, prometheus_port, collector.metrics) as running:
        yield running


class Runs:
    """What was run for all tests, and what the API billed for it."""

    def __init__(self, api: FakeOpenAI, good: Played, bad: Played) -> None:
        self.bill = api.bill
        self.good = good
        self.bad = bad


def _answer(request: Request) -> Answer | None:
    return Answer(status=400) if REFUSED.encode() in request.body else None


@pytest.fixture(scope="session")
def runs(collector: programs.Collector, prometheus: programs.Prometheus) -> Iterator[Runs]:
    """Two runs of several processes, one over each protocol."""
    with FakeOpenAI(answer=_answer) as api, pytest.MonkeyPatch.context() as patch:
        for name, value in api.environment.items():
            patch.setenv(name, value)
        good = Played("good", collector.http, "http/protobuf")
        bad = Played("bad", collector.grpc, "grpc")
        yield Runs(api, good, bad)
