"""Answers that nobody has seen yet are recorded as they say: unknown fields, nulls, floats, other orders."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings, strategies as st

from tests.calls.clients import sync_client
from tests.calls.either import run_sync
from tests.replay.answers import Recorded, served
from tests.replay.bodies import changed_answers
from tests.replay.documented import Used, documented
from tests.replay.entry_points import ENTRY_POINTS, Asking, EntryPoint
from tests.replay.playing import played


@pytest.fixture(scope="module")
def asking() -> Iterator[tuple[object, list[Recorded]]]:
    """A client, and the list whose only answer it gets."""
    answers: list[Recorded] = []
    with served(answers) as api, sync_client(api, max_retries=0) as client:
        yield client, answers


# a busy machine answers late
@settings(deadline=None)
@given(answer=changed_answers(), entry_point=st.sampled_from(ENTRY_POINTS))
def test_an_answer_that_the_api_is_free_to_give_is_recorded_as_it_says(
    asking, answer, entry_point: EntryPoint
):
    client, answers = asking
    recorded, used = answer
    answers[:] = [recorded]
    one = run_sync(played(entry_point, Asking(client=client, number=0, recorded=recorded), used))
    assert one.said == used


@given(answer=changed_answers())
def test_the_reader_of_these_tests_reads_what_was_written(answer: tuple[Recorded, Used]):
    recorded, used = answer
    assert documented(recorded, set()) == used
