"""A run is sampled as a whole or not at all, whatever the sampler; usage is recorded in any case."""

import random
from collections import Counter
from itertools import cycle
from typing import Any
from uuid import UUID

import dagster as dg
import openai
import pytest
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    DEFAULT_OFF,
    DEFAULT_ON,
    Decision,
    ParentBased,
    Sampler,
    SamplingResult,
    TraceIdRatioBased,
)

from dagster_openai_otel import faults
from dagster_openai_otel.identity import trace_id
from dagster_openai_otel.sampling import is_derived
from dagster_openai_otel.testing import FakeOpenAI
from tests.events import billed, shown_usage, summed
from tests.export.collector import collecting
from tests.processes import run_python
from tests.steps.asking import ask, execute
from tests.steps.spanning import spans_of_this_process
from tests.trace.test_trees import TREE
from tests.trace.trees import Told

WHOLE = ["chat gpt-5-mini", "run job", "step asking", "step before"]


@dg.op
def before() -> int:
    return 1


@dg.op
def asking(before: int) -> None:
    ask()


@dg.job
def job():
    asking(before())


class Turns(Sampler):
    """Takes turns, as one whose decision is another each time that it is asked."""

    def __init__(self, *decisions: Decision) -> None:
        self._decisions = cycle(decisions)

    def should_sample(self, *args: Any, **kwargs: Any) -> SamplingResult:
        return SamplingResult(next(self._decisions), {"sampler.said": "so"})

    def get_description(self) -> str:
        return "Turns"


class Raising(Sampler):
    def should_sample(self, *args: Any, **kwargs: Any) -> SamplingResult:
        raise RuntimeError

    def get_description(self) -> str:
        return "Raising"


def sampled_in_turns(first: Decision, second: Decision) -> Sampler:
    return ParentBased(Turns(first, second))


SAMPLERS = {
    "always on": (ALWAYS_ON, WHOLE),
    "always off": (ALWAYS_OFF, []),
    "parent, on": (DEFAULT_ON, WHOLE),
    "parent, off": (DEFAULT_OFF, []),
    "ratio 1": (TraceIdRatioBased(1), WHOLE),
    "ratio 0": (TraceIdRatioBased(0), []),
    "in turns, on": (sampled_in_turns(Decision.RECORD_AND_SAMPLE, Decision.DROP), WHOLE),
    "in turns, off": (sampled_in_turns(Decision.DROP, Decision.RECORD_AND_SAMPLE), []),
    "recorded only": (sampled_in_turns(Decision.RECORD_ONLY, Decision.RECORD_AND_SAMPLE), []),
    "no parent, off": (Turns(Decision.DROP, Decision.RECORD_AND_SAMPLE), []),
}


def _id(value: object) -> str:
    return value.get_description() if isinstance(value, Sampler) else str(value)


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_sampler_is_asked_once_for_a_run_and_usage_is_recorded_whatever_it_says(name, api, instance):
    sampler, expected = SAMPLERS[name]
    with spans_of_this_process(sampler) as exported:
        ran = execute(instance, job)

    assert sorted(span.name for span in exported.get_finished_spans()) == expected
    assert summed(ran.shown) == billed(api.bill)


@pytest.mark.parametrize("sampler", [ALWAYS_OFF, DEFAULT_OFF, TraceIdRatioBased(0), Raising()], ids=_id)
def test_a_tag_forces_a_run_to_be_sampled_with_all_that_is_in_it(sampler, api, instance):
    with spans_of_this_process(sampler) as exported:
        ran = execute(instance, job, tags={"openai/trace_sampled": "true"})

    assert sorted(span.name for span in exported.get_finished_spans()) == WHOLE
    assert summed(ran.shown) == billed(api.bill)


def test_a_tag_forces_a_run_not_to_be_sampled(api, instance):
    with spans_of_this_process(ALWAYS_ON) as exported:
        ran = execute(instance, job, tags={"openai/trace_sampled": "False"})

    assert exported.get_finished_spans() == ()
    assert summed(ran.shown) == billed(api.bill)


def test_a_tag_that_is_neither_true_nor_false_is_left_out_and_said_once(api, instance, caplog):
    with spans_of_this_process(ALWAYS_ON) as exported:
        run_id = execute(instance, job, tags={"openai/trace_sampled": "perhaps"}).result.run_id

    assert len(exported.get_finished_spans()) == len(WHOLE)
    said = [record.getMessage() for record in caplog.records if "trace_sampled" in record.getMessage()]
    assert said == [
        f"run {run_id}: its tag openai/trace_sampled is neither true nor false, so it is left out"
    ]


