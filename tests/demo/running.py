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

_OURS = ("OPENAI_", "AZURE_OPENAI_", "OTEL_", "DAGSTER_")
_GONE_SECONDS = 5


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A demo that has ended."""

    status: int
    output: str
    """All that it wrote to the screen."""
    seconds: float
    left: list[str]
    """Processes of its group that outlived it."""
    log: str
    """What its libraries and children wrote, but for Dagster's own lines."""

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.output.splitlines()]


@contextmanager
def started(folder: Path, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
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
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """What a demo writes, up to a line with some words; blanks in a row count as two."""
    read = ""
    for line in process.stdout or ():
        read += line
        if words in re.sub("  +", "  ", line):
            break
    return read


def ended(process: subprocess.Popen[str], folder: Path, *, read: str = "", timeout: float = 110) -> Ended:
    """Wait for the end of a demo, of which something may have been read already."""
    began = time.monotonic()
    output, _ = process.communicate(timeout=timeout)
    log = folder / ".demo" / "output.log"
    lines = log.read_text().splitlines(keepends=True) if log.exists() else []
    return Ended(
        status=process.returncode,
        output=read + output,
        seconds=time.monotonic() - began,
        left=left_of(process.pid),
        log="".join(line for line in lines if " - dagster - DEBUG - " not in line),
    )


def left_of(group: int) -> list[str]:
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
