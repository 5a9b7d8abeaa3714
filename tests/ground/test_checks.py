import json
import math
from decimal import Decimal

import pytest
from hypothesis import assume, given, strategies as st

from dagster_openai_otel import checks
from dagster_openai_otel.errors import SettingError

TRUE, FALSE = {"true", "1", "yes", "on"}, {"false", "0", "no", "off"}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
amounts = st.decimals(min_value=0, max_value=1000, places=4)
price_tables = st.dictionaries(
    st.text(),
    st.text(min_size=1) | st.dictionaries(st.sampled_from(sorted(checks.PRICE_KEYS)), amounts, min_size=1),
)


@given(st.sampled_from(sorted(TRUE | FALSE)), st.booleans())
def test_a_flag_reads_its_eight_words_in_any_case(word: str, upper: bool):  # noqa: FBT001
    assert checks.flag("NAME", word.upper() if upper else word) is (word in TRUE)


@given(st.text())
def test_a_flag_refuses_every_other_text(text: str):
    assume(text.lower() not in TRUE | FALSE)

    with pytest.raises(SettingError):
        checks.flag("NAME", text)


@given(st.floats(min_value=0, allow_infinity=False))
def test_seconds_read_back_what_a_float_writes(number: float):
    assert checks.seconds("NAME", number) == number
    assert checks.seconds("NAME", repr(number)) == number


@given(json_values)
def test_seconds_are_finite_and_never_negative_whatever_is_given(value: object):
    try:
        seconds = checks.seconds("NAME", value)
    except SettingError:
        return
    assert math.isfinite(seconds)
    assert seconds >= 0


@given(st.text(), st.text())
def test_a_link_is_taken_only_if_a_trace_id_can_be_put_into_it(before: str, after: str):
    template = f"{before}{{trace_id}}{after}"
    try:
        link = checks.trace_url("NAME", template)
    except SettingError:
        assume("{" in before + after or "}" in before + after)
        return
    assert link == template
    assert "0af7651916cd43dd8448eb211c80319c" in link.format(trace_id="0af7651916cd43dd8448eb211c80319c")


@given(price_tables)
def test_prices_come_back_as_exact_decimals(table: dict[str, str | dict[str, Decimal]]):
    assert checks.prices("NAME", table) == table


@given(price_tables)
def test_prices_in_the_environment_are_the_same_as_json(table: dict[str, str | dict[str, Decimal]]):
    text = json.dumps(table, default=str)

    assert checks.prices("NAME", text) == table


@given(json_values)
def test_prices_of_any_shape_are_read_or_refused_and_nothing_else(value: object):
    try:
        read = checks.prices("NAME", value)
    except SettingError:
        return
    for price in read.values():
        assert isinstance(price, str) or all(amount >= 0 for amount in price.values())


@given(st.text())
def test_any_text_for_prices_is_read_or_refused_and_nothing_else(text: str):
    try:
        assert isinstance(checks.prices("NAME", text), dict)
    except SettingError as error:
        assert repr(text) in str(error)  # noqa: PT017  # only some texts are refused


def test_a_price_keeps_the_digits_that_it_was_written_with():
    assert checks.prices("NAME", '{"m": {"input_mtok": 0.1}}') == {"m": {"input_mtok": Decimal("0.1")}}


@given(st.sampled_from(["auto", "on", "off"]), st.booleans())
def test_a_word_is_read_in_any_case(word: str, upper: bool):  # noqa: FBT001
    assert checks.one_of("auto", "on", "off")("NAME", word.upper() if upper else word) == word


@given(json_values)
def test_one_of_a_few_words_refuses_all_else(value: object):
    assume(str(value).lower() not in {"auto", "on", "off"})

    with pytest.raises(SettingError):
        checks.one_of("auto", "on", "off")("NAME", value)
