"""The command as it is installed: its help, its start, its colours."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from dagster_openai_otel.cli.main import main
from tests.cli.command import call
from tests.processes import run_python

COMMANDS = ["usage", "doctor", "trace", "demo"]
INSTALLED = str(Path(sys.executable).with_name("dagster-openai-otel"))


def on_a_terminal(*arguments: str, **environment: str) -> str:
    """What the installed command writes to a terminal."""
    ours, theirs = pty.openpty()
    inherited = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}}
    with subprocess.Popen(  # noqa: S603  # our own command
        [INSTALLED, *arguments],
        env=inherited | {"TERM": "xterm", "COLUMNS": "160"} | environment,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    ):
        os.close(theirs)
        said = b""
        try:
            while part := os.read(ours, 4096):
                said += part
        except OSError:
            # how Linux says that the other end is closed
            pass
    os.close(ours)
    return said.decode()


@pytest.mark.parametrize("arguments", [["--help"], *([command, "--help"] for command in COMMANDS)])
def test_help_loads_neither_dagster_nor_openai(arguments):
    loaded = run_python(f"""
        import contextlib, io, sys
        from dagster_openai_otel.cli.main import main
        with contextlib.redirect_stdout(io.StringIO()):
            main({arguments!r}, standalone_mode=False)
        print([name for name in ("dagster", "openai", "rich", "opentelemetry.sdk") if name in sys.modules])
    """)

    assert loaded == "[]\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples(command):
    ended = call(command, "--help")

    assert ended.status == 0
    assert f"Examples:\n    dagster-openai-otel {command}" in ended.output


def test_help_says_what_the_exit_statuses_mean():
    assert "Exit status:\n    0  all is well\n    1  " in call("-h").output


def test_every_command_is_listed():
    assert sorted(main.commands) == sorted(COMMANDS)


def test_the_module_is_the_command():
    said = run_python("""
        import runpy, sys
        sys.argv = ["x", "--version"]
        runpy.run_module("dagster_openai_otel", run_name="__main__")
    """)

    assert said.startswith("dagster-openai-otel, version 0.")


@pytest.mark.slow
def test_colours_are_for_terminals_that_want_them(worked):
    assert "\x1b[1m" in on_a_terminal("usage", **worked.environment)
    assert "\x1b[3" not in on_a_terminal("usage", NO_COLOR="1", **worked.environment)
    assert "\x1b" not in on_a_terminal("usage", TERM="dumb", **worked.environment)
