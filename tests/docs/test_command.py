"""The page about the command shows what the command says today."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from dagster_openai_otel.cli.main import main
from tests.cli.command import call
from tests.cli.conftest import worked

__all__ = ["worked"]

_PAGE = (Path(__file__).parents[2] / "docs" / "command.md").read_text()
_SHOWN = dict(re.findall(r"```console\n\$ dagster-openai-otel (.*?)\n(.*?)\n```", _PAGE, re.DOTALL))
_HELP = [command for command in _SHOWN if command.endswith("--help")]


@pytest.mark.parametrize("command", _HELP)
def test_the_page_shows_the_help(command):
    said = CliRunner().invoke(main, command.split(), prog_name="dagster-openai-otel", terminal_width=78)

    assert _SHOWN[command] == said.output.rstrip()


def test_the_page_shows_the_help_of_every_command():
    assert set(_HELP) == {"--help", *(f"{command} --help" for command in main.commands)}


def test_the_page_shows_the_columns_of_the_table(worked):
    columns = next(
        line for line in call("usage", **worked.environment).output.splitlines() if "calls" in line
    )

    assert columns.split() in [line.split() for line in _SHOWN["usage"].splitlines()]
