"""What `dagster-openai-otel trace` does: find a run, and say which trace it is."""

import csv
import json
import sys

import click
from dagster import DagsterInstance, DagsterRun, RunsFilter

from dagster_openai_otel import checks
from dagster_openai_otel.cli.failing import NOTHING_FOUND, CommandError
from dagster_openai_otel.cli.instance import opened, records_of
from dagster_openai_otel.errors import SettingError
from dagster_openai_otel.identity import trace_id_of_run
from dagster_openai_otel.settings import resolve

_WHOLE = 36
_LISTED = 5


def show(run_id: str, *, url: str | None, form: str, opens: bool) -> int:
    """Print the trace of a run.

    Args:
        run_id: The id of the run, or its start.
        url: Template of the link; `None` for the one of the settings.
        form: `table`, `json` or `csv`.
        opens: Open the link in a browser.

    Returns:
        The exit status.

    Raises:
        CommandError: The template is none, or there is no link to open, or the start is that of several runs.
    """
    try:
        template = checks.trace_url("--url", url) if url else resolve({}).trace_url
    except SettingError as error:
        raise CommandError(str(error)) from error
    with opened() as instance:
        runs = _find(instance, run_id)
    if not runs:
        click.echo(f"There is no run {run_id!r} in this Dagster instance.", err=True)
        return NOTHING_FOUND
    if len(runs) > 1:
        listed = ", ".join(run.run_id for run in runs[:_LISTED])
        message = f"{run_id!r} is the start of more than one run: {listed}. Give more of it."
        raise CommandError(message)
    told = _told(runs[0], template)
    _print(told, form)
    if opens:
        if told["link"] is None:
            message = "There is no link to open. Set DAGSTER_OPENAI_OTEL_TRACE_URL, or give --url."
            raise CommandError(message)
        click.launch(told["link"])
    return 0


def _told(run: DagsterRun, template: str | None) -> dict[str, str | None]:
    number = f"{trace_id_of_run(run.run_id, run.tags):032x}"
    return {
        "run_id": run.run_id,
        "job": run.job_name,
        "status": run.status.value,
        "trace_id": number,
        "link": template and template.format(trace_id=number),
    }


def _print(told: dict[str, str | None], form: str) -> None:
    if form == "json":
        click.echo(json.dumps(told, indent=2))
    elif form == "csv":
        writer = csv.DictWriter(sys.stdout, list(told), lineterminator="\n")
        writer.writeheader()
        writer.writerow(told)
    else:
        click.echo(f"run    {told['run_id']}  {told['job']}, {told['status']}")
        click.echo(f"trace  {told['trace_id']}")
        where = told["link"] or "none: set DAGSTER_OPENAI_OTEL_TRACE_URL, or give --url"
        click.echo(f"link   {where}")


def _find(instance: DagsterInstance, start: str) -> list[DagsterRun]:
    """The runs whose ids start so, at most as many as are listed."""
    run = instance.get_run_by_id(start)
    if run is not None:
        return [run]
    found = []
    if 0 < len(start) < _WHOLE:
        for record in records_of(instance, RunsFilter()):
            if record.dagster_run.run_id.startswith(start):
                found.append(record.dagster_run)
            if len(found) == _LISTED:
                break
    return found
