"""A server of PostgreSQL, for the tests that `scripts/test-postgres` runs."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.executors.services import free_port

_PROGRAMS = os.environ.get("POSTGRES_PROGRAMS")
_START_SECONDS = 30
collect_ignore = [] if _PROGRAMS else ["test_usage_in_postgres.py"]


@contextmanager
def serving() -> Iterator[int]:
    """The port of an empty server, which is gone after the block; it refuses to run as root."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    user = "nobody" if os.getuid() == 0 else None
    if user is not None:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    data, port = folder / "data", free_port()
    programs = Path(_PROGRAMS or "")
    quiet: dict[str, Any] = {
        "user": user,
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
        "cwd": folder,
    }
    try:
        subprocess.run([programs / "initdb", "-D", data, "-U", "dagster", "-A", "trust"], check=True, **quiet)  # noqa: S603  # our own command
        command = [
            str(programs / "postgres"),
            "-D",
            str(data),
            "-p",
            str(port),
            "-h",
            "127.0.0.1",
            "-k",
            str(folder),
            "-F",
        ]
        with subprocess.Popen(command, **quiet) as server:  # noqa: S603  # as above
            try:
                _await(programs, port)
                yield port
            finally:
                # a fast shutdown, which does not wait for connections
                with suppress(ProcessLookupError):
                    server.send_signal(2)
                server.wait(_START_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _await(programs: Path, port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    ready = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    while subprocess.run(ready, check=False).returncode:  # noqa: S603  # as above
        if time.monotonic() > deadline:
            message = "PostgreSQL does not start"
            raise TimeoutError(message)
        time.sleep(0.1)


@pytest.fixture(scope="session")
def port() -> Iterator[int]:
    with serving() as number:
        yield number
