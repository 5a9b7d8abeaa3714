"""What a child of the nursery does: runs as a user would write them, and what is told of them."""

import threading
import time
from collections.abc import Mapping
from typing import Any

import dagster as dg
import openai
from genai_prices import data_snapshot
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc import trace_exporter as over_grpc
from opentelemetry.exporter.otlp.proto.http import trace_exporter as over_http

from dagster_openai_otel import instrument
from tests.events import shown_usage, summed

LAUNCHED = {"dagster/code_location": "my_location"}
STEPS = 3
SPANS = 1 + STEPS + STEPS
"""Of the run, of its steps, of a request in each."""


def warm_up() -> None:
    """What the first run of a process loads, without this library's doing."""

    @dg.asset
    def nothing() -> None:
        pass

    with dg.DagsterInstance.ephemeral() as instance, openai.OpenAI(api_key="none") as client:
        dg.materialize([nothing], instance=instance)
        instance.all_logs("none")
        assert client.chat.completions
    assert over_grpc
    assert over_http
    data_snapshot.get_snapshot()


def ask() -> None:
    with openai.OpenAI() as client:
        client.chat.completions.create(model="gpt-5-mini", messages=[{"role": "user", "content": "canary"}])


@dg.asset
def first() -> None:
    ask()


@dg.asset(deps=[first])
def second() -> None:
    ask()


@dg.asset(deps=[second])
def third() -> None:
    ask()


def materialized(tags: Mapping[str, str] = LAUNCHED) -> dict[str, Any]:
    """A run of three assets in this process, as if a webserver had launched it."""
    instrument()
    with dg.DagsterInstance.ephemeral() as instance:
        began = time.monotonic()
        result = dg.materialize([first, second, third], instance=instance, tags=tags)
        took = time.monotonic() - began
        usage = summed(shown_usage(instance, result.run_id))
        engine = instance.all_logs(result.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
    return {
        "success": result.success,
        "run_id": result.run_id,
        "took": took,
        "usage": {**usage, "cost_usd": str(usage["cost_usd"])},
        "timeline": "\n".join(entry.message for entry in engine),
        "provider": type(trace.get_tracer_provider()).__name__,
    }


def untagged() -> dict[str, Any]:
    """A run of a script, which no code location has a part in."""
    return materialized(tags={})


def thrice() -> list[dict[str, Any]]:
    """Three runs in one process."""
    return [materialized() for _ in range(3)]


def late() -> dict[str, Any]:
    """A run, after which a thread of the user's goes on."""
    told = materialized()

    def work() -> None:
        time.sleep(0.2)
        with trace.get_tracer("mine").start_as_current_span("late"):
            pass

    threading.Thread(target=work).start()
    return told


def many() -> dict[str, Any]:
    """A run, and more spans than can wait."""
    told = materialized()
    for _ in range(100):
        with trace.get_tracer("mine").start_as_current_span("many"):
            pass
    return told
