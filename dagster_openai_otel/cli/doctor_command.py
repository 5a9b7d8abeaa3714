"""`dagster-openai-otel doctor`."""

import click

_EPILOG = """\b
Examples:
  dagster-openai-otel doctor
  dagster-openai-otel doctor -m my_project.definitions
  dagster-openai-otel doctor -f definitions.py --format json

Run it where Dagster runs: in the same environment, with the same variables. With -m or -f the definitions are
loaded, in a process of their own, to see whether they call instrument(). Where an OTLP endpoint is set, one
empty export is sent there. Keys and headers are never shown.

\b
Exit status:
  0  all is well
  1  there is something to mend; each finding says how
"""


@click.command(epilog=_EPILOG)
@click.option("-m", "--module", metavar="MODULE", help="The module with your definitions.")
@click.option(
    "-f",
    "--file",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    help="The file with your definitions.",
)
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True
)
@click.pass_context
def doctor(context: click.Context, module: str | None, file: str | None, form: str) -> None:
    """Check whether calls are counted, and whether traces arrive."""
    if module and file:
        message = "Give -m or -f, not both."
        raise click.UsageError(message)
    from dagster_openai_otel.cli.doctor import run  # noqa: PLC0415  # loads what only this needs

    context.exit(run(module=module, file=file, form=form))
