"""What the collector counts, as the real Prometheus has scraped it."""

import json
import time
from collections import Counter
from decimal import Decimal
from urllib.parse import urlencode

import pytest

from tests.collector.conftest import Runs
from tests.collector.programs import CONFIGS, Jaeger, Prometheus, awaited, fetched

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

_DASHBOARD = json.loads((CONFIGS / "grafana/dashboards/openai.json").read_text())
# what Grafana puts into a query
_VARIABLES = {"$__range": "1h", "$__rate_interval": "30s", "$job": ".*", "$asset": ".*"}
QUERIES = {
    f"{panel['title']} {target['refId']}": target["expr"]
    for panel in _DASHBOARD["panels"]
    for target in panel.get("targets", ())
    if "expr" in target
}


@pytest.fixture(scope="module")
def counted(runs: Runs, prometheus: Prometheus) -> Prometheus:
    """Prometheus, once it has all calls."""
    calls = len(runs.bill.calls)
    awaited(lambda: _sums(prometheus, "openai_calls_total", "job").get("dagster") == calls, "all calls")
    return prometheus


def _sums(prometheus: Prometheus, metric: str, *labels: str) -> dict[str, float]:
    """The sums of a metric by labels, whose values are joined."""
    return {
        " ".join(series["metric"].get(label, "") for label in labels): float(series["value"][1])
        for series in prometheus.ask(f"sum by ({', '.join(labels)}) ({metric})")
    }


@pytest.mark.parametrize(
    ("kind", "metric"),
    [
        ("input", "openai_input_tokens_total"),
        ("output", "openai_output_tokens_total"),
        ("total", "openai_tokens_total"),
    ],
)
def test_the_tokens_of_each_model_are_those_that_were_billed(
    kind: str, metric: str, counted: Prometheus, runs: Runs
):
    billed: Counter[str] = Counter()
    for call in runs.bill.calls:
        billed[call.model] += getattr(call.usage, f"{kind}_tokens")

    assert _sums(counted, metric, "openai_model") == billed


def test_the_dollars_of_each_model_are_those_that_were_billed(counted: Prometheus, runs: Runs):
    billed: Counter[str] = Counter()
    for call in runs.bill.calls:
        billed[call.model] += call.cost_usd or Decimal(0)  # type: ignore[assignment]  # it adds up anything

    said = _sums(counted, "openai_cost_usd_total", "openai_model")
    assert {model: Decimal(repr(dollars)).quantize(Decimal("1e-9")) for model, dollars in said.items()} == {
        model: Decimal(dollars).quantize(Decimal("1e-9")) for model, dollars in billed.items()
    }


def test_the_tokens_of_each_asset_are_those_that_dagster_shows(counted: Prometheus, runs: Runs):
    shown: Counter[str] = Counter()
    for played in (runs.good, runs.bad):
        for asset, tokens in played.shown:
            shown[asset] += tokens

    assert _sums(counted, "openai_tokens_total", "dagster_asset_key") == shown


def test_calls_are_counted_by_job_and_only_once_whatever_spans_stand_round_them(counted: Prometheus):
    assert _sums(counted, "openai_calls_total", "dagster_job_name") == {"good": 4, "bad": 2}


def test_failures_are_told_by_step_and_error(counted: Prometheus):
    failed = 'traces_span_metrics_calls_total{status_code="STATUS_CODE_ERROR", span_name=~"step .*"}'

    def all_three() -> dict[str, float] | None:
        told = _sums(counted, failed, "span_name", "error_type")
        # a counter begins at zero
        return told if len(told) == 2 and all(told.values()) else None

    assert awaited(all_three, "failed steps") == {"step broken RuntimeError": 1, "step review ValueError": 1}


def test_a_span_of_the_histogram_leads_to_its_trace(counted: Prometheus, jaeger: Jaeger):
    asked = {
        "query": "traces_span_metrics_duration_seconds_bucket",
        "start": time.time() - 300,
        "end": time.time() + 60,
    }

    def look() -> list[str]:
        found = fetched(f"{counted.url}/api/v1/query_exemplars?{urlencode(asked)}")["data"]
        return [exemplar["labels"]["trace_id"] for series in found for exemplar in series["exemplars"]]

    assert jaeger.whole(awaited(look, "an exemplar")[0], 1)


@pytest.mark.parametrize("panel", QUERIES)
def test_each_query_of_the_dashboard_is_answered(panel: str, counted: Prometheus):
    query = QUERIES[panel]
    for name, value in _VARIABLES.items():
        query = query.replace(name, value)

    assert awaited(lambda: counted.ask(query), panel)


def test_jaegers_own_view_of_services_has_their_calls_and_durations(counted: Prometheus, jaeger: Jaeger):
    asked = {
        "service": "dagster",
        "groupByOperation": "true",
        "spanKind": ["internal", "server", "client"],
        "lookback": 300_000,
        "step": 1000,
        "ratePer": 60_000,
    }

    def look(kind: str, **more: str) -> list[str]:
        said = fetched(f"{jaeger.url}/api/metrics/{kind}?{urlencode(asked | more, doseq=True)}")
        return [
            label["value"]
            for series in said["metrics"]
            for label in series["labels"]
            if label["name"] == "operation"
        ]

    assert "step draft" in awaited(lambda: look("calls"), "calls")
    assert "step broken" in awaited(lambda: look("errors"), "errors")
    assert "step draft" in awaited(lambda: look("latencies", quantile="0.95"), "durations")
