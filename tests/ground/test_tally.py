from decimal import Decimal, localcontext

from hypothesis import given, settings, strategies as st

from dagster_openai_otel.tally import Model, Sums, Tally
from dagster_openai_otel.usage import DETAILS, FIELDS, Usage

COUNTS = ("calls", "unpriced_calls", "calls_without_usage", "failed_calls", "retries")

counts = st.integers(min_value=0, max_value=10**9)
dollars = st.none() | st.decimals(min_value=0, max_value=10**6, places=14)
usages = st.builds(
    Usage,
    input_tokens=counts,
    output_tokens=counts,
    total_tokens=counts,
    **{name: st.none() | counts for name in DETAILS},
)
all_sums = st.builds(
    Sums,
    usage=usages,
    cost_usd=dollars,
    # whole seconds add up exactly, in any order
    duration_s=st.integers(min_value=0, max_value=10**6).map(float),
    **dict.fromkeys(COUNTS, counts),
)
models = st.builds(
    Model, name=st.sampled_from(["small", "large"]), service_tier=st.sampled_from([None, "flex"])
)
tallies = st.builds(Tally, by_model=st.dictionaries(models, all_sums))
shares = st.integers(min_value=1, max_value=40)


def exact(sums: Sums) -> dict[str, object]:
    """All fields but the duration, which is a float."""
    return {name: getattr(sums, name) for name in (*COUNTS, "usage", "cost_usd")}


def column(split: list[Sums], name: str) -> list[int]:
    """One count of each share; an unreported one is left out."""
    holders = [share.usage if name in FIELDS else share for share in split]
    return [count for holder in holders if (count := getattr(holder, name)) is not None]


@given(tallies)
def test_an_empty_tally_is_false_and_changes_no_sum(tally: Tally):
    assert not Tally()
    assert tally + Tally() == tally
    assert Tally() + tally == tally


@given(tallies, tallies)
def test_the_order_of_two_tallies_does_not_matter(left: Tally, right: Tally):
    assert left + right == right + left


@given(tallies, tallies, tallies)
def test_the_grouping_of_tallies_does_not_matter(first: Tally, second: Tally, third: Tally):
    assert (first + second) + third == first + (second + third)


@given(tallies, tallies)
def test_the_sums_of_a_sum_are_the_sum_of_the_sums(left: Tally, right: Tally):
    assert (left + right).sums == left.sums + right.sums


@given(all_sums, shares, st.integers(min_value=0, max_value=100))
def test_the_shares_of_a_split_add_up_exactly(whole: Sums, number: int, start: int):
    split = whole.split(number, start)

    assert len(split) == number
    assert exact(sum(split, Sums())) == exact(whole)


@given(tallies, shares)
def test_the_shares_of_a_tally_add_up_exactly_for_each_model(tally: Tally, number: int):
    total = sum(tally.split(number), Tally())

    assert {model: exact(sums) for model, sums in total.by_model.items()} == {
        model: exact(sums) for model, sums in tally.by_model.items()
    }


@given(all_sums, shares, st.integers(min_value=0, max_value=100))
def test_the_counts_of_two_shares_differ_by_one_at_most(whole: Sums, number: int, start: int):
    split = whole.split(number, start)
    is_plain = whole.usage.total_tokens == whole.usage.input_tokens + whole.usage.output_tokens

    for name in (*COUNTS, *FIELDS):
        values = column(split, name)
        if values and (name != "total_tokens" or not is_plain):
            assert max(values) - min(values) <= 1, name


@given(usages.map(lambda usage: (usage.input_tokens, usage.output_tokens)), shares)
def test_a_total_that_is_input_plus_output_stays_so_in_each_share(tokens: tuple[int, int], number: int):
    usage = Usage(input_tokens=tokens[0], output_tokens=tokens[1], total_tokens=sum(tokens))

    for share in Sums(usage=usage).split(number):
        assert share.usage.total_tokens == share.usage.input_tokens + share.usage.output_tokens


@given(all_sums, shares)
def test_no_share_is_negative(whole: Sums, number: int):
    for share in whole.split(number):
        assert min(column([share], name)[0] for name in COUNTS) >= 0
        assert all(count >= 0 for name in FIELDS for count in column([share], name))
        assert share.cost_usd is None or share.cost_usd >= 0


@given(all_sums, shares)
def test_what_was_not_reported_is_reported_in_no_share(whole: Sums, number: int):
    for share in whole.split(number):
        assert (share.cost_usd is None) == (whole.cost_usd is None)
        for name in DETAILS:
            assert (getattr(share.usage, name) is None) == (getattr(whole.usage, name) is None)


@given(all_sums, shares)
def test_the_dollars_of_two_shares_differ_by_less_than_a_millionth_of_a_cent(whole: Sums, number: int):
    costs = [share.cost_usd for share in whole.split(number) if share.cost_usd is not None]

    assert not costs or max(costs) - min(costs) < Decimal("1e-8")


@given(st.lists(all_sums, min_size=1, max_size=4), st.integers(min_value=1, max_value=6))
def test_the_precision_of_the_callers_decimals_changes_nothing(parts: list[Sums], precision: int):
    expected = sum(parts, Sums())

    with localcontext(prec=precision):
        total = sum(sum(parts, Sums()).split(3), Sums())

    assert exact(total) == exact(expected)


@given(all_sums)
def test_one_share_is_the_whole(whole: Sums):
    assert whole.split(1) == [whole]


@settings(max_examples=20)
@given(st.integers(min_value=2, max_value=30))
def test_the_odd_units_of_several_models_do_not_all_go_to_the_first_share(number: int):
    tally = Tally(by_model={Model(name=f"model {turn}"): Sums(calls=1) for turn in range(number)})

    assert [share.sums.calls for share in tally.split(number)] == [1] * number
