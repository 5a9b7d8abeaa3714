"""`dagster-openai-otel demo`."""

import click

_EPILOG = """\b
Examples:
  dagster-openai-otel demo       run it
  dagster-openai-otel demo ui    see what was run in the Dagster UI
"""


@click.command(epilog=_EPILOG)
@click.argument("what", type=click.Choice(["run", "ui"]), default="run")
@click.pass_context
def demo(context: click.Context, what: str) -> None:
    """Run a small pipeline against a stand-in for the API, without a key or a bill.

    It shows what each asset used and cost, whether the ledger of the stand-in agrees, and the trace. All is
    kept in .demo, in the current folder. With OPENAI_API_KEY or OPENAI_BASE_URL set, the calls go there.
    """
    from dagster_openai_otel.demo.__main__ import main  # noqa: PLC0415  # loads what only this needs

    context.exit(main([what]))
