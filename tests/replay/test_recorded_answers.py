"""Answers that the API gave are recorded as they say: each through every entry point, sync and async."""

import os
import sys
from collections import Counter

import pytest

from tests.calls.clients import KINDS
from tests.replay.answers import load
from tests.replay.playing import Played, play

# Read here, as each test starts in an environment without variables of OpenAI.
ANSWERS = os.environ.get("OPENAI_ANSWERS")


@pytest.mark.skipif(
    ANSWERS is None,
    reason="OPENAI_ANSWERS names no file of recorded answers, so that none is replayed"
    " (gzipped JSON lines: source, n, method, path, azure, status, content_type, body)",
)
@pytest.mark.parametrize("kind", KINDS)
def test_every_recorded_answer_is_recorded_as_it_says(kind, capsys):
    played = play(kind, load(str(ANSWERS)))
    wrong = [one for one in played if one.said != one.true]
    with capsys.disabled():
        # to the terminal, also from a worker of pytest-xdist
        sys.stderr.write(f"\n{_score(kind, played, wrong)}\n")
    assert [_told(one) for one in wrong] == []


def _score(kind: str, played: list[Played], wrong: list[Played]) -> str:
    answers = {one.recorded.name for one in played}
    right = len(answers) - len({one.recorded.name for one in wrong})
    by_entry_point = Counter(one.entry_point for one in played)
    asked = ", ".join(f"{count} {name}" for name, count in by_entry_point.items())
    return f"{kind}: {right} of {len(answers)} recorded answers are right ({asked})"


def _told(one: Played) -> tuple[object, ...]:
    return (one.entry_point, one.recorded.path, one.recorded.name, one.said, one.true)
