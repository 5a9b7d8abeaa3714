"""Libraries that stand on the SDK, each in an environment of its own: `scripts/test-libraries` runs them.

`TEST_LIBRARIES`, which that script sets, names the files to collect; without it, none is.
`TEST_LIBRARIES_BESIDE` names the instrumentations of others that are switched on beside.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from tests.libraries.beside import BESIDE

_WANTED = os.environ.get("TEST_LIBRARIES", "").split()
collect_ignore = [path.name for path in Path(__file__).parent.glob("test_*.py") if path.name not in _WANTED]


@pytest.fixture(scope="session", autouse=True)
def beside(instrumented: None) -> Iterator[None]:  # the library is there first
    with BESIDE[os.environ.get("TEST_LIBRARIES_BESIDE", "nothing")]():
        yield


@pytest.fixture(scope="session")
def instance() -> Iterator[dg.DagsterInstance]:
    """One for all tests: to make one takes longer than a test."""
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral
