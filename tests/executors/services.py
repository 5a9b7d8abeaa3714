"""What the executors need beside Python: each on a free port of the loopback interface."""

import os
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path

from tests.processes import ROOT

_START_SECONDS = 120
_STOP_SECONDS = 30
_given: set[int] = set()


def free_port() -> int:
    """A port that nobody listens on, of those that the system gives to no connection by itself."""
    while True:
        port = random.randrange(20_000, 30_000)  # noqa: S311  # so that tests at once seldom try the same
        if port in _given:
            continue
        _given.add(port)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def running(command: list[str], log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A command that runs while the block does, in a process group of its own."""
    with (
        log.open("ab") as output,
        subprocess.Popen(  # noqa: S603  # our own commands
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def await_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a process listens; what it wrote is in the error where it does not."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    written = log.read_text(errors="replace")
    message = f"nothing listens on {port}; {process.args!r} wrote:\n{written}"
    raise TimeoutError(message)


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """The URL of a Redis that keeps nothing on disk."""
    port = free_port()
    server = shutil.which("redis-server")
    assert server, "there is no redis-server: scripts/test-executors installs it where it may"
    options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(folder)]
    with running([server, *options], folder / "redis.log") as process:
        await_port(port, process, folder / "redis.log")
        yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def celery_worker(folder: Path, broker: str) -> Iterator[None]:
    """A worker of Dagster's tasks, of two processes that live as long as the block."""
    module = folder / "celery_configuration.py"
    module.write_text(
        "from dagster_celery.make_app import make_app\n"
        "from dagster_celery.tasks import create_task\n"
        f"app = make_app({{'broker': {broker!r}, 'backend': {broker!r}}})\n"
        "execute_plan = create_task(app)\n"
    )
    command = [sys.executable, "-m", "celery", "-A", "celery_configuration", "worker"]
    options = ["--concurrency", "2", "-Q", "dagster", "--loglevel", "WARNING"]
    path = os.pathsep.join([str(ROOT), str(folder)])
    # a task waits until there is a worker
    with running([*command, *options], folder / "celery.log", PYTHONPATH=path):
        yield


@contextmanager
def dask_threads(port: int) -> Iterator[None]:
    """A Dask cluster of one process, which runs several steps at once in threads.

    Args:
        port: Of its scheduler, on the loopback interface.
    """
    # in the environment of these tests only
    dask = import_module("dask.distributed")
    with dask.LocalCluster(
        n_workers=1, threads_per_worker=3, dashboard_address=None, host="127.0.0.1", scheduler_port=port
    ):
        yield
