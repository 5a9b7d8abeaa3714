"""Several steps that make one asset, or several: the last step of an asset has its materialization."""

import dagster as dg

from tests.steps.asking import ask
from tests.steps.table.rows import Table

GRAPH_ASSETS = Table()


@dg.op
def draft() -> str:
    return ask("outcome_of_a_graph 1")


@dg.op
def polish(text: str) -> str:
    ask(f"outcome_of_a_graph {text}")
    return ask("outcome_of_a_graph 3")


@GRAPH_ASSETS.row(
    "materialization outcome_of_a_graph 2",
    "observation outcome_of_a_graph 1, op draft",
)
@dg.graph_asset
def outcome_of_a_graph():
    return polish(draft())


@dg.op
def first_draft() -> str:
    return ask("graph_of_several 1")


@dg.op
def shorten(text: str) -> str:
    return ask(f"graph_of_several {text}")


@dg.op
def lengthen(text: str) -> str:
    ask(f"graph_of_several please {text}")
    return ask("graph_of_several 4")


@GRAPH_ASSETS.row(
    "materialization short 1",
    "materialization long 2",
    "observation long 1, op first_draft, even split over 2 assets",
    "observation short 0, op first_draft, even split over 2 assets",
)
@dg.graph_multi_asset(outs={"short": dg.AssetOut(), "long": dg.AssetOut()})
def graph_of_several():
    text = first_draft()
    return {"short": shorten(text), "long": lengthen(text)}


@dg.op(out=dg.DynamicOut())
def words():
    for word in ("one", "two"):
        yield dg.DynamicOutput(ask(f"graph_with_a_map {word}"), mapping_key=word)


@dg.op
def line(context: dg.OpExecutionContext, word: str) -> str:
    said = ask(f"graph_with_a_map please {word}")
    if context.retry_number == 0 and context.get_mapping_key() == "two":
        raise dg.RetryRequested(max_retries=1)
    return said


@dg.op
def book(lines: list[str]) -> str:
    return ask(f"graph_with_a_map {len(lines)}")


@GRAPH_ASSETS.row(
    "observation graph_with_a_map 2, op words",
    "observation graph_with_a_map 1, op line",
    "observation graph_with_a_map 1, failed attempt 1",
    "observation graph_with_a_map 1, op line",
    "materialization graph_with_a_map 1",
)
@dg.graph_asset
def graph_with_a_map():
    return book(words().map(line).collect())


@dg.op
def unchecked() -> str:
    return ask("graph_with_a_check 1")


@dg.op
def judge(text: str):
    ask(f"graph_with_a_check {text}")
    ask("graph_with_a_check 3")
    return dg.AssetCheckResult(passed=True, asset_key="graph_with_a_check", check_name="good")


@GRAPH_ASSETS.row("materialization graph_with_a_check 1", "check graph_with_a_check:good 2")
@dg.graph_asset(check_specs=[dg.AssetCheckSpec("good", asset="graph_with_a_check")])
def graph_with_a_check():
    text = unchecked()
    return {"result": text, "graph_with_a_check_good": judge(text)}
