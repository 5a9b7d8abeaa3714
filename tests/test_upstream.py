"""What is relied on in Dagster and in the OpenAI SDK that their authors have not promised.

When one of these fails with a new version, a part of the library does not work; the docstring says which.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import dagster as dg
import openai
import pytest
from dagster._core.definitions.observe import observe
from dagster._core.events import EngineEventData
from dagster._core.execution import api as dagster_api

from dagster_openai_otel.testing import Answer
from tests.steps.asking import MODEL, ask, execute, materialize, messages

execute_step: Any = import_module("dagster._core.execution.plan.execute_step")


class RefusalError(Exception):
    """What the steps below fail with."""


@dg.asset(retry_policy=dg.RetryPolicy(max_retries=1))
def second_try(context: dg.AssetExecutionContext):
    if context.retry_number == 0:
        raise RefusalError


def logged(instance: dg.DagsterInstance, kind: str) -> list[Any]:
    """All events of a kind that have been stored."""
    (run_id,) = instance.get_run_ids()
    events = [record.dagster_event for record in instance.all_logs(run_id)]
    return [event for event in events if event and event.event_type_value == kind]


def test_a_step_is_entered_once_for_each_attempt_by_a_name_of_its_module(instance, monkeypatch):
    """`enter_execution_context` is wrapped to know which step runs, and that it is over, and how."""
    entered, original = [], execute_step.enter_execution_context

    @contextmanager
    def spy(*args: Any, **kwargs: Any) -> Iterator[Any]:
        with original(*args, **kwargs) as context:
            step = context.op_execution_context.get_step_execution_context().step
            entered.append([step.key, context.op_execution_context.retry_number, None])
            try:
                yield context
            except BaseException as error:
                entered[-1][2] = type(error.__cause__)
                raise

    monkeypatch.setattr(execute_step, "enter_execution_context", spy)
    materialize(instance, second_try)

    assert entered == [["second_try", 0, RefusalError], ["second_try", 1, None]]


def test_the_results_of_a_step_pass_before_they_are_handled(instance, monkeypatch):
    """`execute_core_compute` is wrapped to add usage to an output just before its materialization."""
    seen: list[Any] = []
    original = execute_step.execute_core_compute

    def spy(*args: Any, **kwargs: Any) -> Iterator[Any]:
        for event in original(*args, **kwargs):
            seen.append((type(event), len(logged(instance, "ASSET_MATERIALIZATION"))))
            yield event
            seen.append(("handled", len(logged(instance, "ASSET_MATERIALIZATION"))))

    @dg.multi_asset(outs={"a": dg.AssetOut(), "b": dg.AssetOut()})
    def both():
        return 1, 2

    monkeypatch.setattr(execute_step, "execute_core_compute", spy)
    materialize(instance, both)

    assert seen == [(dg.Output, 0), ("handled", 1), (dg.Output, 1), ("handled", 2)]


def test_metadata_that_is_added_while_a_result_passes_stands_on_its_materialization(instance, monkeypatch):
    """The usage of an asset is added so; `AssetExecutionContext` can be made of an op's context for it."""
    original = execute_step.execute_core_compute

    def spy(step: Any, inputs: Any, function: Any, context: Any) -> Iterator[Any]:
        for event in original(step, inputs, function, context):
            dg.AssetExecutionContext(context.op_execution_context).add_asset_metadata({"late": 1}, "a")
            yield event

    @dg.multi_asset(outs={"a": dg.AssetOut(), "b": dg.AssetOut()})
    def both():
        yield dg.Output(1, output_name="a")

    monkeypatch.setattr(execute_step, "execute_core_compute", spy)
    materialize(instance, both)

    (event,) = logged(instance, "ASSET_MATERIALIZATION")
    assert event.event_specific_data.materialization.metadata["late"].value == 1


def test_a_run_is_iterated_by_an_iterator_of_this_name_and_has_its_context_then(instance, monkeypatch):
    """`ExecuteRunWithPlanIterable` is wrapped for the span of a run; that of one step has another iterator
    than `job_execution_iterator`.
    """
    iterable, seen = dagster_api.ExecuteRunWithPlanIterable, []
    original = iterable.__iter__

    def spy(plan: Any) -> Iterator[dg.DagsterEvent]:
        yield from original(plan)
        seen.append((plan.iterator.__name__, plan.job_context.dagster_run.job_name))

    monkeypatch.setattr(iterable, "__iter__", spy)
    ran = materialize(instance, second_try)

    assert seen[-1] == ("job_execution_iterator", ran.result.dagster_run.job_name)
    assert [name for name, _ in seen].count("job_execution_iterator") == 1


