"""The matrix: every kind of call is booked as it was billed, and changes nothing for the user."""

from dataclasses import asdict

import pytest

from tests.matrix.play import Player
from tests.matrix.rows import Row
from tests.matrix.tables import HERE, ROWS


# of the SDK's older endpoints
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("row", HERE, ids=lambda row: row.name)
def test_a_row_is_right(player: Player, row: Row) -> None:
    actual, expected = player.play(row)
    assert asdict(actual) == asdict(expected)


# of the SDK's older endpoints
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.slow
@pytest.mark.parametrize("row", HERE, ids=lambda row: row.name)
def test_a_row_is_right_with_traceloops_spans_too(player_beside_traceloop: Player, row: Row) -> None:
    actual, expected = player_beside_traceloop.play(row)
    assert asdict(actual) == asdict(expected)


def test_no_two_rows_have_the_same_name() -> None:
    names = [row.name for row in ROWS]
    assert sorted(names) == sorted(set(names))
