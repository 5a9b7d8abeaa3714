"""Calls that belong to no step: of a run's resources and hooks, and of code outside any run."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import dagster as dg
import openai
import pytest

from dagster_openai_otel import conventions, outside
from dagster_openai_otel.testing import FakeOpenAI
from tests.events import billed, run_totals, shown_usage, summed, summed_total
from tests.processes import run_python
from tests.steps import resource_jobs
from tests.steps.asking import MODEL, ask, execute, materialize, messages
from tests.steps.resource_jobs import Broken, Poems
from tests.steps.spanning import spans_of_this_process

# Dagster's own resources use a name that pydantic has deprecated
pytestmark = pytest.mark.filterwarnings("ignore:The `__fields__` attribute is deprecated")


@dg.success_hook
def telling(context: dg.HookContext):
    ask("It went well.")


@dg.failure_hook
def complaining(context: dg.HookContext):
    ask("It did not.")


def test_what_a_resource_asks_when_it_is_set_up_and_torn_down_is_an_event_of_the_run(api, instance):
    @dg.asset
    def poem(poems: Poems):
        ask()

    ran = materialize(instance, poem, resources={"poems": Poems()})

    assert ran.outcomes == [
        ("materialization", "poem", 1, None),
        ("engine", "", 2, "outside the steps"),
    ]
    assert summed(ran.shown) == billed(api.bill)
    (total,) = run_totals(instance, ran.result.run_id)
    assert summed_total(total) == billed(api.bill)


def test_that_event_says_where_the_calls_came_from(api, instance):
    @dg.asset
    def poem(poems: Poems):
        pass

    ran = materialize(instance, poem, resources={"poems": Poems()})

    told = [r.message for r in instance.all_logs(ran.result.run_id) if "outside the steps" in r.message]
    assert [message.partition("asking.py:")[2].partition(" ")[2] for message in told] == ["in ask"]


def test_what_a_resource_asks_before_it_fails_is_an_event_of_the_run(api, instance):
    @dg.asset
    def poem(poems: Broken):
        pass

    ran = materialize(instance, poem, resources={"poems": Broken()})

    assert not ran.result.success
    assert ran.outcomes == [("engine", "", 1, "outside the steps")]
    assert summed(ran.shown) == billed(api.bill)


@pytest.mark.slow
@pytest.mark.parametrize(("job", "calls"), [(resource_jobs.good, 2), (resource_jobs.broken, 1)])
def test_a_resource_in_the_process_of_a_step_is_shown_with_the_step(job, calls, api):
    with dg.DagsterInstance.local_temp() as instance:
        run_id = dg.execute_job(dg.reconstructable(job), instance=instance).run_id
        shown = shown_usage(instance, run_id)
        (total,) = run_totals(instance, run_id)

    in_run = [(event.target, event.calls, event.outcome) for event in shown if event.kind == "engine"]
    assert in_run == [("recited", calls, "outside the steps")]
    assert summed_total(total) == summed(shown) == billed(api.bill)


def test_what_a_hook_asks_is_shown_with_its_step(api, instance):
    @dg.asset
    def poem():
        ask()

    @dg.asset(deps=[poem])
    def failing():
        ask()
        message = "no"
        raise RuntimeError(message)

    job = dg.define_asset_job("poems", hooks={telling, complaining}, executor_def=dg.in_process_executor)
    definitions = dg.Definitions([poem, failing], jobs=[job])
    ran = execute(instance, definitions.get_repository_def().get_job("poems"))

    assert ran.outcomes == [
        ("materialization", "poem", 1, None),
        ("observation", "poem", 1, "after the step"),
        ("observation", "failing", 1, "failed attempt 1"),
        ("observation", "failing", 1, "after the step"),
    ]
    assert summed(ran.shown) == billed(api.bill)


def test_what_the_hook_of_an_op_asks_is_an_event_of_its_step(api, instance):
    @dg.op
    def writes():
        ask()

    @dg.job(hooks={telling})
    def poems():
        writes()

    ran = execute(instance, poems)

    assert ran.outcomes == [("output", "writes", 1, None), ("engine", "writes", 1, "after the step")]
    assert summed(ran.shown) == billed(api.bill)


def test_a_resource_of_a_run_within_a_step_is_counted_once(api, instance):
    @dg.asset
    def inner(poems: Poems):
        ask()

    @dg.asset
    def outer():
        materialize(instance, inner, resources={"poems": Poems()})

    ran = materialize(instance, outer)

    runs = instance.get_run_ids()
    assert len(runs) == 2
    assert summed(shown_usage(instance, *runs)) == billed(api.bill)
    assert ran.result.success


def test_the_spans_of_a_resource_belong_to_the_run(api, instance):
    @dg.asset
    def poem(poems: Poems):
        pass

    with spans_of_this_process() as exported:
        ran = materialize(instance, poem, resources={"poems": Poems()})
        spans = exported.get_finished_spans()

    (run,) = [span for span in spans if span.name.startswith("run ")]
    asked = [span for span in spans if span.name.startswith("chat ")]
    assert {span.parent.span_id for span in asked} == {run.context.span_id}
    assert {span.attributes[conventions.RUN_ID] for span in asked} == {ran.result.run_id}


def ask_outside() -> str:
    return ask("Outside.")


def test_a_call_outside_is_told_with_its_place_and_what_was_used_so_far(api, caplog, monkeypatch):
    monkeypatch.setattr(outside, "_places", set())
    before = outside.used()

    with caplog.at_level(logging.WARNING, "dagster_openai_otel"):
        ask_outside()
        ask_outside()

    (message,) = caplog.messages
    used = outside.used()
    assert "outside any Dagster step are in no event log: " in message
    assert f"{Path(ask.__code__.co_filename)}:" in message
    assert " in ask. So far: " in message
    assert used.calls - before.calls == 2
    assert used.usage.total_tokens - before.usage.total_tokens == api.bill.usage.total_tokens


def test_a_script_tells_each_place_once_and_the_rest_at_its_end(tmp_path):
    script = tmp_path / "poems.py"
    script.write_text(
        """
