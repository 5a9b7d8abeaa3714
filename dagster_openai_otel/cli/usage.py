"""What `dagster-openai-otel usage` does: read the event log once, and show what it says."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click

from dagster_openai_otel.cli.failing import CommandError
from dagster_openai_otel.cli.grouping import Breakdown, split_by
from dagster_openai_otel.cli.instance import opened
from dagster_openai_otel.cli.page import Charts, write_page
from dagster_openai_otel.cli.report import Report
from dagster_openai_otel.cli.screen import console, progress
from dagster_openai_otel.cli.spending import Question, began, spent_in
from dagster_openai_otel.cli.tables import as_csv, as_json, show


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to make of what is read."""

    by: str
    top: int | None
    """How many rows; `None` for all."""
    form: str
    """`table`, `json` or `csv`."""
    page: Path | None
    """A file for the page; `None` for none."""


def run(question: Question, wanted: Wanted, *, now: datetime) -> bool:
    """Show what was spent.

    Returns:
        Whether anything was found.

    Raises:
        CommandError: There is no instance to read, or the page cannot be written.
    """
    report, charts = _read(question, wanted, now)
    screen = console()
    if wanted.form == "json":
        click.echo(as_json(report))
    elif wanted.form == "csv":
        click.echo(as_csv(report), nl=False)
    elif report.found:
        show(report, screen)
    else:
        click.echo(
            f"No usage of the OpenAI API in {report.runs:,} runs. A longer time: --since 30d, --since all."
        )
    if wanted.page is not None and charts is not None:
        try:
            wanted.page.write_text(write_page(report, charts, question), encoding="utf-8")
        except OSError as error:
            message = f"{wanted.page} cannot be written: {error.strerror}."
            raise CommandError(message) from error
        click.echo(f"Written: {wanted.page}", err=True)
    return report.found


def _read(question: Question, wanted: Wanted, now: datetime) -> tuple[Report, Charts | None]:
    period, prices = question.period, set[str]()
    with opened() as instance, progress() as read:
        ended = min(period.until, now).timestamp()
        start = began(instance, period) or period.since.timestamp()
        kept = wanted.top if wanted.by == "run" else None
        breakdown = Breakdown(split_by(wanted.by), start, ended, kept)
        charts = Charts.empty(start, ended) if wanted.page else None
        for spent in spent_in(instance, question, read):
            breakdown.add(spent)
            if charts is not None:
                charts.add(spent)
            if spent.prices:
                prices.add(spent.prices)
    rows, rest = breakdown.rows(wanted.top, by_name=wanted.by == "day")
    report = Report(
        period=period,
        began=start,
        by=wanted.by,
        rows=rows,
        rest=rest,
        total=breakdown.total,
        prices=sorted(prices),
        runs=read.runs,
        events=read.events,
    )
    return report, charts
