"""What `dagster-openai-otel doctor` does: look at all that has to be well, and show what is found."""

import csv
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from dagster_openai_otel.cli.definitions import Target, look_at
from dagster_openai_otel.cli.failing import NOTHING_FOUND
from dagster_openai_otel.cli.findings import Finding, info, ok, problem
from dagster_openai_otel.cli.installed import dagster_openai, instrumentors, price_table, versions
from dagster_openai_otel.cli.instance import HOME
from dagster_openai_otel.cli.probe import export
from dagster_openai_otel.cli.screen import console
from dagster_openai_otel.cli.variables import variables
from dagster_openai_otel.words import count

_STYLES = {"ok": "green", "info": "dim", "warning": "yellow", "problem": "red"}
_WIDTH = 9


def run(*, module: str | None, file: str | None, form: str) -> int:
    """Look at everything.

    Args:
        module: With definitions to load; `None` for none.
        file: Likewise.
        form: `table`, `json` or `csv`.

    Returns:
        The exit status.
    """
    findings = list(_findings(module, file))
    if form == "json":
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2, ensure_ascii=False))
    elif form == "csv":
        names = [field.name for field in fields(Finding)]
        writer = csv.DictWriter(sys.stdout, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(finding) for finding in findings)
    else:
        _show(findings, console())
    return NOTHING_FOUND if any(finding.matters for finding in findings) else 0


def _findings(module: str | None, file: str | None) -> Iterator[Finding]:
    yield from versions()
    yield from price_table()
    yield from variables()
    yield _home()
    if module or file:
        yield from look_at(Target(kind="module" if module else "file", name=module or file or ""))
    else:
        yield info(
            "definitions", "not looked at: give -m MODULE or -f FILE to see whether they are instrumented"
        )
    yield from instrumentors()
    yield from dagster_openai()
    yield from export()


def _home() -> Finding:
    home = os.environ.get(HOME, "").strip()
    if not home:
        return info("instance", f"{HOME} is not set: usage and trace need it, runs do without")
    if not Path(home).expanduser().is_dir():
        return problem("instance", f"{HOME} is {home}, which is no folder", f"Make it, or set {HOME} anew.")
    return ok("instance", f"{HOME} is {home}")


def _show(findings: list[Finding], screen: Console) -> None:
    topic = None
    for finding in findings:
        if finding.topic != topic:
            topic = finding.topic
            screen.print(Text(topic, "bold"))
        mark = Text(f"  {finding.level:<{_WIDTH}}", _STYLES[finding.level])
        screen.print(mark + Text(finding.text), soft_wrap=True)
        if finding.fix:
            screen.print(Text(f"  {'':<{_WIDTH}}{finding.fix}"), soft_wrap=True)
    to_mend = sum(finding.matters for finding in findings)
    said = f"{count(to_mend, 'thing')} to mend." if to_mend else "All is well."
    screen.print(Text(f"\n{said}", "red" if to_mend else "green"))
