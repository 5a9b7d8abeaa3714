"""The player of the matrix."""

import gc
from collections.abc import Iterator

import pytest

from tests.matrix.play import Player


@pytest.fixture(scope="session")
def player() -> Iterator[Player]:
    yield Player()
    # the player freezes what it is not to look at again
    gc.unfreeze()
