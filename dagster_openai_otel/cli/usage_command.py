"""`dagster-openai-otel usage`."""

from datetime import UTC, datetime
from pathlib import Path

import click

from dagster_openai_otel.cli.failing import NOTHING_FOUND
from dagster_openai_otel.cli.kinds import KINDS, TAG
from dagster_openai_otel.cli.periods import Period, moment

_TOP = 20
_EPILOG = """\b
Examples:
  dagster-openai-otel usage                          the last 7 days, by asset
  dagster-openai-otel usage --since 2026-11-01 --until 2026-12-01 --by model
  dagster-openai-otel usage --since all --by tag:team
  dagster-openai-otel usage --asset 'reports/*' --by partition --top 50
  dagster-openai-otel usage --since 4w --html bill.html
  dagster-openai-otel usage --format csv > usage.csv

It reads the event log of the Dagster instance that DAGSTER_HOME names, in SQLite or PostgreSQL, and changes
nothing. Days are those of this machine's time zone. Exit status: 1 where no usage was found.
"""


def _kind(context: click.Context, option: click.Parameter, text: str) -> str:
    if text in KINDS or (text.startswith(TAG) and text != TAG):
        return text
    message = f"{text!r} is none of {', '.join(KINDS)}, tag:NAME"
    raise click.BadParameter(message, context, option)


@click.command(epilog=_EPILOG)
@click.option(
    "--since",
    callback=moment,
    metavar="MOMENT",
    default="7d",
    show_default=True,
    help="From here on: 12h, 7d, 4w, 2026-11-01, 2026-11-01T08:30, today, yesterday, all.",
)
@click.option(
    "--until",
    callback=moment,
    metavar="MOMENT",
    default="now",
    show_default=True,
    help="Before this; same forms.",
)
@click.option(
    "--by",
    callback=_kind,
    default="asset",
    show_default=True,
    metavar="KIND",
    help="Add up by asset, partition, model, job, run, day, or tag:NAME, a tag of the runs.",
)
@click.option(
    "--asset", "assets", multiple=True, metavar="KEY", help="Only this asset; may hold * and be repeated."
)
@click.option(
    "--job", "jobs", multiple=True, metavar="NAME", help="Only this job; may hold * and be repeated."
)
@click.option(
    "--top",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"Show the N dearest, and the others as one row.  [default: {_TOP} in a table, else all]",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
    help="For people, or for programs.",
)
@click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also write a page with charts, which needs nothing beside it.",
)
@click.pass_context
def usage(  # noqa: PLR0913, PLR0917  # one a option, as click gives them
    context: click.Context,
    since: datetime,
    until: datetime,
    by: str,
    assets: tuple[str, ...],
    jobs: tuple[str, ...],
    top: int | None,
    form: str,
    page: Path | None,
) -> None:
    """Show what was spent on the OpenAI API: by asset, partition, model, job, run, day or team.

    Each call counts once, those of failed attempts too.
    """
    if since >= until:
        message = f"--since ({since:%Y-%m-%d %H:%M}) is not before --until ({until:%Y-%m-%d %H:%M})."
        raise click.UsageError(message)
    from dagster_openai_otel.cli.spending import Question  # noqa: PLC0415  # loads Dagster
    from dagster_openai_otel.cli.usage import Wanted, run  # noqa: PLC0415  # as above

    question = Question(period=Period(since=since, until=until), assets=assets, jobs=jobs)
    if form == "table":
        top = top or _TOP
    if not run(question, Wanted(by=by, top=top, form=form, page=page), now=datetime.now(tz=UTC)):
        context.exit(NOTHING_FOUND)
