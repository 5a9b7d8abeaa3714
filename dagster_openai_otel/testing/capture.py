"""`capture_usage()`: what some code asked of the OpenAI API, for the tests of that code."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal

from dagster_openai_otel.ledger import Ledger
from dagster_openai_otel.processor import unwatch, watch
from dagster_openai_otel.tally import Model, Sums, Tally
from dagster_openai_otel.usage import Usage
from dagster_openai_otel.wiring import instrument


class CapturedUsage:
    """What was asked for so far; can be read in the block and after it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._tally = Tally()

    @property
    def sums(self) -> Sums:
        """All counts: calls, tokens, dollars, failures, retries, calls that did not say their usage."""
        return self._all().sums

    @property
    def calls(self) -> int:
        """Requests that the API can bill for and answered."""
        return self.sums.calls

    @property
    def usage(self) -> Usage:
        """Tokens."""
        return self.sums.usage

    @property
    def cost_usd(self) -> Decimal | None:
        """US dollars; `None` where nothing could be priced."""
        return self.sums.cost_usd

    @property
    def by_model(self) -> Mapping[Model, Sums]:
        """The same counts, one entry a model and service tier."""
        return self._all().by_model

    def _all(self) -> Tally:
        self._tally = sum(self._ledger.take().values(), self._tally)
        return self._tally


@contextmanager
def capture_usage() -> Iterator[CapturedUsage]:
    """Capture what this process asks of the OpenAI API while the block runs, in a Dagster step or not.

    It calls `instrument()`, and counts requests when they end: a stream once it is read or closed.

    Yields:
        What was used so far.
    """
    instrument()
    ledger = Ledger()
    watch(ledger)
    try:
        yield CapturedUsage(ledger)
    finally:
        unwatch(ledger)
