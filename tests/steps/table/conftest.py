"""What the rows do without the library, once for all columns that a process of the tests plays."""

from collections.abc import Iterator

import pytest

from tests.steps.table.cells import Bare
from tests.steps.table.playing import bare as playing_bare


@pytest.fixture(scope="session")
def bare() -> Iterator[Bare]:
    with playing_bare() as played:
        yield played