import openai
from dagster_openai_otel import instrument
instrument()

def ask(client, text):
    client.chat.completions.create(model="gpt-5-mini", messages=[{"role": "user", "content": text}])

with openai.OpenAI() as client:
    ask(client, "Once.")
    for _ in range(3):
        ask(client, "Again.")
    client.embeddings.create(model="text-embedding-3-small", input="A poem.")
    ask(client, "The last one.")
"""
    )
    with FakeOpenAI() as api:
        printed = run_python(
            f"""
            import subprocess, sys
            done = subprocess.run([sys.executable, {str(script)!r}], capture_output=True, text=True)
            print(done.stderr)
            """,
            **api.environment,
        )

    first, second, last = [line for line in printed.splitlines() if "Dagster step" in line]
    assert f"{script}:7 in ask. So far: 1 call, " in first
    assert f"{script}:13 in <module>. So far: 5 calls, " in second
    assert "In all, from 2 places: 6 calls, " in last


def test_an_import_that_asks_is_told_with_its_line(tmp_path):
    (tmp_path / "verses.py").write_text(
        """
import openai
with openai.OpenAI() as client:
    client.responses.create(model="gpt-5-mini", input="While it is imported.")
"""
    )
    with FakeOpenAI() as api:
        printed = run_python(
            f"""
            import logging, sys
            sys.path.insert(0, {str(tmp_path)!r})
            logging.basicConfig(stream=sys.stdout)
            from dagster_openai_otel import instrument
            instrument()
            import verses
            """,
            **api.environment,
        )

    assert f"{tmp_path / 'verses.py'}:4 in <module>. So far: 1 call" in printed


def test_a_thread_of_a_resource_that_outlives_the_run_is_told_in_the_log(api, instance, caplog, monkeypatch):
    monkeypatch.setattr(outside, "_places", set())
    held: dict[str, Any] = {}

    class Slow(dg.ConfigurableResource):  # type: ignore[type-arg]  # has no value of its own
        def setup_for_execution(self, context: dg.InitResourceContext) -> None:
            held["client"] = openai.OpenAI()
            held["stream"] = held["client"].chat.completions.create(
                model=MODEL, messages=messages(), stream=True
            )

    @dg.asset
    def poem(slow: Slow):
        pass

    ran = materialize(instance, poem, resources={"slow": Slow()})
    with caplog.at_level(logging.WARNING, "dagster_openai_otel"):
        list(held["stream"])
        held["client"].close()

    assert ran.shown == []
    assert any("outside any Dagster step" in message for message in caplog.messages)


def test_runs_at_the_same_time_each_show_what_their_own_resources_ask(api):
    both_run = threading.Barrier(2, timeout=20)

    class Waiting(Poems):
        times: int

        def setup_for_execution(self, context: dg.InitResourceContext) -> None:
            both_run.wait()
            for _ in range(self.times):
                ask("Set up.")

    @dg.asset
    def poem(poems: Waiting):
        both_run.wait()

    def run(times: int) -> list[tuple[str, str, int]]:
        with dg.DagsterInstance.ephemeral() as own:
            return materialize(own, poem, resources={"poems": Waiting(times=times)}).places

    with ThreadPoolExecutor(2) as pool:
        # and one more each, as they are torn down
        assert list(pool.map(run, [2, 4])) == [[("engine", "", 3)], [("engine", "", 5)]]
