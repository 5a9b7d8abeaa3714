"""The trace of a run as a tree: the run, its steps, their requests, with durations."""

from collections.abc import Iterable, Sequence

from rich.text import Text
from rich.tree import Tree

from dagster_openai_otel import conventions, identity
from dagster_openai_otel.demo.figures import sums_of_span
from dagster_openai_otel.demo.spans import SpanRecord
from dagster_openai_otel.tally import Sums

SHOWN = 3
"""How many requests of a step are shown, and how many more that failed or were sent again."""


def tree_of(run_id: str, spans: Iterable[SpanRecord]) -> Tree:
    """The tree of a run.

    Args:
        run_id: The run, whose id is the trace's.
        spans: Spans of any traces, by the time at which they began.

    Returns:
        The tree, whose root is the trace.
    """
    trace = f"0x{identity.trace_id(run_id):032x}"
    own = [span for span in spans if span.trace_id == trace]
    ids = {span.span_id for span in own}
    children: dict[str | None, list[SpanRecord]] = {}
    for span in own:
        children.setdefault(span.parent_id if span.parent_id in ids else None, []).append(span)
    roots = children.pop(None, [])
    tree = Tree(Text(f"trace {trace[2:]}", style="dim"))
    for root in roots:
        _grow(tree, root, children)
    return tree


def _grow(tree: Tree, span: SpanRecord, children: dict[str | None, list[SpanRecord]]) -> None:
    branch = tree.add(_label(span))
    below = children.get(span.span_id, [])
    leaves = [child for child in below if child.span_id not in children]
    hidden = _hidden([leaf for leaf in leaves if _is_request(leaf)])
    for child in below:
        if child not in hidden:
            _grow(branch, child, children)
    if hidden:
        branch.add(_summary(hidden))


def _hidden(requests: Sequence[SpanRecord]) -> list[SpanRecord]:
    """The requests that are left out: none where one line more would show them."""
    rest = requests[SHOWN:]
    notable = [request for request in rest if request.failed or sums_of_span(request).retries]
    hidden = [request for request in rest if request not in notable[:SHOWN]]
    return hidden if len(hidden) > 1 else []


def _is_request(span: SpanRecord) -> bool:
    return conventions.URL_TEMPLATE in span.attributes


def _label(span: SpanRecord) -> Text:
    """Name and duration, and what else there is to say."""
    said = span.attributes
    request = _is_request(span)
    label = Text.assemble((span.name, "" if request else "bold"), f"  {span.seconds:.2f} s")
    if request:
        label.append(_spent(sums_of_span(span)), style="cyan")
    elif said.get(conventions.PARTITION_KEY):
        label.append(f"  {said[conventions.PARTITION_KEY]}", style="cyan")
    if said.get(conventions.RETRY_NUMBER) and not request:
        label.append(f"  attempt {said[conventions.RETRY_NUMBER] + 1}", style="yellow")
    if said.get(conventions.HTTP_RESEND_COUNT):
        label.append(f"  sent {said[conventions.HTTP_RESEND_COUNT] + 1} times", style="yellow")
    if span.failed:
        error = said.get(conventions.ERROR_TYPE, "")
        label.append(f"  failed  {error.rpartition('.')[2]}".rstrip(), style="red")
    return label


def _summary(hidden: Sequence[SpanRecord]) -> Text:
    seconds = sum(span.seconds for span in hidden)
    spent = _spent(sum((sums_of_span(span) for span in hidden), Sums()))
    return Text.assemble((f"and {len(hidden)} more", "dim"), f"  {seconds:.2f} s", (spent, "cyan"))


def _spent(sums: Sums) -> str:
    """Tokens and dollars of requests; nothing where no answer came."""
    if not sums.calls:
        return ""
    cost = "" if sums.cost_usd is None else f"  ${sums.cost_usd:.6f}"
    return f"  {sums.usage.input_tokens:,} in, {sums.usage.output_tokens:,} out{cost}"
