"""What is said of some spending: the rows, the total, and what has to be known to read them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, localcontext

from dagster_openai_otel import conventions
from dagster_openai_otel.cli.grouping import Group, Row
from dagster_openai_otel.cli.periods import ALL, Period
from dagster_openai_otel.pricing import DOLLARS
from dagster_openai_otel.tally import Sums
from dagster_openai_otel.words import count

# each event holds a float, of which 1e-12 dollars are the last digit that can be meant
_SMALLEST = Decimal("1e-12")
NOT_HERE = (
    "Calls of sensors, schedules and of code outside runs are not in the event log: the logs of the ticks and"
    " processes say what they used."
)
"""What no report holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was spent in a period, added up by one kind of thing."""

    period: Period
    began: float
    """Where the curves start, in seconds since 1970."""
    by: str
    rows: Sequence[Row]
    rest: Row | None
    """All groups that are not among the rows; `None` where there are none."""
    total: Group
    prices: Sequence[str]
    """Names and versions of the price tables."""
    runs: int
    """How many were read."""
    events: int
    """How many were read."""

    @property
    def found(self) -> bool:
        """Whether any usage was found: calls, or requests that failed."""
        return self.total.sums != Sums()

    @property
    def when(self) -> str:
        """The period, in the time zone of this machine; of all time, from its first run on."""
        everything = self.period.since == ALL
        began = datetime.fromtimestamp(self.began, tz=UTC) if everything else self.period.since
        return f"{began.astimezone():%Y-%m-%d %H:%M} to {self.period.until.astimezone():%Y-%m-%d %H:%M}"

    @property
    def places(self) -> int:
        """Decimals of dollars: cents where much was spent, and more the less it was."""
        total = self.total.sums.cost_usd or Decimal(0)
        return next((places for bound, places in ((100, 2), (1, 4)) if total >= bound), 6)

    @property
    def every_row(self) -> list[Row]:
        """The rows, and what is not among them."""
        return [*self.rows, *([self.rest] if self.rest else [])]


def notes_of(report: Report) -> list[str]:
    """What has to be known to read the numbers, in whole sentences."""
    sums, notes = report.total.sums, []
    if sums.unpriced_calls:
        calls = count(sums.unpriced_calls, "call")
        notes.append(
            f"{calls} could not be priced in full, so the dollars are too low: see the setting prices."
        )
    if sums.calls_without_usage:
        calls = count(sums.calls_without_usage, "call")
        notes.append(
            f"{calls} did not say the usage, such as streams that were left early: the cost is unknown."
        )
    if report.by == "model" and not _adds_up(report):
        notes.append(
            "The tables by model do not add up to the total: some event was changed after it was written."
        )
    if report.prices:
        notes.append(f"Dollars are list prices by {', '.join(report.prices)}, not the invoice.")
    return [*notes, NOT_HERE]


def numbers_of(sums: Sums, failed_usd: Decimal) -> Mapping[str, int | float | None]:
    """The numbers of a row for machines; `None` for what is not known."""
    usage, prefix = sums.usage, "openai/"
    known = {
        conventions.CALLS: sums.calls,
        conventions.INPUT_TOKENS: usage.input_tokens,
        conventions.CACHED_INPUT_TOKENS: usage.cached_input_tokens,
        conventions.OUTPUT_TOKENS: usage.output_tokens,
        conventions.REASONING_TOKENS: usage.reasoning_tokens,
        conventions.TOTAL_TOKENS: usage.total_tokens,
        conventions.COST_USD: None if sums.cost_usd is None else float(exact(sums.cost_usd)),
        "failed_attempts_usd": float(exact(failed_usd)),
        conventions.UNPRICED_CALLS: sums.unpriced_calls,
        conventions.CALLS_WITHOUT_USAGE: sums.calls_without_usage,
        conventions.FAILED_CALLS: sums.failed_calls,
        conventions.RETRIES: sums.retries,
        conventions.DURATION_S: round(sums.duration_s, 6),
    }
    # what the tables by model do not say, a row of them does not either
    return {name.removeprefix(prefix): number for name, number in known.items()}


def shown(row: Row, report: Report) -> list[str]:
    """The numbers of a row for people: calls, input, cached input, output, dollars, share, failed share."""
    sums, usage = row.group.sums, row.group.sums.usage
    share = share_of(sums.cost_usd or Decimal(0), report.total.sums.cost_usd)
    failed = share_of(row.group.failed_usd, sums.cost_usd)
    unknown = "unknown" if sums.calls else ""
    return [
        f"{sums.calls:,}",
        f"{usage.input_tokens:,}",
        f"{usage.cached_input_tokens or 0:,}",
        f"{usage.output_tokens:,}",
        unknown if sums.cost_usd is None else f"{sums.cost_usd:,.{report.places}f}",
        "" if share is None else f"{share:.1%}",
        f"{failed:.1%}" if failed else "",
    ]


def exact(dollars: Decimal) -> Decimal:
    """Dollars with all digits that can be meant, and no others."""
    with localcontext(DOLLARS):
        return dollars.quantize(_SMALLEST).normalize()


def share_of(part: Decimal, whole: Decimal | None) -> float | None:
    """A part of some dollars, from 0 to 1; `None` where there are none."""
    return float(part / whole) if whole else None


def _adds_up(report: Report) -> bool:
    summed = sum((row.group.sums for row in report.every_row), Sums())
    total = report.total.sums
    return (summed.calls, summed.usage.total_tokens, exact(summed.cost_usd or Decimal(0))) == (
        total.calls,
        total.usage.total_tokens,
        exact(total.cost_usd or Decimal(0)),
    )
