"""`python -m dagster_openai_otel.demo`: run the demo, or open the Dagster UI on it."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from dagster_openai_otel.demo import home as homes
from dagster_openai_otel.demo.interrupts import held_interrupts
from dagster_openai_otel.demo.screen import own_screen

_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo.

    Args:
        arguments: Of the command line; `None` for those of this process.

    Returns:
        The exit status: 0; 1 where something failed or the ledger differs; 130 where it was stopped.
    """
    command = _parser().parse_args(arguments).command
    # a request to end is an interrupt, as it is to Dagster while a run is under way
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console(highlight=False)
    try:
        return 0 if {"run": _run, "ui": _ui}[command](Path(homes.NAME), console) else 1
    except homes.DemoError as error:
        Console(stderr=True, highlight=False).print(
            f"The demo cannot go on: {error}", markup=False, soft_wrap=True
        )
        return 1
    except KeyboardInterrupt:
        console.print("\nStopped. Nothing is left running.")
        return _INTERRUPTED


def _run(folder: Path, console: Console) -> bool:
    home = homes.fresh_home(folder)
    os.environ["DAGSTER_HOME"] = str(home)
    console.print("Starting Dagster ...")
    with held_interrupts() as interrupts, own_screen(home / homes.LOG) as screen:
        from dagster_openai_otel.demo.run import show  # noqa: PLC0415  # loads Dagster, which takes seconds

        return show(home, screen, interrupts)


def _ui(folder: Path, console: Console) -> bool:
    if homes.is_demo_home(folder):
        os.environ["DAGSTER_HOME"] = str(folder.absolute())
    else:
        console.print("There is nothing to see yet, so the demo runs first.")
        _run(folder, console)
    from dagster_openai_otel.demo.ui import serve  # noqa: PLC0415  # as above

    serve(folder.absolute(), console)
    return True


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dagster_openai_otel.demo",
        description="Run a Dagster pipeline that uses the OpenAI API, and show what it used and cost."
        " The API is a stand-in on this machine, unless OPENAI_API_KEY or OPENAI_BASE_URL is set.",
        epilog=f"Everything is kept in {homes.NAME}, in the current folder, which each run makes anew.",
    )
    parser.add_argument(
        "command",
        nargs="?",
        choices=("run", "ui"),
        default="run",
        help="run: run the pipeline (the default). ui: open the Dagster UI on what was run",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
