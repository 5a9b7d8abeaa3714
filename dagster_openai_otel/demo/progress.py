"""What a run does, as it does it: lines as steps end, and on a terminal one for each step under way."""

import time
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from dagster import DagsterEvent, DagsterEventType
from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from dagster_openai_otel import conventions
from dagster_openai_otel.demo.figures import sums_of_span
from dagster_openai_otel.demo.spans import read_spans
from dagster_openai_otel.demo.usage_report import row_of
from dagster_openai_otel.tally import Sums
from dagster_openai_otel.words import count, phrase

_KINDS = DagsterEventType
_PER_SECOND = 4


@dataclass(slots=True, kw_only=True)
class _Step:
    """A step that is under way."""

    label: str
    attempt: int = 1
    began: float = field(default_factory=time.monotonic)
    used: Sums = field(default_factory=Sums)
    """What its materializations, observations and check results say so far."""


class Progress:
    """Shows the events of one run.

    Args:
        console: Where to.
        home: `DAGSTER_HOME`, whose spans tell what steps under way have used.
        run_id: The run.
        partition: The run's partition; `None` for none.
    """

    def __init__(self, console: Console, home: Path, run_id: str, partition: str | None) -> None:
        self._console = console
        self._home = home
        self._run_id = run_id
        self._partition = partition
        self._running: dict[str, _Step] = {}
        self._attempts: dict[str, int] = {}
        self._interrupted = False

    def follow(self, events: Iterable[DagsterEvent]) -> None:
        """Show the events of the run, to its end.

        Raises:
            KeyboardInterrupt: The run was interrupted, and has ended.
        """
        with self._live() if self._console.is_terminal else nullcontext():
            for event in events:
                self._show(event)
        if self._interrupted:
            # Dagster keeps it to itself, and ends the run as one that failed
            raise KeyboardInterrupt

    def _live(self) -> Live:
        return Live(
            get_renderable=self._under_way,
            console=self._console,
            refresh_per_second=_PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def _show(self, event: DagsterEvent) -> None:
        self._interrupted = self._interrupted or _is_interrupt(event)
        key = event.step_key
        if key is None or self._interrupted:
            return
        if event.event_type is _KINDS.STEP_WORKER_STARTING:
            self._begin(key)
        step = self._running.get(key)
        if step is not None:
            row = row_of(event)
            step.used += row.sums if row else Sums()
            ending = _ending(event, step)
            if ending is not None:
                del self._running[key]
                self._say(step, *ending)

    def _begin(self, key: str) -> None:
        attempt = self._attempts[key] = self._attempts.get(key, 0) + 1
        label = f"{key} {self._partition}" if self._partition else key
        step = self._running[key] = _Step(label=label, attempt=attempt)
        if not self._console.is_terminal:
            self._say(step, "started", "")

    def _say(self, step: _Step, text: str, style: str) -> None:
        self._console.print(Text.assemble(f"  {step.label:<20}", (text, style)), soft_wrap=True)

    def _under_way(self) -> Table:
        """The steps under way, with what they have used so far."""
        table = Table.grid(padding=(0, 1))
        spans = read_spans(self._home)
        for key, step in list(self._running.items()):
            of_step = {
                conventions.RUN_ID: self._run_id,
                conventions.STEP_KEY: key,
                conventions.RETRY_NUMBER: step.attempt - 1,
            }.items()
            used = sum((sums_of_span(span) for span in spans if of_step <= span.attributes.items()), Sums())
            so_far = f", {phrase(used)} so far" if used.calls else ""
            seconds = time.monotonic() - step.began
            table.add_row(Spinner("dots"), f"{step.label:<20}{seconds:.0f} s{so_far}")
        return table


def _is_interrupt(event: DagsterEvent) -> bool:
    return event.event_type is _KINDS.ENGINE_EVENT and "steps_interrupted" in event.engine_event_data.metadata


def _ending(event: DagsterEvent, step: _Step) -> tuple[str, str] | None:
    """How a step has ended, and the style of the line; `None` while it has not."""
    seconds = f"{time.monotonic() - step.began:.1f} s"
    if event.event_type is _KINDS.STEP_SUCCESS:
        return f"done in {seconds}: {phrase(step.used)}", "green"
    if event.event_type is _KINDS.STEP_UP_FOR_RETRY:
        calls = count(step.used.calls, "call")
        return f"attempt {step.attempt} failed after {calls}: its usage is kept", "yellow"
    if event.event_type is _KINDS.STEP_FAILURE:
        return f"failed after {seconds}: {_reason_of(event)}", "red"
    return None


def _reason_of(failure: DagsterEvent) -> str:
    """The first line of what was raised in the code of a step that failed."""
    error = failure.step_failure_data.error
    if error is None:
        return "for an unknown reason"
    return (error.cause or error).message.strip().partition("\n")[0]
