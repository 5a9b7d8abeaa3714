"""`dagster-openai-otel trace`."""

import click

_EPILOG = """\b
Examples:
  dagster-openai-otel trace 5c6e0b1f
  dagster-openai-otel trace 5c6e0b1f --url 'http://localhost:16686/trace/{trace_id}' --open

The id of a run may be cut short, as the Dagster UI does, where it is that of one run alone. Exit status: 1
where there is no such run.
"""


@click.command(epilog=_EPILOG)
@click.argument("run_id", metavar="RUN_ID")
@click.option(
    "--url",
    metavar="TEMPLATE",
    help="Address of a trace, with {trace_id} in it.  [default: DAGSTER_OPENAI_OTEL_TRACE_URL]",
)
@click.option("--open", "opens", is_flag=True, help="Open the link in a browser.")
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True
)
@click.pass_context
def trace(context: click.Context, run_id: str, url: str | None, form: str, *, opens: bool) -> None:
    """Print the trace of a run: its id, and the link to it."""
    from dagster_openai_otel.cli.trace import show  # noqa: PLC0415  # loads Dagster

    context.exit(show(run_id, url=url, form=form, opens=opens))
