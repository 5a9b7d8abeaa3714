"""The demo in a process of its own, in a process group of its own, in an empty folder."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

_OURS = ("OPENAI_", "AZURE_OPENAI_", "OTEL_", "DAGSTER_")
_GONE_SECONDS = 5
# for a machine that has much else to do
_END_SECONDS = 240


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A demo that has ended."""

    status: int
    output: str
    """All that it wrote to the screen."""
    left: list[str]
    """Processes of its group that outlived it."""
    log: str
    """What its libraries and children wrote, but for Dagster's own lines."""

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.output.splitlines()]


class Running:
    """A demo that runs."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self._folder = folder
        self._read = ""

    def read_until(self, words: str) -> str:
        """All that it has written, up to a line with some words; blanks in a row count as two."""
        for line in self._process.stdout or ():
            self._read += line
            if words in re.sub("  +", "  ", line):
                break
        return self._read

    def interrupt(self) -> None:
        """Press Ctrl-C: a terminal tells all of the group."""
        os.killpg(self._process.pid, signal.SIGINT)

    def end(self) -> Ended:
        """Wait for its end."""
        rest, _ = self._process.communicate(timeout=_END_SECONDS)
        log = self._folder / ".demo" / "output.log"
        lines = log.read_text().splitlines(keepends=True) if log.exists() else []
        return Ended(
            status=self._process.returncode,
            output=self._read + rest,
            left=_left_of(self._process.pid),
            log="".join(line for line in lines if " - dagster - DEBUG - " not in line),
        )


@contextmanager
def started(folder: Path, *arguments: str, **environment: str) -> Iterator[Running]:
    """A demo that runs; it is killed where the block leaves it running."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    with subprocess.Popen(  # noqa: S603  # our own command
        [sys.executable, "-m", "dagster_openai_otel.demo", *arguments],
        cwd=folder,
        env=inherited | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield Running(process, folder)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def computing_seconds() -> float:
    """How long the processors have worked for children of this process that have ended, and for theirs."""
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _left_of(group: int) -> list[str]:
    """The processes of a group that are there still after a moment, but for those that have ended."""
    deadline = time.monotonic() + _GONE_SECONDS
    while (left := _processes_of(group)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


def _processes_of(group: int) -> list[str]:
    listed = subprocess.run(
        ["ps", "-A", "-o", "pgid=,sess=,stat=,args="],  # noqa: S607  # where it is differs
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [line.split(None, 3) for line in listed.stdout.splitlines()]
    return [row[3] for row in rows if str(group) in row[:2] and not row[2].startswith("Z")]
