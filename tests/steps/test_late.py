"""Calls that end after the output, after the step, and streams that are open when they should not be."""

import threading
from typing import Any

import dagster as dg
import openai
import pytest

from dagster_openai_otel import faults
from dagster_openai_otel.testing import Answer
from tests.events import billed, shown_usage, summed
from tests.steps.asking import MODEL, ask, materialize, messages


def open_stream(client: openai.OpenAI) -> "openai.Stream[openai.types.chat.ChatCompletionChunk]":
    """A stream of which the first chunk has been read."""
    stream = client.chat.completions.create(
        model=MODEL, messages=messages(), stream=True, stream_options={"include_usage": True}
    )
    next(stream)
    return stream


def test_a_call_after_the_output_becomes_an_observation(api, instance):
    @dg.asset
    def poem():
        yield dg.Output(ask("One."))
        ask("Two.")

    ran = materialize(instance, poem)

    assert ran.outcomes == [
        ("materialization", "poem", 1, None),
        ("observation", "poem", 1, "after the output"),
    ]
    assert summed(ran.shown) == billed(api.bill)


def test_a_step_that_fails_after_its_output_shows_what_came_after_as_a_failed_attempt(api, instance):
    @dg.asset
    def poem():
        yield dg.Output(ask("One."))
        ask("Two.")
        message = "no"
        raise RuntimeError(message)

    ran = materialize(instance, poem)

    assert ran.outcomes == [
        ("materialization", "poem", 1, None),
        ("observation", "poem", 1, "failed attempt 1"),
    ]
    assert summed(ran.shown) == billed(api.bill)


def test_a_stream_that_is_read_to_its_end_counts_like_a_call(api, instance):
    @dg.asset
    def poem():
        with openai.OpenAI() as client, open_stream(client) as stream:
            return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)

    ran = materialize(instance, poem)

    assert ran.places == [("materialization", "poem", 1)]
    assert summed(ran.shown) == billed(api.bill)


# what is dropped leaves its socket to the garbage collector, with the library and without
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_stream_that_is_dropped_ends_before_the_output_is_written(api, instance):
    api.script(Answer(chunks=50, chunk_delay=0.01))

    @dg.asset
    def poem():
        client = openai.OpenAI()
        open_stream(client)

    ran = materialize(instance, poem)

    assert ran.places == [("materialization", "poem", 1)]
    assert ran.shown[0].metadata["openai/calls_without_usage"] == 1
    assert "openai/open_calls" not in ran.shown[0].metadata


def test_a_stream_that_is_open_at_the_end_is_said_and_shown_when_it_ends(api, instance):
    held: dict[str, Any] = {}

    @dg.asset
    def poem():
        ask("Beside the stream.")
        held["client"] = openai.OpenAI()
        held["stream"] = open_stream(held["client"])

    @dg.asset(deps=[poem])
    def reader():
        for _ in held["stream"]:
            pass
        held["client"].close()

    ran = materialize(instance, poem, reader)

    assert ran.outcomes == [
        ("materialization", "poem", 1, None),
        ("observation", "poem", 1, "after the step"),
    ]
    assert ran.shown[0].metadata["openai/open_calls"] == 1
    assert summed(ran.shown) == billed(api.bill)


def test_an_asset_whose_only_call_is_open_at_its_end_says_so(api, instance):
    held: dict[str, Any] = {}

    @dg.asset
    def poem():
        held["client"] = openai.OpenAI()
        held["stream"] = open_stream(held["client"])

    @dg.asset(deps=[poem])
    def reader():
        list(held["stream"])
        held["client"].close()

    ran = materialize(instance, poem, reader)

    assert ran.outcomes == [("observation", "poem", 1, "after the step")]
    assert summed(ran.shown) == billed(api.bill)


def test_a_thread_that_outlives_its_step_counts_for_it(api, instance):
    go = threading.Event()
    threads = []

    @dg.asset
    def poem():
        thread = threading.Thread(target=lambda: (go.wait(10), ask("Late.")))
        thread.start()
        threads.append(thread)
        ask("In time.")

    @dg.asset(deps=[poem])
    def other():
        go.set()
        threads[0].join()
        ask("Its own.")

    ran = materialize(instance, poem, other)

    assert sorted(ran.outcomes, key=str) == [
        ("materialization", "other", 1, None),
        ("materialization", "poem", 1, None),
        ("observation", "poem", 1, "after the step"),
    ]
    assert summed(ran.shown) == billed(api.bill)


def test_a_thread_that_outlives_its_run_is_shown_with_the_next_run(api, instance):
    go = threading.Event()
    threads = []

    @dg.asset
    def poem():
        thread = threading.Thread(target=lambda: (go.wait(10), ask("Late.")))
        thread.start()
        threads.append(thread)

    @dg.asset
    def later():
        ask("Its own.")

    first = materialize(instance, poem)
    go.set()
    threads[0].join()
    second = materialize(instance, later)

    shown = shown_usage(instance, first.result.run_id)
    assert first.shown == []
    assert [(event.kind, event.target, event.outcome) for event in shown] == [
        ("observation", "poem", "after the step")
    ]
    assert second.places == [("materialization", "later", 1)]
    assert summed(shown + second.shown) == billed(api.bill)


def test_late_usage_whose_instance_is_gone_harms_nobody(api, instance, monkeypatch):
    monkeypatch.setattr(faults, "_raising", False)
    go = threading.Event()
    threads = []

    @dg.asset
    def poem():
        thread = threading.Thread(target=lambda: (go.wait(10), ask("Late.")))
        thread.start()
        threads.append(thread)

    @dg.asset
    def later():
        ask("Its own.")

    with dg.DagsterInstance.ephemeral() as gone:
        materialize(gone, poem)
    go.set()
    threads[0].join()
    ran = materialize(instance, later)

    assert ran.result.success
    assert ran.places == [("materialization", "later", 1)]


@pytest.mark.parametrize("left_by", ["break", "close", "with"])
def test_a_stream_that_is_left_early_is_a_call_without_usage(left_by, api, instance):
    @dg.asset
    def poem():
        api.script(Answer(chunks=50, chunk_delay=0.01))
        with openai.OpenAI() as client:
            stream = open_stream(client)
            if left_by == "break":
                for _ in stream:
                    break
            elif left_by == "close":
                stream.close()
            else:
                with stream:
                    next(stream)

    ran = materialize(instance, poem)

    assert ran.places == [("materialization", "poem", 1)]
    assert ran.shown[0].metadata["openai/calls_without_usage"] == 1
    assert ran.shown[0].total_tokens == 0
    assert len(api.bill.calls) == 1
