"""`FakeOpenAI`: an OpenAI API on the loopback interface, with a ledger."""

from collections.abc import Callable, Mapping
from typing import Self

from dagster_openai_otel.testing.answers import Answer, Request
from dagster_openai_otel.testing.backend import Backend
from dagster_openai_otel.testing.billing import Bill, price
from dagster_openai_otel.testing.connection import Connection
from dagster_openai_otel.testing.listener import Listener
from dagster_openai_otel.usage import Usage


class FakeOpenAI:
    """An OpenAI API that runs in this process and bills what it answers.

    It speaks the API well enough for the `openai` SDK, sync and async, and that of Azure. Use it as a
    context manager, or call `start` and `stop`. The same requests in the same order always get the
    same bytes. Nothing leaves the machine.

    Args:
        answer: Decides each answer by its request; `None` from it means the default answer. It is
            called in the thread of the connection, so that calls may overlap. If it raises, the
            request is answered with a 500 that tells the error and is not tried again.
    """

    def __init__(self, *, answer: Callable[[Request], Answer | None] | None = None) -> None:
        self._backend = Backend(answer)
        self._listener: Listener | None = None
        self._port: int | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Self:
        """Listen on a free port.

        Raises:
            RuntimeError: The server was started before; make another one.
        """
        if self._port is not None:
            msg = "This FakeOpenAI was started before; make another one for another server."
            raise RuntimeError(msg)
        price("gpt-4o", Usage())  # loads the prices in this thread
        self._listener = Listener(self._backend, Connection)
        self._port = self._listener.port
        return self

    def stop(self) -> None:
        """Close the port and all connections; requests and bill stay. Does nothing the second time."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.stop()

    @property
    def base_url(self) -> str:
        """The `base_url` for `OpenAI` and `AsyncOpenAI`."""
        return f"{self.azure_endpoint}/v1"

    @property
    def azure_endpoint(self) -> str:
        """The `azure_endpoint` for `AzureOpenAI` and `AsyncAzureOpenAI`."""
        if self._port is None:
            msg = "This FakeOpenAI has no address yet; use it in a `with` statement or call start()."
            raise RuntimeError(msg)
        return f"http://127.0.0.1:{self._port}"

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment variables that lead `OpenAI()` here, also in a child process."""
        return {"OPENAI_BASE_URL": self.base_url, "OPENAI_API_KEY": "test-key"}

    @property
    def requests(self) -> tuple[Request, ...]:
        """All requests in order of arrival."""
        return self._backend.requests

    @property
    def bill(self) -> Bill:
        """What the answers cost so far."""
        return self._backend.bill

    def script(self, *answers: Answer) -> None:
        """Queue answers for the next requests, whatever they ask; they go before `answer`."""
        self._backend.script(answers)