def test_an_event_of_the_engine_takes_metadata_and_a_step(instance):
    """What an op used and shows on no output is told by `EngineEventData`."""

    @dg.op(out={})
    def step(context: dg.OpExecutionContext):
        data = EngineEventData(metadata={"mine": dg.MetadataValue.int(1)})
        context.instance.report_engine_event("told", context.run, data, step_key="step")

    @dg.job
    def job():
        step()

    execute(instance, job)

    (event,) = [event for event in logged(instance, "ENGINE_EVENT") if event.message == "told"]
    assert (event.step_key, event.event_specific_data.metadata["mine"].value) == ("step", 1)


def test_an_observation_that_a_context_logs_is_stored_at_once(instance):
    """Usage of a failed attempt is logged while the step is failing."""
    stored = []

    @dg.asset
    def poem(context: dg.AssetExecutionContext):
        context.log_event(dg.AssetObservation("poem"))
        stored.extend(logged(instance, "ASSET_OBSERVATION"))

    materialize(instance, poem)

    assert len(stored) == 1


def test_an_output_that_is_no_asset_raises_when_asked_for_its_key(instance):
    """That is how an inner op of a graph asset is told from the one that makes the asset."""

    @dg.op
    def draft(context: dg.OpExecutionContext):
        with pytest.raises(Exception, match="'result'"):
            context.asset_key_for_output("result")

    @dg.op
    def polish(context: dg.OpExecutionContext, text: Any):
        assert context.asset_key_for_output("result") == dg.AssetKey("poem")

    @dg.graph_asset
    def poem():
        return polish(draft())

    assert materialize(instance, poem).result.success


def test_a_context_of_a_direct_invocation_has_no_step(instance):
    """That is how a unit test that invokes an asset is told from a run: usage becomes its observation."""
    context = dg.build_asset_context(instance=instance)

    with pytest.raises(dg.DagsterError, match="not set on"):
        context.op_execution_context.get_step_execution_context()


@pytest.mark.filterwarnings("ignore:.* is currently in beta", "ignore::DeprecationWarning")
def test_the_output_of_an_observable_source_asset_has_this_mark(instance, monkeypatch):
    """Metadata of an output that has it is in no event, so that usage is not added to it."""
    seen, original = [], execute_step.execute_core_compute

    def spy(*args: Any, **kwargs: Any) -> Iterator[Any]:
        for event in original(*args, **kwargs):
            if isinstance(event, dg.Output):
                seen.append("__source_asset_observation__" in event.metadata)
            yield event

    @dg.observable_source_asset
    def source():
        return dg.DataVersion("1")

    monkeypatch.setattr(execute_step, "execute_core_compute", spy)
    observe([source], instance=instance)

    assert seen == [True]


def test_an_op_knows_its_function_and_which_of_its_outputs_dagster_makes_by_itself():
    """A generator gives each asset its own usage; an output that is `Nothing` comes without being yielded."""

    @dg.multi_asset(outs={"a": dg.AssetOut(dagster_type=dg.Nothing), "b": dg.AssetOut(is_required=False)})
    def both():
        yield from ()

    outputs = {output.name: output for output in both.op.output_defs}
    function: Any = both.op.compute_fn
    assert function.decorated_fn.__name__ == "both"
    assert (outputs["a"].dagster_type.is_nothing, outputs["a"].is_required) == (True, True)
    assert (outputs["b"].dagster_type.is_nothing, outputs["b"].is_required) == (False, False)


def test_the_result_of_a_check_can_be_replaced_by_one_with_more_metadata():
    """Usage of a check is added to its own result, which is a named tuple."""
    result = dg.AssetCheckResult(passed=True, metadata={"mine": 1}, check_name="good")

    replaced = result._replace(metadata={**result.metadata, "more": dg.MetadataValue.int(2)})

    assert (replaced.passed, replaced.check_name) == (True, "good")
    assert sorted(replaced.metadata) == ["mine", "more"]


