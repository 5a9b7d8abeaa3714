"""Ops, in jobs and graphs."""

import dagster as dg

from tests.steps.asking import ask, ask_async
from tests.steps.table.rows import RefusalError, Table

OPS = Table()


@dg.op
def poem(context: dg.OpExecutionContext):
    context.add_output_metadata({"mine": 1})
    return dg.Output(ask("one_op"), metadata={"mine too": 2})


@OPS.row("output one_op.poem 1")
@dg.graph
def one_op():
    poem()


@dg.op
async def async_poem() -> str:
    return await ask_async("async_op")


@OPS.row("output async_op.async_poem 1")
@dg.graph
def async_op():
    async_poem()


@dg.op(out={"short": dg.Out(), "long": dg.Out()})
def two_poems():
    yield dg.Output(ask("several_outputs 1"), output_name="short")
    ask("several_outputs 2")
    yield dg.Output(ask("several_outputs 3"), output_name="long")


@OPS.row("output several_outputs.two_poems 1", "output several_outputs.two_poems 2")
@dg.graph
def several_outputs():
    two_poems()


@dg.op(out={"short": dg.Out(), "long": dg.Out()})
def poems_at_once():
    return ask("outputs_at_once 1"), ask("outputs_at_once 2")


@OPS.row("output outputs_at_once.poems_at_once 2")
@dg.graph
def outputs_at_once():
    poems_at_once()


@dg.op(out=dg.Out(dg.Nothing))
def says_nothing():
    ask("no_value")


@OPS.row("output no_value.says_nothing 1")
@dg.graph
def no_value():
    says_nothing()


@dg.op(out={})
def no_out():
    ask("no_output")


@OPS.row("engine no_output.no_out 1, op no_out")
@dg.graph
def no_output():
    no_out()


@dg.op
def annotated(context) -> dg.Output[str]:
    context.log_event(dg.AssetMaterialization("elsewhere", metadata={"mine": 1}))
    return dg.Output(ask("generic_output"), metadata={"mine": 1})


@OPS.row("output generic_output.annotated 1")
@dg.graph
def generic_output():
    annotated()


@dg.op
def talks_on():
    yield dg.ExpectationResult(success=True, label="mine")
    yield dg.AssetMaterialization("elsewhere")
    yield dg.Output(ask("after_the_output 1"))
    ask("after_the_output 2")


@OPS.row("output after_the_output.talks_on 1", "engine after_the_output.talks_on 1, after the output")
@dg.graph
def after_the_output():
    talks_on()


@dg.op
def refuses():
    ask("failing_op 1")
    ask("failing_op 2")
    raise RefusalError


@dg.op
def waits_in_vain(said: str):
    ask("failing_op and what is skipped")


@OPS.row("engine failing_op.refuses 2, failed attempt 1", fails=True)
@dg.graph
def failing_op():
    waits_in_vain(refuses())


@dg.op(retry_policy=dg.RetryPolicy(max_retries=1))
def second_time(context: dg.OpExecutionContext):
    ask("op_again")
    if context.retry_number == 0:
        raise RefusalError
    return 1


@OPS.row("engine op_again.second_time 1, failed attempt 1", "output op_again.second_time 1")
@dg.graph
def op_again():
    second_time()


@dg.op
def misnames():
    yield dg.Output(ask("misnamed"), output_name="nowhere")


@OPS.row("engine misnamed.misnames 1, failed attempt 1", fails=True)
@dg.graph
def misnamed():
    misnames()


@dg.op(config_schema={"lines": int})
def configured(context: dg.OpExecutionContext) -> int:
    for number in range(context.op_config["lines"]):
        ask(f"with_op_config {number}")
    return 1


@OPS.row("output with_op_config.configured 3", config={"ops": {"configured": {"config": {"lines": 3}}}})
@dg.graph
def with_op_config():
    configured()


@dg.success_hook
def cheers(context: dg.HookContext):
    context.log.info("cheers")


@dg.failure_hook
def sighs(context: dg.HookContext):
    context.log.info("sighs")


@dg.op
def cheered() -> str:
    return ask("hooked 1")


@dg.op(retry_policy=dg.RetryPolicy(max_retries=1))
def sighed():
    ask("hooked 2")
    raise RefusalError


@OPS.row(
    "output hooked.cheered 1",
    "engine hooked.sighed 1, failed attempt 1",
    "engine hooked.sighed 1, failed attempt 2",
    fails=True,
)
@dg.graph
def hooked():
    cheered.with_hooks({cheers, sighs})()
    sighed.with_hooks({cheers, sighs})()
