"""What every test stands on: a clean environment, faults that are raised, no span left open."""

import os
from collections.abc import Iterator

import dagster as dg
import pytest

from dagster_openai_otel import faults, instrument, processor
from dagster_openai_otel.testing import FakeOpenAI
from tests.matrix.score import pytest_terminal_summary

# seen by pytest here, where also the parent of parallel workers loads it
__all__ = ["pytest_terminal_summary"]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("OPENAI_", "AZURE_OPENAI_", "OTEL_", "DAGSTER_", "TRACELOOP_")):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def raised_faults() -> Iterator[None]:
    with faults.raised():
        yield


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeOpenAI]:
    """The stand-in for the API, found by plain `openai.OpenAI()`."""
    with FakeOpenAI() as fake:
        for name, value in fake.environment.items():
            monkeypatch.setenv(name, value)
        yield fake


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture(scope="session", autouse=True)
def instrumented() -> None:
    """As a user's definitions do it, once for the process."""
    instrument()


@pytest.fixture(autouse=True)
def no_open_requests() -> Iterator[None]:
    yield
    assert processor._claims == {}
