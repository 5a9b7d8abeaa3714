"""Links between spans: what a step depends on and tries again, what a run was made from."""

from dagster import OpExecutionContext
from opentelemetry.trace import Link, SpanContext, TraceFlags

from dagster_openai_otel import conventions
from dagster_openai_otel.identity import span_id
from dagster_openai_otel.scope import StepScope
from dagster_openai_otel.steps.ending import EndedRun
from dagster_openai_otel.steps.traces import RunTrace, RunTraces
from dagster_openai_otel.steps.upstream import dependencies_of


def links_of_step(
    context: OpExecutionContext, scope: StepScope, run: RunTrace, traces: RunTraces
) -> list[Link]:
    """Links of one attempt of a step: to the steps that its inputs come from, and to the attempt before.

    Args:
        context: The step's.
        scope: The attempt.
        run: The trace of its run.
        traces: Those of other runs.
    """
    links = []
    for source in dependencies_of(context):
        if source.run_id == scope.run_id:
            span = _attempt(run, source.run_id, source.step_key, source.retry_number)
        else:
            span = traces.past(source.run_id, context.instance).span(source.step_key)
        links.append(_link("depends_on", span, source.step_key))
    # the last, as the SDK drops the first ones where there are too many
    if scope.retry_number > 0:
        before = _attempt(run, scope.run_id, scope.step_key, scope.retry_number - 1)
        links.append(_link("previous_attempt", before, scope.step_key))
    return links


def links_of_run(ended: EndedRun, traces: RunTraces) -> list[Link]:
    """Links of a run: to the run that it was made from, to the first of these, and to who called it.

    Args:
        ended: The run.
        traces: Those of other runs.
    """
    run, links = ended.run, []
    if run.parent_run_id:
        links.append(_link("parent_run", traces.past(run.parent_run_id, ended.instance).span()))
    if run.root_run_id and run.root_run_id != run.parent_run_id:
        links.append(_link("root_run", traces.past(run.root_run_id, ended.instance).span()))
    if ended.around.is_valid:
        links.append(_link("caller", ended.around))
    return links


def _attempt(run: RunTrace, run_id: str, step_key: str, retry_number: int) -> SpanContext:
    flags = TraceFlags(TraceFlags.SAMPLED)
    number = span_id(run_id, step_key, retry_number)
    return SpanContext(run.ids.trace_id, number, is_remote=True, trace_flags=flags)


def _link(kind: str, span: SpanContext, step_key: str | None = None) -> Link:
    attributes = {conventions.LINK: kind}
    if step_key is not None:
        attributes[conventions.STEP_KEY] = step_key
    return Link(span, attributes)