def test_every_call_of_the_sdk_goes_through_one_method(api, monkeypatch):
    """`request` is public and wrapped for the span; its options name method, path and body."""
    seen = []

    def spy(client: Any, cast_to: Any, options: Any, **kwargs: Any) -> Any:
        seen.append((options.method.upper(), options.url, (options.json_data or {}).get("model")))
        return original(client, cast_to, options, **kwargs)

    with openai.OpenAI() as client:
        original = openai.OpenAI.request
        monkeypatch.setattr(openai.OpenAI, "request", spy)
        ask(client=client)
        list(client.chat.completions.create(model=MODEL, messages=messages(), stream=True))
        client.chat.completions.with_raw_response.create(model=MODEL, messages=messages())
        client.with_options(max_retries=0).embeddings.create(model="e", input="A poem.")
        client.post("/chat/completions", body={"model": MODEL, "messages": messages()}, cast_to=object)
        client.models.list()

    chat = ("POST", "/chat/completions", MODEL)
    assert seen == [chat, chat, chat, ("POST", "/embeddings", "e"), chat, ("GET", "/models", None)]


@pytest.mark.parametrize(("stream", "closed"), [(False, True), (True, False)])
def test_a_response_is_shown_before_it_is_parsed(stream, closed, api, monkeypatch):
    """`_process_response` is wrapped for the status, the retries, and the body of a stream before it is read:
    `is_closed` says whether that is still to come, and `stream` is what will be read.
    """
    seen, original = [], openai.OpenAI._process_response

    def spy(client: Any, **kwargs: Any) -> Any:
        response = kwargs["response"]
        seen.append((response.status_code, kwargs["retries_taken"], response.is_closed))
        inner = response.stream
        kinds = {kind.__name__ for kind in type(inner).__mro__}
        assert {"SyncByteStream", "AsyncByteStream"} & kinds
        return original(client, **kwargs)

    monkeypatch.setattr(openai.OpenAI, "_process_response", spy)
    api.script(Answer(status=500, retry_after=0.01))
    with openai.OpenAI() as client:
        answer = client.chat.completions.create(model=MODEL, messages=messages(), stream=stream)
        list(answer)

    assert seen == [(200, 1, closed)]


def test_each_attempt_says_how_many_were_before_it(api):
    """`x-stainless-retry-count` of the last request tells the retries of a call that fails in the end."""
    api.script(*[Answer(status=500, retry_after=0.01)] * 3)
    with openai.OpenAI(max_retries=2) as client, pytest.raises(openai.InternalServerError) as caught:
        ask(client=client)

    assert [request.headers["x-stainless-retry-count"] for request in api.requests] == ["0", "1", "2"]
    assert caught.value.response.request.headers["x-stainless-retry-count"] == "2"


@pytest.mark.parametrize("name", ["AzureOpenAI", "AsyncAzureOpenAI"])
def test_a_client_of_azure_is_known_by_the_name_of_its_base(name):
    """Azure has prices of its own."""
    assert "BaseAzureClient" in [kind.__name__ for kind in getattr(openai, name).__mro__]


def test_a_copy_of_a_client_is_another_object_on_the_same_connections(api):
    """A client is lent as a copy that is bound to a step; `with_options` is `copy`; both can be replaced."""
    with openai.OpenAI() as client:
        copy: Any = client.copy()

        assert copy is not client
        assert copy._client is client._client
        assert vars(openai.OpenAI)["with_options"] is vars(openai.OpenAI)["copy"]
        copy.copy = copy.with_options = lambda: None
        assert copy.with_options() is None
        assert client.with_options() is not None


def test_the_extra_body_of_a_call_wins_over_its_body_under_this_name(api):
    """`calls/asked.py` reads what is sent from both; of an option in both the user's own must stay."""
    options = openai._models.FinalRequestOptions(
        method="post",
        url="/chat/completions",
        json_data={"model": "gpt-5", "messages": []},
        extra_json={"model": "gpt-5-mini"},
    )
    with openai.OpenAI() as client:
        client.request(object, options)
    assert api.requests[0].json == {"model": "gpt-5-mini", "messages": []}
