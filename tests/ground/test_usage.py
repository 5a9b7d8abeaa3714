from hypothesis import given, strategies as st

from dagster_openai_otel.usage import DETAILS, FIELDS, Usage

counts = st.integers(min_value=0, max_value=10**12)
usages = st.builds(
    Usage,
    input_tokens=counts,
    output_tokens=counts,
    total_tokens=counts,
    **{name: st.none() | counts for name in DETAILS},
)


def test_the_three_counts_that_are_always_there_come_first():
    assert FIELDS[:3] == ("input_tokens", "output_tokens", "total_tokens")
    assert FIELDS[3:] == DETAILS


def test_every_detail_is_unreported_by_default():
    assert {name: getattr(Usage(), name) for name in DETAILS} == dict.fromkeys(DETAILS)


@given(usages)
def test_an_empty_usage_changes_no_sum(usage: Usage):
    assert usage + Usage() == usage
    assert Usage() + usage == usage


@given(usages, usages)
def test_the_order_of_two_usages_does_not_matter(left: Usage, right: Usage):
    assert left + right == right + left


@given(usages, usages, usages)
def test_the_grouping_of_usages_does_not_matter(first: Usage, second: Usage, third: Usage):
    assert (first + second) + third == first + (second + third)


@given(st.lists(usages))
def test_a_detail_of_a_sum_is_unreported_only_where_no_part_reported_it(parts: list[Usage]):
    total = sum(parts, Usage())

    for name in DETAILS:
        reported = [count for part in parts if (count := getattr(part, name)) is not None]
        assert getattr(total, name) == (sum(reported) if reported else None)
