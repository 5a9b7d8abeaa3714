"""The command and its subcommands."""

import click

from dagster_openai_otel.cli.demo_command import demo
from dagster_openai_otel.cli.doctor_command import doctor
from dagster_openai_otel.cli.trace_command import trace
from dagster_openai_otel.cli.usage_command import usage

_EPILOG = """\b
Exit status:
  0  all is well
  1  nothing found (usage, trace), or something found (doctor)
  2  the command was used wrongly, or there is no Dagster instance to read

Colours are for terminals, and only where NO_COLOR is not set. What usage and trace read is the instance of
DAGSTER_HOME.
"""


@click.group(epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dagster-openai-otel", prog_name="dagster-openai-otel")
def main() -> None:
    """Know what the OpenAI calls of your Dagster pipelines used, cost and did."""


for _command in (usage, doctor, trace, demo):
    main.add_command(_command)
