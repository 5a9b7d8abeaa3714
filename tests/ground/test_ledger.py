import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from dagster_openai_otel.ledger import ANY, COMPACT_AT, Ledger, Target
from dagster_openai_otel.tally import Model, Sums, Tally
from dagster_openai_otel.usage import Usage

MODEL = Model(name="gpt-5-mini")
ONE = Tally(by_model={MODEL: Sums(calls=1, usage=Usage(input_tokens=3, total_tokens=3))})


@contextmanager
def switching_threads_all_the_time() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def calls(taken: dict[Target, Tally]) -> int:
    return sum(tally.sums.calls for tally in taken.values())


def test_a_ledger_gives_each_target_its_own_and_only_once():
    ledger = Ledger()
    ledger.add(ANY, ONE)
    ledger.add(Target(asset_key="a"), ONE)
    ledger.add(ANY, ONE)

    assert ledger.take() == {ANY: ONE + ONE, Target(asset_key="a"): ONE}
    assert ledger.take() == {}


def test_a_long_ledger_is_folded_and_keeps_its_sums():
    ledger = Ledger()
    for number in range(3 * COMPACT_AT):
        ledger.add(Target(asset_key=f"asset {number % 5}"), ONE)

    assert len(ledger._entries) < COMPACT_AT
    taken = ledger.take()
    assert {target.asset_key for target in taken} == {f"asset {number}" for number in range(5)}
    assert calls(taken) == 3 * COMPACT_AT
    assert sum(tally.sums.usage.input_tokens for tally in taken.values()) == 9 * COMPACT_AT


def test_a_ledger_of_many_targets_is_seldom_folded():
    folded = []

    class Watched(Ledger):
        def _drain(self) -> dict[Target, Tally]:
            folded.append(len(self._entries))
            return super()._drain()

    ledger = Watched()
    for number in range(16 * COMPACT_AT):
        ledger.add(Target(partition_key=str(number)), ONE)

    assert len(folded) <= 5
    assert len(ledger.take()) == 16 * COMPACT_AT


@pytest.mark.parametrize("adding", [1, 8])
def test_no_entry_is_lost_or_doubled_while_others_add_and_one_takes(adding: int):
    ledger, each, taken = Ledger(), 6_000 // adding, 0

    def add() -> None:
        for _ in range(each):
            ledger.add(ANY, ONE)

    threads = [threading.Thread(target=add) for _ in range(adding)]

    with switching_threads_all_the_time():
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            taken += calls(ledger.take())
        for thread in threads:
            thread.join()
    taken += calls(ledger.take())

    assert taken == adding * each


def test_two_that_take_at_once_share_what_is_there():
    ledger = Ledger()
    for _ in range(COMPACT_AT - 1):
        ledger.add(ANY, ONE)
    taken: list[int] = []
    threads = [threading.Thread(target=lambda: taken.append(calls(ledger.take()))) for _ in range(4)]

    with switching_threads_all_the_time():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sum(taken) == COMPACT_AT - 1


class Interrupting(str):
    """Stands for the garbage collector: does something in the middle of whatever hashes it."""

    __slots__ = ()
    interrupt: Callable[[], None] | None = None

    def __hash__(self) -> int:
        if Interrupting.interrupt is not None:
            Interrupting.interrupt()
        return super().__hash__()

    __eq__ = str.__eq__


@contextmanager
def interrupted_by(action: Callable[[], None], times: int) -> Iterator[list[None]]:
    """While the block runs, hashing an `Interrupting` does something, so many times at most."""
    done: list[None] = []

    def interrupt() -> None:
        if len(done) < times:
            done.append(None)
            action()

    Interrupting.interrupt = staticmethod(interrupt)
    try:
        yield done
    finally:
        Interrupting.interrupt = None


def ledger_with(entries: int) -> Ledger:
    ledger = Ledger()
    for _ in range(entries):
        ledger.add(Target(asset_key=Interrupting("a")), ONE)
    return ledger


@pytest.mark.timeout(10)
@pytest.mark.parametrize("times", [5, 3 * COMPACT_AT])
def test_an_add_in_the_middle_of_a_take_does_not_deadlock_and_is_not_lost(times: int):
    ledger = ledger_with(10)

    with interrupted_by(lambda: ledger.add(ANY, ONE), times) as added:
        taken = calls(ledger.take())

    assert len(added) > 0
    assert taken + calls(ledger.take()) == 10 + len(added)


@pytest.mark.timeout(10)
def test_an_add_in_the_middle_of_a_fold_does_not_deadlock_and_is_not_lost():
    ledger = ledger_with(COMPACT_AT - 1)

    with interrupted_by(lambda: ledger.add(ANY, ONE), 50) as added:
        ledger.add(ANY, ONE)

    assert len(added) > 0
    assert calls(ledger.take()) == COMPACT_AT + len(added)


@pytest.mark.timeout(10)
def test_a_take_in_the_middle_of_a_fold_does_not_deadlock_and_loses_nothing():
    ledger, taken = ledger_with(COMPACT_AT - 1), []

    with interrupted_by(lambda: taken.append(calls(ledger.take())), 3):
        ledger.add(ANY, ONE)

    assert len(taken) == 3
    assert sum(taken) + calls(ledger.take()) == COMPACT_AT


@pytest.mark.timeout(10)
def test_an_object_that_books_when_it_is_collected_does_not_deadlock():
    ledger = Ledger()

    class BooksAtItsEnd:
        def __init__(self) -> None:
            self.cycle = self

        def __del__(self) -> None:
            ledger.add(ANY, ONE)

    for _ in range(2_000):
        BooksAtItsEnd()
        ledger.add(ANY, ONE)
    taken = calls(ledger.take())

    import gc  # noqa: PLC0415  # what is left is collected here

    gc.collect()
    assert taken + calls(ledger.take()) == 4_000
