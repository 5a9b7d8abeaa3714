"""A step's book hands out all that was booked, exactly once, whatever happens in whatever order."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given, strategies as st

from dagster_openai_otel.ledger import Ledger, Target
from dagster_openai_otel.steps.book import Book, Share
from dagster_openai_otel.steps.targets import Made
from dagster_openai_otel.tally import Model, Sums, Tally
from dagster_openai_otel.usage import Usage

MODEL = Model(name="gpt-5-mini")
# what code may say of a call, also of things that the step does not make
ASSETS, PARTITIONS = [None, "a", "b", "c", "elsewhere"], [None, "1", "2", "3", "never"]

targets = st.builds(Target, asset_key=st.sampled_from(ASSETS), partition_key=st.sampled_from(PARTITIONS))
made = st.builds(
    Made,
    assets=st.sampled_from([(), ("a",), ("a", "b"), ("a", "b", "c")]),
    checks=st.sampled_from([(), ("a:good",), ("a:good", "b:good", "c:good")]),
    checked_assets=st.sampled_from([(), ("a",)]),
    partitions=st.sampled_from([(), ("1",), ("1", "2", "3")]),
    one_by_one=st.booleans(),
)


@dataclass(frozen=True)
class Use:
    """Some tokens are used."""

    target: Target
    tokens: int


@dataclass(frozen=True)
class Output:
    """An asset comes out; Dagster handles it, or fails to."""

    asset: str
    handled: bool


@dataclass(frozen=True)
class Check:
    """A check of an asset, or of one that is not told, comes out."""

    asset: str | None
    handled: bool


steps = st.lists(
    st.builds(Use, targets, st.integers(min_value=1, max_value=1_000))
    | st.builds(Output, st.sampled_from(["a", "b", "c"]), st.booleans())
    | st.builds(Check, st.sampled_from([None, "a", "b", "c"]), st.booleans())
)


def tally(tokens: int) -> Tally:
    return Tally(by_model={MODEL: Sums(calls=1, usage=Usage(input_tokens=tokens, total_tokens=tokens))})


def total(shares: list[Share]) -> tuple[int, int]:
    """Calls and tokens."""
    sums = sum((share.tally for share in shares), Tally()).sums
    return sums.calls, sums.usage.input_tokens


def results_of(step: Output | Check, book: Book, made: Made) -> list[Share]:
    """The shares of a result; none where the step makes no such thing."""
    if isinstance(step, Check):
        return book.shares_of_check(step.asset) if made.checks else []
    return book.shares_of(step.asset) if step.asset in made.assets else []


@given(made, steps)
def test_what_is_shown_is_what_was_used(made: Made, steps: list[Use | Output | Check]):
    ledger = Ledger()
    book, shown, used = Book(ledger, made), list[Share](), list[Use]()

    for step in steps:
        if isinstance(step, Use):
            ledger.add(step.target, tally(step.tokens))
            used.append(step)
        else:
            given_out = results_of(step, book, made)
            for share in given_out:
                book.give(share)
            if not step.handled:
                break
            book.confirm()
            shown += given_out
    shown += book.leftovers()

    assert total(shown) == (len(used), sum(use.tokens for use in used))
    assert book.leftovers() == []


@given(made, steps)
def test_nothing_is_shown_for_what_the_step_does_not_make(made: Made, steps: list[Use | Output]):
    ledger = Ledger()
    for step in steps:
        if isinstance(step, Use):
            ledger.add(step.target, tally(step.tokens))

    for share in Book(ledger, made).leftovers():
        assert share.target.asset_key in {None, *made.assets, *made.checked_assets}
        assert share.target.partition_key in {None, *made.partitions}
        assert (share.target.asset_key is None) == (not made.assets and not made.checked_assets)


@given(made, steps)
def test_all_at_once_is_what_was_used(made: Made, steps: list[Use | Output]):
    ledger, used = Ledger(), [step for step in steps if isinstance(step, Use)]
    for use in used:
        ledger.add(use.target, tally(use.tokens))

    book = Book(ledger, made)

    assert total(book.shares_of_output()) == (len(used), sum(use.tokens for use in used))


class Interrupted(str):
    """An asset key that lets other code run, once, at a given one of the times that it is hashed."""

    __slots__ = ()
    left = 0
    other: Callable[[], None]

    def __hash__(self) -> int:
        Interrupted.left -= 1
        if Interrupted.left == 0:
            Interrupted.other()
        return super().__hash__()

    __eq__ = str.__eq__


@pytest.mark.parametrize("by", ["another thread", "the garbage collector"])
@pytest.mark.parametrize("moment", range(1, 30))
def test_leftovers_that_are_taken_in_the_midst_of_taking_them_are_neither_lost_nor_doubled(
    moment: int, by: str
):
    ledger, taken = Ledger(), list[Share]()
    key = Interrupted("a")
    book = Book(ledger, Made(assets=(key, "b"), partitions=("1", "2")))
    for target in (Target(), Target(asset_key=key), Target(asset_key=key, partition_key="1")):
        ledger.add(target, tally(100))

    def use_and_take() -> None:
        ledger.add(Target(), tally(100))
        taken.extend(book.leftovers())

    def interrupt() -> None:
        if by == "another thread":
            thread = threading.Thread(target=use_and_take)
            thread.start()
            thread.join()
        else:
            use_and_take()

    Interrupted.other, Interrupted.left = staticmethod(interrupt), moment
    taken.extend(book.leftovers())
    interrupted = Interrupted.left <= 0
    Interrupted.left = 0

    assert total(taken) == (3 + interrupted, 300 + 100 * interrupted)
