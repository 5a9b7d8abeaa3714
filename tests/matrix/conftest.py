"""The player of the matrix, and its score at the end of the session."""

import gc
from collections.abc import Iterator

import pytest

from tests.matrix.play import Player
from tests.matrix.score import pytest_terminal_summary


@pytest.fixture(scope="session")
def player() -> Iterator[Player]:
    yield Player()
    # the player freezes what it is not to look at again
    gc.unfreeze()
