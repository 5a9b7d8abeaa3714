"""Plays a row twice, with the bare SDK and with the library, and tells what is to be true of it."""

import gc
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider

from dagster_openai_otel import processor
from dagster_openai_otel.processor import DagsterSpanProcessor
from dagster_openai_otel.scope import StepScope, entered
from dagster_openai_otel.tally import Tally
from dagster_openai_otel.testing import Bill
from dagster_openai_otel.usage import FIELDS, Usage
from tests.calls.either import got
from tests.calls.instrumenting import instrumented_with, not_instrumented
from tests.calls.ways import Outcome, outcome
from tests.matrix.rows import KEPT, Row

_BOUNDARY = re.compile(r"boundary=([0-9a-zA-Z'()+_,./:=?-]+)")
Beside = Callable[[TracerProvider], AbstractContextManager[object]]
_NANODOLLAR = Decimal("1e-9")


@dataclass(frozen=True, kw_only=True)
class Truths:
    """What is true of a row that was played; all of it plain data."""

    calls: int
    without_usage: int
    """Calls that did not say their usage."""
    unpriced: int
    """Calls that said it, and have no price."""
    tokens: dict[str, int]
    """Every count that there is, an unreported one as 0."""
    cost_usd: Decimal
    open_calls: int
    spans_left_open: int
    raised: str
    """Name of the exception that the user gets; empty where there is none."""
    result: Any
    """What the user gets: values, or the exception's type and message."""
    requests: Sequence[Any]
    """What the server sees: method, path, query, headers and body of each."""


class OpenSpans(SpanProcessor):
    """Knows the spans that have not ended."""

    def __init__(self) -> None:
        self.ids: set[int] = set()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        self.ids.add(span.get_span_context().span_id)

    def on_end(self, span: ReadableSpan) -> None:
        ended = span.get_span_context()
        assert ended is not None
        self.ids.discard(ended.span_id)


class Player:
    """Plays rows, all with one tracer provider, each with a memory of its own of what was counted.

    Args:
        beside: What else is on the SDK, with the library.
    """

    def __init__(self, beside: Beside = nullcontext) -> None:
        self._beside = beside
        self._open = OpenSpans()
        self._provider = TracerProvider(shutdown_on_exit=False)
        self._provider.add_span_processor(DagsterSpanProcessor())
        self._provider.add_span_processor(self._open)

    def play(self, row: Row) -> tuple[Truths, Truths]:
        """What is true of a row, and what is to be true of it."""
        with not_instrumented(), row.stand_in() as api:
            bare = _outcome(row, api)
        scope = StepScope(run_id="", step_key="matrix")
        with (
            self._beside(self._provider),
            instrumented_with(self._provider, stream_usage=row.stream_usage),
            entered(scope),
            row.stand_in() as api,
        ):
            seen = _outcome(row, api)
        return self._truths(scope, seen), _expected(row, api.bill, bare)

    def _truths(self, scope: StepScope, seen: Outcome) -> Truths:
        sums = sum(scope.ledger.take().values(), Tally()).sums
        left_open = len(self._open.ids | processor._claims.keys())
        # so that one failure stays one
        self._open.ids.clear()
        processor._claims.clear()
        return Truths(
            calls=sums.calls,
            without_usage=sums.calls_without_usage,
            unpriced=sums.unpriced_calls,
            tokens=_tokens(sums.usage),
            cost_usd=(sums.cost_usd or Decimal(0)).quantize(_NANODOLLAR),
            open_calls=len(scope.open_calls),
            spans_left_open=left_open,
            raised=_raised(seen.result),
            result=seen.result,
            requests=seen.requests,
        )


def _expected(row: Row, bill: Bill, bare: Outcome) -> Truths:
    """What the ledger and the bare SDK say."""
    reported = [call for call in bill.calls if call.reported]
    raised = _raised(bare.result)
    priced = [call.cost_usd for call in reported if call.cost_usd is not None]
    return Truths(
        calls=len(bill.calls),
        without_usage=len(bill.calls) - len(reported),
        unpriced=len(reported) - len(priced),
        tokens=_tokens(sum((call.usage for call in reported), Usage())),
        cost_usd=sum(priced, Decimal(0)).quantize(_NANODOLLAR),
        open_calls=row.open_calls,
        spans_left_open=0,
        raised=raised if raised in row.raises.split("|") else row.raises,
        result=bare.result,
        requests=row.sends(bare),
    )


def _outcome(row: Row, api: Any) -> Outcome:
    async def steps(client: Any) -> Any:
        return await got(row.call(client))

    seen = outcome(steps, row.kind, api, *row.answers, **row.options(api, row.kind))
    KEPT.clear()
    _collect()
    return Outcome(result=seen.result, requests=[_with_one_boundary(request) for request in seen.requests])


def _raised(result: Any) -> str:
    is_error = isinstance(result, tuple) and isinstance(result[0], type)
    return result[0].__name__ if is_error else ""


def _tokens(usage: Usage) -> dict[str, int]:
    return {name: getattr(usage, name) or 0 for name in FIELDS}


def _with_one_boundary(request: tuple[Any, ...]) -> tuple[Any, ...]:
    """A request as it came, but for the random words between the parts of a form."""
    method, path, query, headers, body = request
    found = _BOUNDARY.search(headers.get("content-type", ""))
    if found is None:
        return request
    plain = {**headers, "content-type": headers["content-type"].replace(found[1], "boundary")}
    return (method, path, query, plain, body.replace(found[1].encode(), b"boundary"))


def _collect() -> None:
    """Collect garbage; what survives is not looked at again, so that the next time is quick."""
    gc.collect()
    gc.freeze()
