"""Ops in graphs: mapped, nested, skipped."""

import dagster as dg

from tests.steps.asking import ask
from tests.steps.table.rows import RefusalError, Table

OP_GRAPHS = Table()


@dg.op(out=dg.DynamicOut())
def words():
    for word in ("one", "two"):
        yield dg.DynamicOutput(ask(f"dynamic {word}"), mapping_key=word, metadata={"mine": word})


@dg.op
def line(word: str) -> str:
    return ask(f"dynamic line of {word}")


@dg.op
def book(lines: list[str]) -> str:
    return ask(f"dynamic {len(lines)}")


@OP_GRAPHS.row(
    "output dynamic.words 1",
    "output dynamic.words 1",
    "output dynamic.line[one] 1",
    "output dynamic.line[two] 1",
    "output dynamic.book 1",
)
@dg.graph
def dynamic():
    book(words().map(line).collect())


@dg.op(out=dg.DynamicOut(str))
def words_at_once() -> list[dg.DynamicOutput[str]]:
    return [dg.DynamicOutput(ask(f"dynamic_at_once {word}"), mapping_key=word) for word in ("one", "two")]


@dg.op(retry_policy=dg.RetryPolicy(max_retries=1))
def second_line(context: dg.OpExecutionContext, word: str) -> str:
    said = ask(f"dynamic_at_once line of {word}")
    if context.retry_number == 0 and context.get_mapping_key() == "two":
        raise RefusalError
    return said


@OP_GRAPHS.row(
    "output dynamic_at_once.words_at_once 2",
    "output dynamic_at_once.second_line[one] 1",
    "engine dynamic_at_once.second_line[two] 1, failed attempt 1",
    "output dynamic_at_once.second_line[two] 1",
)
@dg.graph
def dynamic_at_once():
    words_at_once().map(second_line)


@dg.op
def inner_poem() -> str:
    return ask("nested")


@dg.op
def outer_poem(text: str) -> str:
    return ask(f"nested {text}")


@dg.graph
def innermost():
    return inner_poem()


@dg.graph
def inner():
    return outer_poem(innermost())


@OP_GRAPHS.row("output nested.inner.innermost.inner_poem 1", "output nested.inner.outer_poem 1")
@dg.graph
def nested():
    inner()


@dg.op(out={"left": dg.Out(is_required=False), "right": dg.Out(is_required=False)})
def branches():
    yield dg.Output(ask("branching 1"), output_name="left")
    ask("branching 2")


@dg.op
def on_the_left(said: str):
    ask("branching left")


@dg.op
def on_the_right(said: str):
    ask("branching right, never asked")


@OP_GRAPHS.row(
    "output branching.branches 1",
    "engine branching.branches 1, after the output",
    "output branching.on_the_left 1",
)
@dg.graph
def branching():
    left, right = branches()
    on_the_left(left)
    on_the_right(right)