def test_a_sampler_that_raises_exports_nothing_and_the_run_is_green(api, instance, monkeypatch):
    monkeypatch.setattr(faults, "_raising", False)
    with spans_of_this_process(Raising()) as exported:
        ran = execute(instance, job)

    assert ran.result.success
    assert exported.get_finished_spans() == ()
    assert summed(ran.shown) == billed(api.bill)


def test_what_a_sampler_says_beside_its_decision_stands_on_the_run(api, instance):
    with spans_of_this_process(Turns(Decision.RECORD_AND_SAMPLE)) as exported:
        execute(instance, job)

    (span,) = [span for span in exported.get_finished_spans() if span.name == "run job"]
    assert span.attributes["sampler.said"] == "so"


@pytest.mark.parametrize(
    ("sampler", "derived"),
    [
        (ALWAYS_ON, True),
        (DEFAULT_OFF, True),
        (TraceIdRatioBased(0.1), True),
        (ParentBased(TraceIdRatioBased(0.1)), True),
        (Raising(), False),
        (ParentBased(Raising()), False),
    ],
    ids=_id,
)
def test_the_samplers_of_the_sdk_say_the_same_in_every_process(sampler, derived):
    assert is_derived(sampler) is derived


# samples in the run's process and drops in all others, or the other way round
CONTRARY = """
    import dagster as dg
    from tests.events import shown_usage, summed
    from tests.trace import contrary

    if __name__ == "__main__":
        with (
            dg.DagsterInstance.local_temp() as instance,
            dg.execute_job(dg.reconstructable(contrary.job), instance, raise_on_error=True) as result,
        ):
            print(summed(shown_usage(instance, result.run_id))["total_tokens"])
"""


@pytest.mark.slow
@pytest.mark.parametrize("run_process", ["samples", "drops"])
def test_the_processes_of_a_run_follow_its_own_also_where_the_sampler_says_otherwise_there(run_process):
    with FakeOpenAI() as api, collecting() as collector:
        printed = run_python(
            CONTRARY,
            RUN_PROCESS=run_process,
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint,
            **api.environment,
        )

    assert int(printed) == api.bill.usage.total_tokens > 0
    whole = ["run contrary", "  step asking", "    openai.chat", "      POST /chat/completions"]
    assert Told(collector.spans).tree == (whole if run_process == "samples" else [])


FORCED = """
    from tests.trace.playing import play

    if __name__ == "__main__":
        play("in_process", **{"openai/trace_sampled": "true"})
"""


@pytest.mark.slow
def test_a_run_that_is_forced_has_the_users_own_spans_too_where_the_provider_is_ours():
    with FakeOpenAI() as api, collecting() as collector:
        run_python(
            FORCED,
            OTEL_TRACES_SAMPLER="always_off",
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint,
            **api.environment,
        )

    # the process that a step starts has a provider of its own
    expected = [line for line in TREE.splitlines() if line != "    child"]
    assert Told(collector.spans).tree == expected


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_ratio_of_a_tenth_exports_a_tenth_of_1000_runs_whole_and_records_the_usage_of_all(api, instance):
    with openai.OpenAI(http_client=openai.DefaultHttpxClient(verify=False)) as client:

        @dg.op
        def asking():
            ask(client=client)

        @dg.job(logger_defs={})
        def small():
            asking()

        # as Dagster makes them, but the same each time
        numbers = random.Random(1)  # noqa: S311  # no secret
        run_ids = [str(UUID(int=numbers.getrandbits(128), version=4)) for _ in range(1_000)]
        with spans_of_this_process(ParentBased(TraceIdRatioBased(0.1))) as exported:
            for run_id in run_ids:
                small.execute_in_process(instance=instance, run_id=run_id)

    spans = Counter(span.context.trace_id for span in exported.get_finished_spans())
    assert set(spans) <= {trace_id(run_id) for run_id in run_ids}
    assert set(spans.values()) == {3}
    assert 70 <= len(spans) <= 130
    assert summed(shown_usage(instance, *run_ids)) == billed(api.bill)
    assert len(api.bill.calls) == 1_000
