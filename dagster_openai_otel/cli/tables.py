"""Reports as a table for people, and as JSON and CSV for programs."""

import csv
import json
from collections.abc import Mapping
from decimal import Decimal
from io import StringIO
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from dagster_openai_otel.cli.grouping import Row
from dagster_openai_otel.cli.periods import ALL
from dagster_openai_otel.cli.report import Report, notes_of, numbers_of, share_of, shown
from dagster_openai_otel.cli.screen import fit_for, iso
from dagster_openai_otel.words import count

_BARS = ".▁▂▃▄▅▆▇█"
_PLAIN_BARS = ".:-=+*%#@"
_NUMBERS = ("calls", "input", "cached", "output", "dollars", "share", "failed")
# of a run's id, as in the Dagster UI
_SHORT = 8
# told by an event's numbers, and not by its table by model
_NOT_BY_MODEL = ("unpriced_calls", "calls_without_usage", "failed_calls", "retries", "duration_s")


def show(report: Report, console: Console) -> None:
    """A report as a table, with a line before and notes after it."""
    console.print(f"[bold]What was spent[/], {report.when}, by {escape(report.by)}:\n", soft_wrap=True)
    console.print(_table(report, fit_for(console, _BARS, _PLAIN_BARS)))
    failed = share_of(report.total.failed_usd, report.total.sums.cost_usd)
    if failed:
        console.print(
            f"\n[yellow]{failed:.1%}[/] of the dollars went into attempts that failed.", soft_wrap=True
        )
    else:
        console.print()
    for note in notes_of(report):
        console.print(note, style="dim", markup=False, soft_wrap=True)


def as_json(report: Report) -> str:
    """A report as one JSON object."""
    found = {
        "since": None if report.period.since == ALL else iso(report.period.since),
        "until": iso(report.period.until),
        "by": report.by,
        "runs_read": report.runs,
        "events_read": report.events,
        "rows": [_record(row, report.by) for row in report.rows],
        "rest": report.rest and _record(report.rest, report.by),
        "total": numbers_of(report.total.sums, report.total.failed_usd),
        "notes": notes_of(report),
    }
    return json.dumps(found, indent=2, ensure_ascii=False)


def as_csv(report: Report) -> str:
    """The rows of a report as CSV with a header; the last row is what the others leave out, if anything."""
    written = StringIO()
    records = [_record(row, report.by) for row in report.every_row]
    names = [report.by, *numbers_of(report.total.sums, Decimal(0))]
    writer = csv.DictWriter(written, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return written.getvalue()


def _record(row: Row, by: str) -> dict[str, Any]:
    numbers: Mapping[str, Any] = numbers_of(row.group.sums, row.group.failed_usd)
    if by == "model":
        numbers = {name: None if name in _NOT_BY_MODEL else number for name, number in numbers.items()}
    return {by: row.name, **numbers}


def _table(report: Report, bars: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column(report.by, overflow="ellipsis", no_wrap=True)
    for name in _NUMBERS:
        table.add_column(name, justify="right", no_wrap=True)
    if report.by != "day":
        table.add_column("over time", no_wrap=True, style="cyan")
    for row in report.every_row:
        table.add_row(*_cells(row, report, bars))
    table.add_section()
    name = f"total of {count(report.runs, 'run')}"
    table.add_row(*_cells(Row(name=name, group=report.total), report, bars), style="bold")
    return table


def _cells(row: Row, report: Report, bars: str) -> list[Text | str]:
    shortened = report.by == "run" and row in report.rows
    *numbers, failed = shown(row, report)
    return [
        Text(row.name[:_SHORT] if shortened else row.name),
        *numbers,
        Text(failed, "yellow"),
        *([] if report.by == "day" else [_curve(row.group.curve, bars)]),
    ]


def _curve(curve: list[float], bars: str) -> str:
    """A bar a part of the time; the lowest stands for nothing at all."""
    highest = max(curve) or 1.0
    steps = len(bars) - 2
    return "".join(bars[1 + round(spent / highest * steps)] if spent > 0 else bars[0] for spent in curve)
