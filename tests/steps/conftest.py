"""One instance for all tests of a process, emptied after each: to make one takes longer than most tests."""

from collections.abc import Iterator

import dagster as dg
import pytest


@pytest.fixture(scope="session")
def shared_instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture
def instance(shared_instance: dg.DagsterInstance) -> Iterator[dg.DagsterInstance]:
    yield shared_instance
    shared_instance.wipe()
