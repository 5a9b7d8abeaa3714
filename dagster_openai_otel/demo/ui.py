"""The Dagster UI on what the demo ran."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.request import urlopen

from rich.console import Console

from dagster_openai_otel.demo.home import LOG, DemoError
from dagster_openai_otel.demo.stand_in import chosen_api

HOST = "127.0.0.1"
_FIRST_PORT = 3000
_PORTS = 100
_START_SECONDS = 120
_STOP_SECONDS = 30


def serve(home: Path, console: Console) -> None:
    """Show a home in the Dagster UI until the user interrupts.

    Args:
        home: A `DAGSTER_HOME` that the demo made, and which the environment names.
        console: Where to say the URL.

    Raises:
        DemoError: The UI is not installed, or did not start.
        KeyboardInterrupt: The user did not wait for it to start.
    """
    if find_spec("dagster_webserver") is None:
        message = "the Dagster UI is not installed. Run `make ui`, or `pip install dagster-webserver`."
        raise DemoError(message)
    log = home / LOG
    port = free_port()
    url = f"http://{HOST}:{port}"
    console.print("Starting the Dagster UI ...")
    with chosen_api() as api, _dagster_dev(port, log) as process:
        _await(process, url, log)
        with suppress(KeyboardInterrupt):
            console.print(f"The Dagster UI is at [bold]{url}[/]. Ctrl-C stops it.")
            console.print(f"API of runs that are started there: {api.name}.")
            process.wait()
            message = f"the Dagster UI ended by itself. See why in {os.path.relpath(log)}."
            raise DemoError(message)
        console.print("\nStopping ...")
    console.print("Stopped. Nothing is left running.")


def free_port() -> int:
    """The first port from 3000 on that is free on the loopback interface.

    Raises:
        DemoError: A hundred ports in a row are in use.
    """
    for port in range(_FIRST_PORT, _FIRST_PORT + _PORTS):
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    message = f"no port from {_FIRST_PORT} to {_FIRST_PORT + _PORTS - 1} is free on {HOST}. Free one of them."
    raise DemoError(message)


@contextmanager
def _dagster_dev(port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `dagster dev`, which is the UI and what it needs, while the block runs."""
    command = [sys.executable, "-m", "dagster", "dev", "-m", "dagster_openai_otel.demo.definitions"]
    with log.open("ab") as output:
        # in a session of its own, so that Ctrl-C reaches it once, from us
        process = subprocess.Popen(  # noqa: S603  # our own command
            [*command, "-h", HOST, "-p", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            _stop(process)


def _await(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Wait until the UI answers."""
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urlopen(f"{url}/server_info", timeout=5).close()  # noqa: S310  # the loopback interface
        except OSError:
            time.sleep(0.2)
        else:
            return
    message = f"the Dagster UI did not start. See why in {os.path.relpath(log)}."
    raise DemoError(message)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End `dagster dev` and all that it started."""
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
    finally:
        # whatever is left of its session
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
