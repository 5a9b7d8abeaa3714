"""What the user's code makes, says and sends is the same with the library and without it."""

import json
from typing import Any

import pytest

from tests.processes import run_python
from tests.steps.asking import ask, materialize

# Prints what the event logs of two runs hold: without the library, with it, and after it.
SCRIPT = """
import json
import dagster as dg
from tests.steps.plain_assets import ASSETS, ops

def told(instance, result):
    for record in instance.all_logs(result.run_id):
        event = record.dagster_event
        if event is None:
            continue
        data = event.event_specific_data
        data = getattr(data, "materialization", None) or getattr(data, "asset_observation", None) or data
        given = {key: repr(value) for key, value in (getattr(data, "metadata", None) or {}).items()}
        metadata = {key: value for key, value in given.items() if key != "path"}
        tags = {key: tag for key, tag in (getattr(data, "tags", None) or {}).items() if "pointer" not in key}
        tags = {key: tag for key, tag in tags.items() if "code_version" not in key}
        error = getattr(getattr(data, "error", None), "message", None)
        yield [event.event_type_value, event.step_key, metadata, sorted(tags), error]

def run():
    with dg.DagsterInstance.ephemeral() as instance:
        assets = dg.materialize(ASSETS, instance=instance, raise_on_error=False)
        job = ops.execute_in_process(instance=instance)
        return {
            "events": [*told(instance, assets), *told(instance, job)],
            "values": [assets.output_for_node("value"), job.output_for_node("polish")],
        }

def runs():
    yield run()
    from dagster_openai_otel import DagsterInstrumentor, OpenAIRequestInstrumentor, instrument
    instrument()
    yield run()
    DagsterInstrumentor().uninstrument()
    OpenAIRequestInstrumentor().uninstrument()
    yield run()

print(json.dumps(list(runs())))
"""

NOISE = {"ENGINE_EVENT", "LOGS_CAPTURED", "RESOURCE_INIT_SUCCESS", "HANDLED_OUTPUT", "LOADED_INPUT"}


def of_the_user(event: list[Any]) -> list[Any]:
    """An event without what the library adds to its metadata."""
    kind, step, metadata, tags, error = event
    return [kind, step, {key: value for key, value in metadata.items() if "openai/" not in key}, tags, error]


def is_ours(event: list[Any]) -> bool:
    kind, _, metadata, *_ = event
    return kind == "ASSET_OBSERVATION" and "openai/outcome" in metadata


@pytest.fixture(scope="module")
def runs(request):
    from dagster_openai_otel.testing import FakeOpenAI  # noqa: PLC0415  # the fixture `api` is one test's

    with FakeOpenAI() as fake:
        without, with_it, after = json.loads(run_python(SCRIPT, **fake.environment))
        return {"without": without, "with": with_it, "after": after, "requests": fake.requests}


def test_the_events_of_the_user_and_their_order_are_the_same(runs):
    with_it = [of_the_user(event) for event in runs["with"]["events"] if not is_ours(event)]

    assert [event for event in with_it if event[0] not in NOISE] == [
        event for event in runs["without"]["events"] if event[0] not in NOISE
    ]


def test_the_values_of_the_user_are_the_same(runs):
    assert runs["with"]["values"] == runs["without"]["values"]


def test_what_is_sent_is_the_same(runs):
    per_run = len(runs["requests"]) // 3
    sent = [
        (request.method, request.path, sorted(request.headers.items()), request.body)
        for request in runs["requests"]
    ]

    assert sorted(sent[per_run : 2 * per_run]) == sorted(sent[:per_run])


def test_nothing_is_left_after_the_instrumentors_are_taken_off(runs):
    events = [event for event in runs["after"]["events"] if event[0] not in NOISE]

    assert not any(key.startswith("openai/") for event in events for key in event[2])
    assert events == [event for event in runs["without"]["events"] if event[0] not in NOISE]


def test_a_fault_of_ours_leaves_the_run_green_and_is_said_in_the_log(api, instance, monkeypatch, caplog):
    from dagster_openai_otel import faults  # noqa: PLC0415  # told apart from what users import
    from dagster_openai_otel.steps import delivery  # noqa: PLC0415

    def broken(*_args: object):
        message = "a fault of ours"
        raise LookupError(message)

    monkeypatch.setattr(faults, "_raising", False)
    monkeypatch.setattr(faults, "_said", set())
    monkeypatch.setattr(delivery, "metadata_of", broken)

    import dagster as dg  # noqa: PLC0415

    @dg.asset
    def poem():
        return ask()

    ran = materialize(instance, poem)

    assert ran.result.success
    assert ran.shown == []
    assert [record.message for record in caplog.records if record.name == "dagster_openai_otel"] == [
        "lost because of a fault in dagster-openai-otel: the usage of a step, from its result",
        "lost because of a fault in dagster-openai-otel: the usage of a step, from an observation",
    ]
