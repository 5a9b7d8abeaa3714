"""One run of the demo: the pipeline, then what it used, whether the ledger agrees, and the traces."""

import os
import time
from pathlib import Path

import dagster as dg
from rich.console import Console

from dagster_openai_otel.demo.agreement import Account, show_agreement
from dagster_openai_otel.demo.home import LOG, DemoError
from dagster_openai_otel.demo.interrupts import Interrupts
from dagster_openai_otel.demo.pipeline import run_pipeline
from dagster_openai_otel.demo.spans import read_spans
from dagster_openai_otel.demo.stand_in import VARIABLES, Api, chosen_api
from dagster_openai_otel.demo.trace_tree import tree_of
from dagster_openai_otel.demo.usage_report import rows_of, table_of, total_of
from dagster_openai_otel.tally import Sums
from dagster_openai_otel.tracing import sdk_disabled


def show(home: Path, console: Console, interrupts: Interrupts) -> bool:
    """Run the pipeline and show what it did.

    Args:
        home: An empty `DAGSTER_HOME`, which the environment names.
        console: Where to show it.
        interrupts: Those that wait.

    Returns:
        Whether every run succeeded and the ledger, where there is one, agrees with the event log.

    Raises:
        DemoError: OpenTelemetry is turned off.
        KeyboardInterrupt: The user stopped it; no step is running any more.
    """
    if sdk_disabled():
        message = "OTEL_SDK_DISABLED is set to 'true', so nothing would be recorded. Unset it."
        raise DemoError(message)
    began = time.monotonic()
    with chosen_api() as api, dg.DagsterInstance.get() as instance:
        console.print(f"API: {api.name}.")
        run_ids, succeeded = run_pipeline(instance, home, console, interrupts)
        rows = rows_of(instance, run_ids)
        console.print("\n[bold]What it used[/], from Dagster's event log:\n")
        console.print(table_of(rows))
        agrees = _compare(total_of(rows).sums, api, console)
    console.print("\n[bold]What it did[/], from the spans:\n")
    spans = read_spans(home)
    for run_id in run_ids:
        console.print(tree_of(run_id, spans))
    console.print()
    if not succeeded:
        _explain(api, home, console)
    console.print(f"{time.monotonic() - began:.0f} s. To see it in the Dagster UI: [bold]make ui[/]", end="")
    console.print(", or [bold]python -m dagster_openai_otel.demo ui[/]")
    return succeeded and agrees


def _compare(total: Sums, api: Api, console: Console) -> bool:
    if api.bill is None:
        console.print("\nThe real API shows no ledger, so there is nothing to compare this with.")
        return True
    console.print()
    return show_agreement(Account.of_event_log(total), Account.of_ledger(api.bill), console)


def _explain(api: Api, home: Path, console: Console) -> None:
    console.print("[bold red]A step failed[/], so the demo stopped there.")
    if api.bill is None:
        names = " and ".join(VARIABLES)
        console.print(f"If the API did not answer, check {names}; unset both for the stand-in.")
    console.print(f"The stack trace is in the Dagster UI, and other output in {os.path.relpath(home / LOG)}.")
