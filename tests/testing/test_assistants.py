"""Threads, and runs of assistants."""

import pytest

from dagster_openai_otel.testing import Answer, ToolCall

# the SDK warns of all of it
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

HELLO = [{"role": "user", "content": "Name a capital."}]
ASKING = Answer(tool_calls=[ToolCall(name="weather", arguments={"city": "Oslo"})])
OUTPUTS = [{"tool_call_id": "call_1", "output": "Snow."}]


@pytest.fixture
def thread(client):
    return client.beta.threads.create(messages=HELLO)


@pytest.fixture
def runs(client):
    return client.beta.threads.runs


def statuses(runs, run, times):
    return [runs.retrieve(run.id, thread_id=run.thread_id).status for _ in range(times)]


def test_a_run_is_billed_once_when_it_is_found_completed(api, runs, thread):
    run = runs.create(thread.id, assistant_id="asst_1", model="gpt-4o-mini")
    assert statuses(runs, run, 3) == ["in_progress", "completed", "completed"]
    found = runs.retrieve(run.id, thread_id=thread.id)
    (call,) = api.bill.calls
    assert (call.model, call.usage.total_tokens) == ("gpt-4o-mini-2024-07-18", found.usage.total_tokens)
    assert (call.endpoint, call.reported, call.response_id) == ("threads.runs", True, run.id)


def test_an_assistant_answers_in_the_thread(client, runs, thread):
    runs.create_and_poll(thread_id=thread.id, assistant_id="asst_1", poll_interval_ms=1)
    messages = list(client.beta.threads.messages.list(thread.id))
    assert [message.role for message in messages] == ["assistant", "user"]
    assert messages[0].content[0].text.value == "You said: Name a capital."


def test_a_run_has_the_model_of_its_assistant(client):
    assistant = client.beta.assistants.create(model="o3")
    run = client.beta.threads.create_and_run(assistant_id=assistant.id, thread={"messages": HELLO})
    assert run.model == "o3"


def test_a_stream_says_its_usage_in_the_step_and_in_the_run(api, runs, thread):
    events = list(runs.create(thread.id, assistant_id="asst_1", stream=True))
    said = {event.event: event.data.usage for event in events if getattr(event.data, "usage", None)}
    assert list(said) == ["thread.run.step.completed", "thread.run.completed"]
    assert {usage.total_tokens for usage in said.values()} == {api.bill.usage.total_tokens}
    assert api.bill.unreported == ()


def test_a_stream_that_is_left_is_billed_when_the_run_is_found_completed(api, runs, thread):
    api.script(Answer(chunk_delay=60))
    with runs.create(thread.id, assistant_id="asst_1", stream=True) as events:
        run = next(iter(events)).data
    assert api.bill.calls == ()
    assert statuses(runs, run, 2) == ["in_progress", "completed"]
    assert [call.reported for call in api.bill.calls] == [True]


def test_a_run_that_asks_for_tools_goes_on_with_their_outputs(api, runs, thread):
    api.script(ASKING)
    run = runs.create(thread.id, assistant_id="asst_1")
    assert statuses(runs, run, 2) == ["in_progress", "requires_action"]
    assert api.bill.calls == ()
    runs.submit_tool_outputs(run.id, thread_id=thread.id, tool_outputs=OUTPUTS)
    assert statuses(runs, run, 2) == ["in_progress", "completed"]
    assert len(api.bill.calls) == 1


def test_a_streamed_run_pauses_and_goes_on(api, runs, thread):
    api.script(ASKING)
    *_, last = runs.create(thread.id, assistant_id="asst_1", stream=True)
    assert last.event == "thread.run.requires_action"
    submitted = runs.submit_tool_outputs(last.data.id, thread_id=thread.id, tool_outputs=OUTPUTS, stream=True)
    assert [event.event for event in submitted][-1] == "thread.run.completed"
    assert [call.streamed for call in api.bill.calls] == [True]


def test_a_cancelled_run_is_billed_for_what_it_did(api, runs, thread):
    run = runs.create(thread.id, assistant_id="asst_1")
    assert runs.cancel(run.id, thread_id=thread.id).status == "cancelling"
    assert statuses(runs, run, 1) == ["cancelled"]
    assert [call.reported for call in api.bill.calls] == [True]


def test_updating_a_run_is_free(api, runs, thread):
    run = runs.create(thread.id, assistant_id="asst_1")
    statuses(runs, run, 2)
    updated = runs.update(run.id, thread_id=thread.id, metadata={"team": "data"})
    assert (updated.metadata, updated.status) == ({"team": "data"}, "completed")
    assert len(api.bill.calls) == 1


def test_a_run_has_a_step(runs, thread):
    run = runs.create(thread.id, assistant_id="asst_1")
    assert [step.run_id for step in runs.steps.list(run.id, thread_id=thread.id)] == [run.id]
