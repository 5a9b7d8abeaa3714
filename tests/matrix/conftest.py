"""The players of the matrix."""

import gc
from collections.abc import Iterator

import pytest

from tests.calls.traceloops import ours
from tests.matrix.play import Player


@pytest.fixture(scope="session")
def player() -> Iterator[Player]:
    yield Player()
    # players freeze what it is not to look at again
    gc.unfreeze()


@pytest.fixture(scope="session")
def player_beside_traceloop(player: Player) -> Player:
    """With the spans of Traceloop's instrumentor round those of the library."""
    return Player(ours)
