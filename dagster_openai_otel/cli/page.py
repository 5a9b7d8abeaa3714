"""One page with charts, for whoever pays: one file, without scripts, without anything from elsewhere."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from html import escape
from importlib.metadata import version
from pathlib import Path
from string import Template

from dagster_openai_otel.cli.charts import Bar, bars, dollars, stacked_columns
from dagster_openai_otel.cli.grouping import Breakdown, Row, name_of_model, split_by
from dagster_openai_otel.cli.report import Report, notes_of, share_of, shown
from dagster_openai_otel.cli.spending import Question, Spent
from dagster_openai_otel.cli.times import Columns
from dagster_openai_otel.words import count

_HERE = Path(__file__).parent
_BARS = 12
_FEW_BARS = 5
_HEADS = ("calls", "input tokens", "cached", "output tokens", "dollars", "share", "failed")


@dataclass(slots=True, kw_only=True)
class Charts:
    """What the charts of the page show, as it is added up."""

    columns: Columns
    assets: Breakdown
    models: Breakdown
    jobs: Breakdown
    amounts: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    """Dollars by column and model."""

    @classmethod
    def empty(cls, began: float, ended: float) -> "Charts":
        """Nothing yet, over a time in seconds since 1970."""
        return cls(
            columns=Columns.over(began, ended),
            assets=Breakdown(split_by("asset"), began, ended),
            models=Breakdown(split_by("model"), began, ended),
            jobs=Breakdown(split_by("job"), began, ended),
        )

    def add(self, spent: Spent) -> None:
        """Count an event."""
        for breakdown in (self.assets, self.models, self.jobs):
            breakdown.add(spent)
        column = self.columns.column_of(spent.moment)
        for model, sums in spent.by_model.items():
            place = (column, name_of_model(model))
            self.amounts[place] = self.amounts.get(place, Decimal(0)) + (sums.cost_usd or Decimal(0))


def write_page(report: Report, charts: Charts, question: Question) -> str:
    """The page, as HTML."""
    page = Template((_HERE / "page.html").read_text(encoding="utf-8"))
    return page.substitute(
        style=(_HERE / "page.css").read_text(encoding="utf-8"),
        period=escape(report.when),
        filters=_filters(question),
        figures=_figures(report),
        unit=charts.columns.unit,
        over_time=stacked_columns(charts.columns.names(), charts.amounts),
        assets=_bars(charts.assets, _BARS, "Dollars by asset"),
        models=_bars(charts.models, _FEW_BARS, "Dollars by model"),
        jobs=_bars(charts.jobs, _FEW_BARS, "Dollars by job"),
        by=escape(report.by),
        heads="".join(f'<th scope="col">{head}</th>' for head in _HEADS),
        rows="".join(_line(row, report) for row in report.every_row),
        total=_line(Row(name="total", group=report.total), report),
        notes="".join(f"<p>{escape(note)}</p>\n" for note in notes_of(report)),
        made=f"{datetime.now(tz=UTC).astimezone():%Y-%m-%d %H:%M %Z}",
        version=version("dagster-openai-otel"),
        runs=count(report.runs, "run"),
    )


def _filters(question: Question) -> str:
    filters = (
        f"{name} {', '.join(patterns)}"
        for name, patterns in (("assets", question.assets), ("jobs", question.jobs))
        if patterns
    )
    return escape("".join(f" · only {text}" for text in filters))


def _figures(report: Report) -> str:
    sums = report.total.sums
    failed = share_of(report.total.failed_usd, sums.cost_usd) or 0.0
    figures = [
        ("first", "unknown" if sums.cost_usd is None else dollars(sums.cost_usd), "spent"),
        ("", f"{sums.calls:,}", "calls"),
        ("", _short(sums.usage.input_tokens), "tokens in"),
        ("", _short(sums.usage.output_tokens), "tokens out"),
        ("bad" if failed else "", f"{failed:.1%}", "spent in attempts that failed"),
    ]
    if unknown := sums.unpriced_calls + sums.calls_without_usage:
        figures.append(("bad", f"{unknown:,}", "calls of unknown cost"))
    return "".join(
        f'<div class="figure {kind}"><b>{escape(number)}</b><span>{what}</span></div>\n'
        for kind, number, what in figures
    )


def _short(tokens: int) -> str:
    """Tokens for people: `812`, `34.5k`, `12.3M`."""
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**4)):
        if tokens >= size:
            return f"{tokens / min(size, 1000 if unit == 'k' else size):.1f}{unit}"
    return f"{tokens:,}"


def _bars(breakdown: Breakdown, top: int, label: str) -> str:
    rows, rest = breakdown.rows(top)
    shown: Iterable[Row] = [*rows, *([rest] if rest else [])]
    return bars(
        [
            Bar(
                name=row.name,
                amount=row.group.sums.cost_usd or Decimal(0),
                part=row.group.failed_usd,
            )
            for row in shown
        ],
        label,
    )


def _line(row: Row, report: Report) -> str:
    told = "".join(f"<td>{cell}</td>" for cell in shown(row, report))
    return f'<tr><th scope="row">{escape(row.name)}</th>{told}</tr>\n'
