"""The collector, Jaeger and Prometheus of docker-compose.yml as processes on the loopback interface."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

from tests.executors.services import await_port, free_port, running
from tests.processes import ROOT

CONFIGS = ROOT / "collector-config"
COLLECTOR_CONFIGS = (CONFIGS / "redaction.yaml", CONFIGS / "collector.yaml")
_SECONDS = 60
_Seen = TypeVar("_Seen")


def program(name: str) -> str:
    """The path of a program that scripts/test-collector has brought: `COLLECTOR`, `JAEGER`."""
    return os.environ[f"{name}_PROGRAM"]


def configured(*files: Path) -> list[str]:
    """The arguments by which the collector or Jaeger reads its configuration."""
    return [f"--config={file}" for file in files]


def fetched(url: str) -> Any:
    """The JSON at an address; `None` where there is none yet."""
    try:
        with urlopen(url, timeout=10) as answer:  # noqa: S310  # loopback
            return json.load(answer)
    except HTTPError:
        return None


def awaited(look: Callable[[], _Seen | None], what: str) -> _Seen:
    """What a look shows, as soon as it shows anything."""
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        if seen := look():
            return seen
        time.sleep(0.2)
    message = f"{what} did not come in {_SECONDS} s"
    raise TimeoutError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Jaeger:
    """A Jaeger that runs."""

    port: int
    """Of OTLP over gRPC."""
    url: str
    """Of its pages and its query API."""

    def trace(self, trace_id: str) -> dict[str, Any] | None:
        """A trace as the query API tells it; `None` where it is not there."""
        found = fetched(f"{self.url}/api/traces/{trace_id}")
        return found["data"][0] if found and found["data"] else None

    def whole(self, trace_id: str, spans: int) -> dict[str, Any]:
        """A trace, once it has so many spans."""

        def look() -> dict[str, Any] | None:
            found = self.trace(trace_id)
            return found if found and len(found["spans"]) >= spans else None

        return awaited(look, f"trace {trace_id} of {spans} spans")


@contextmanager
def jaeger(folder: Path, *, port: int | None = None, prometheus: str = "") -> Iterator[Jaeger]:
    """Jaeger with its own configuration, which keeps its traces in a folder.

    Args:
        folder: Where it keeps its traces, and its log.
        port: Of OTLP; a free one without.
        prometheus: The URL of the Prometheus that it asks.
    """
    names = ("QUERY", "QUERY_GRPC", "HEALTH", "OWN_METRICS", "GRPC")
    ports = {name: free_port() for name in names}
    ports["GRPC"] = port or ports["GRPC"]
    environment = {f"JAEGER_{name}_PORT": str(number) for name, number in ports.items()}
    environment |= {"JAEGER_STORAGE": str(folder / "jaeger")}
    if prometheus:
        environment["PROMETHEUS_URL"] = prometheus
    command = [program("JAEGER"), *configured(CONFIGS / "jaeger.yaml")]
    with running(command, folder / "jaeger.log", **environment) as process:
        for name in ("QUERY", "GRPC"):
            await_port(ports[name], process, folder / "jaeger.log")
        yield Jaeger(port=ports["GRPC"], url=f"http://127.0.0.1:{ports['QUERY']}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """A collector that runs."""

    http: str
    """The endpoint of OTLP over HTTP."""
    grpc: str
    """The endpoint of OTLP over gRPC."""
    metrics: str
    """Host and port where the metrics of requests are scraped."""
    own_metrics: str
    """URL of the collector's metrics of itself."""
    process: subprocess.Popen[bytes]


@contextmanager
def collector(folder: Path, jaeger_port: int, **settings: str) -> Iterator[Collector]:
    """The collector with its own configuration, quick to decide.

    Args:
        folder: Where it keeps its queue, and its log.
        jaeger_port: Of the OTLP of its Jaeger.
        **settings: Variables of collector.yaml, without `COLLECTOR_`.
    """
    ports = {name: free_port() for name in ("GRPC", "HTTP", "HEALTH", "METRICS", "OWN_METRICS")}
    quick = {"DECISION_WAIT": "4s", "ROOT_WAIT": "1s", "METRICS_INTERVAL": "1s", "KEEP_PERCENT": "100"}
    values = {f"{name}_PORT": str(number) for name, number in ports.items()} | quick | settings
    environment = {f"COLLECTOR_{name}": value for name, value in values.items()}
    environment |= {
        "COLLECTOR_STORAGE": str(folder / "queue"),
        "JAEGER_ENDPOINT": f"127.0.0.1:{jaeger_port}",
    }
    command = [program("COLLECTOR"), *configured(*COLLECTOR_CONFIGS)]
    with running(command, folder / "collector.log", **environment) as process:
        for name in ("GRPC", "HTTP"):
            await_port(ports[name], process, folder / "collector.log")
        yield Collector(
            http=f"http://127.0.0.1:{ports['HTTP']}",
            grpc=f"http://127.0.0.1:{ports['GRPC']}",
            metrics=f"127.0.0.1:{ports['METRICS']}",
            own_metrics=f"http://127.0.0.1:{ports['OWN_METRICS']}/metrics",
            process=process,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Prometheus:
    """A Prometheus that runs."""

    url: str

    def ask(self, query: str) -> list[dict[str, Any]]:
        """The series that a query gives now."""
        answer = fetched(f"{self.url}/api/v1/query?{urlencode({'query': query})}")
        assert answer is not None, f"not answered: {query}"
        result: list[dict[str, Any]] = answer["data"]["result"]
        return result


@contextmanager
def prometheus(folder: Path, port: int, metrics: str) -> Iterator[Prometheus]:
    """Prometheus with its own configuration, which scrapes one collector every second.

    Args:
        folder: Where it keeps its data, and its log.
        port: Where it listens.
        metrics: Of the collector, its host and port.
    """
    said = (CONFIGS / "prometheus.yml").read_text()
    for name, value in (("collector:8889", metrics), ("15s", "1s")):
        assert name in said
        said = said.replace(name, value)
    (folder / "prometheus.yml").write_text(said)
    options = {
        "config.file": folder / "prometheus.yml",
        "storage.tsdb.path": folder / "prometheus",
        "web.listen-address": f"127.0.0.1:{port}",
        "enable-feature": "exemplar-storage",
    }
    command = ["prometheus", *(f"--{name}={value}" for name, value in options.items())]
    with running(command, folder / "prometheus.log") as process:
        await_port(port, process, folder / "prometheus.log")
        yield Prometheus(url=f"http://127.0.0.1:{port}")
