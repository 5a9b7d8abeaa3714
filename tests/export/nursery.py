"""A process that has loaded what a run needs, and forks a child for each run.

So each run is in a process of its own, with an environment, a provider and an end of its own, and does not
take the seconds that loading takes. It reads one order a line, and answers each with one line.
"""

import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_LONGEST = 20.0
_OURS = ("OPENAI_", "AZURE_OPENAI_", "OTEL_", "DAGSTER_", "TRACELOOP_")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a child did, and how long it took."""

    answer: Any
    """What its work returned."""
    seconds: float
    """How long its work took."""
    ending: float
    """How long the process took to end after its work."""
    log: str
    """What it wrote to stderr."""
    printed: str
    """What it wrote to stdout."""
    status: int
    """The exit status."""


class Nursery:
    """Forks children; made by `raised_nursery`."""

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        self._process = process
        self._folder = folder

    def run(self, work: str = "tests.export.work:materialized", **environment: str) -> Outcome:
        """Have a child do some work.

        Args:
            work: Module and name of the function that does it, without arguments.
            **environment: The variables of the child, on top of those that lead to the stand-in for the API.
        """
        files = {name: str(self._folder / name) for name in ("answer", "stdout", "stderr")}
        ours = {name: value for name, value in os.environ.items() if name.startswith("OPENAI_")}
        order = {"work": work, "environment": ours | environment, "files": files}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        done = json.loads(self._process.stdout.readline())
        log, printed = (Path(files[name]).read_text() for name in ("stderr", "stdout"))
        told = json.loads(Path(files["answer"]).read_text() or "{}")
        assert "ended" in told, log
        return Outcome(
            answer=told["answer"],
            seconds=told["seconds"],
            ending=done["at"] - told["ended"],
            log=log,
            printed=printed,
            status=done["status"],
        )


@contextmanager
def raised_nursery(folder: Path, *modules: str, **environment: str) -> Iterator[Nursery]:
    """A nursery.

    Args:
        folder: Where the children write.
        *modules: What is loaded beforehand; `module:function` is called too.
        **environment: Variables of the nursery itself.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    with subprocess.Popen(  # noqa: S603  # the program is this one
        [sys.executable, "-W", "error::ResourceWarning", "-m", "tests.export.nursery", *modules],
        cwd=ROOT,
        env=kept | {"PYTHONPATH": str(ROOT)} | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Nursery(process, folder)
        assert process.stdin is not None
        process.stdin.close()


def _rear() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        Path(order["files"]["answer"]).write_text("")
        child = os.fork()
        if child == 0:
            _live(order)
            return
        status = _awaited(child)
        sys.stdout.write(json.dumps({"at": time.monotonic(), "status": status}) + "\n")
        sys.stdout.flush()


def _awaited(child: int) -> int:
    started = time.monotonic()
    while time.monotonic() < started + _LONGEST:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return -9


def _live(order: Any) -> None:
    for number, name in ((0, os.devnull), (1, order["files"]["stdout"]), (2, order["files"]["stderr"])):
        file = os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, number)
        os.close(file)
    os.environ.update(order["environment"])
    if more := os.environ.get("MORE_PACKAGES"):
        sys.path.append(more)
    module, _, name = order["work"].partition(":")
    work = getattr(sys.modules[module], name)
    began = time.monotonic()
    answer = work()
    ended = time.monotonic()
    told = {"answer": answer, "seconds": ended - began, "ended": ended}
    Path(order["files"]["answer"]).write_text(json.dumps(told))


if __name__ == "__main__":
    for loaded in sys.argv[1:]:
        module, _, warm_up = loaded.partition(":")
        __import__(module)
        if warm_up:
            getattr(sys.modules[module], warm_up)()
    # what is here stays, so that no child looks through it at its end
    gc.collect()
    gc.freeze()
    _rear()
