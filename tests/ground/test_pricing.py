import time
from datetime import UTC, datetime
from decimal import Decimal, Inexact, localcontext
from typing import Any

import genai_prices
import pytest
from genai_prices import data_snapshot
from hypothesis import given, settings, strategies as st

from dagster_openai_otel.pricing import OwnPrice, Prices, Request
from dagster_openai_otel.usage import FIELDS, Usage

MILLION = 1_000_000
counts = st.integers(min_value=0, max_value=200_000)


def cost_usd(model: str, *, own: dict[str, OwnPrice] | None = None, **asked: Any) -> Decimal | None:
    request = {name: asked.pop(name) for name in list(asked) if name not in FIELDS}
    usage = Usage(**asked)
    return Prices(own=own or {}).cost_usd(Request(model=model, usage=usage, at=datetime.now(UTC), **request))


def listed(model: str) -> Any:
    """The prices of a model in dollars per million tokens, as the table lists them."""
    _, found = data_snapshot.get_snapshot().find_provider_model(model, None, "openai", None)
    return found.get_prices(datetime.now(UTC))


@given(counts, counts, counts)
def test_a_call_costs_its_tokens_times_the_price_of_each_kind(fresh: int, cached: int, output: int):
    prices = listed("gpt-5-mini")

    actual = cost_usd(
        "gpt-5-mini", input_tokens=fresh + cached, cached_input_tokens=cached, output_tokens=output
    )

    expected = fresh * prices.input_mtok + cached * prices.cache_read_mtok + output * prices.output_mtok
    assert actual == expected / MILLION


def test_reasoning_is_part_of_the_output_and_costs_nothing_on_top():
    plain = cost_usd("gpt-5-mini", input_tokens=10, output_tokens=100)

    assert cost_usd("gpt-5-mini", input_tokens=10, output_tokens=100, reasoning_tokens=90) == plain


def test_the_dated_name_of_a_model_has_its_price():
    assert cost_usd("gpt-5-mini-2025-08-07", input_tokens=MILLION) == listed("gpt-5-mini").input_mtok


def test_the_flex_tier_costs_half():
    standard = cost_usd("gpt-5-mini", input_tokens=900, output_tokens=100)

    assert standard is not None
    assert cost_usd("gpt-5-mini", service_tier="flex", input_tokens=900, output_tokens=100) == standard / 2


def test_the_default_tier_costs_the_standard_price():
    standard = cost_usd("gpt-5-mini", input_tokens=900)

    assert cost_usd("gpt-5-mini", service_tier="default", input_tokens=900) == standard


def test_a_batch_costs_half():
    standard = cost_usd("gpt-5-mini", input_tokens=900, output_tokens=100)

    assert standard is not None
    assert cost_usd("gpt-5-mini", batch=True, input_tokens=900, output_tokens=100) == standard / 2


def test_five_calls_below_the_long_context_tier_cost_five_times_one():
    one = cost_usd("gpt-5.4", input_tokens=100_000)
    all_at_once = cost_usd("gpt-5.4", input_tokens=500_000)

    assert one == listed("gpt-5.4").input_mtok.base * 100_000 / MILLION
    assert all_at_once is not None
    assert 5 * one < all_at_once


def test_a_call_above_the_long_context_tier_costs_the_tiers_price_for_all_its_tokens():
    (tier,) = listed("gpt-5.4").input_mtok.tiers

    assert cost_usd("gpt-5.4", input_tokens=500_000) == tier.price * 500_000 / MILLION


def test_a_model_that_nobody_knows_has_no_price():
    assert cost_usd("nobody-knows-me", input_tokens=1) is None


@pytest.mark.parametrize(
    ("model", "contradicting"),
    [
        ("gpt-5-mini", {"input_tokens": 1, "cached_input_tokens": 2}),
        ("gpt-realtime", {"output_tokens": 1, "output_audio_tokens": 2}),
        ("gpt-realtime", {"input_tokens": 1, "input_audio_tokens": 2}),
    ],
    ids=str,
)
def test_counts_that_contradict_each_other_have_no_price(model: str, contradicting: dict[str, Any]):
    assert cost_usd(model, **contradicting) is None


def test_azure_has_the_price_of_the_same_model():
    assert cost_usd("gpt-4o", provider="azure", input_tokens=900) == cost_usd("gpt-4o", input_tokens=900)


@pytest.mark.parametrize("provider", ["openai", "azure"])
def test_a_deployment_costs_what_the_model_does_that_it_is_said_to_be(provider: str):
    own: dict[str, OwnPrice] = {"our-deployment": "gpt-5-mini"}

    actual = cost_usd("our-deployment", own=own, provider=provider, input_tokens=MILLION)

    assert actual == listed("gpt-5-mini").input_mtok


def test_a_deployment_that_is_said_to_be_an_unknown_model_has_no_price():
    assert cost_usd("ours", own={"ours": "nobody-knows-me"}, input_tokens=1) is None


def test_own_prices_go_before_the_table():
    own: dict[str, OwnPrice] = {"gpt-5-mini": {"input_mtok": Decimal(3), "output_mtok": Decimal("0.5")}}

    assert cost_usd("gpt-5-mini", own=own, input_tokens=MILLION, output_tokens=2 * MILLION) == 4


def test_an_own_price_of_zero_is_a_price():
    own: dict[str, OwnPrice] = {"local": {"input_mtok": Decimal(0), "output_mtok": Decimal(0)}}

    assert cost_usd("local", own=own, input_tokens=5, output_tokens=5) == 0


def test_an_own_price_for_the_input_alone_prices_no_call_with_output():
    own: dict[str, OwnPrice] = {"ours": {"input_mtok": Decimal(3)}}

    assert cost_usd("ours", own=own, input_tokens=MILLION) == 3
    assert cost_usd("ours", own=own, input_tokens=MILLION, output_tokens=1) is None


def test_cached_tokens_cost_the_own_price_of_the_input_where_they_have_none():
    own: dict[str, OwnPrice] = {"ours": {"input_mtok": Decimal(3), "output_mtok": Decimal(1)}}

    assert cost_usd("ours", own=own, input_tokens=MILLION, cached_input_tokens=MILLION // 2) == 3


def test_the_source_names_the_table_and_whether_there_are_own_prices():
    assert Prices(own={}).source.startswith("genai-prices 0.")
    assert Prices(own={"ours": "gpt-5-mini"}).source == Prices(own={}).source + " and own prices"


@pytest.mark.parametrize("model", ["gpt-5-mini", "ours"])
def test_neither_the_precision_nor_the_traps_of_the_caller_change_a_price(model: str):
    own: dict[str, OwnPrice] = {"ours": {"input_mtok": Decimal("0.123456789"), "output_mtok": Decimal(1)}}
    expected = cost_usd(model, own=own, input_tokens=123_457, output_tokens=7)

    with localcontext(prec=2) as strict:
        strict.traps[Inexact] = True
        actual = cost_usd(model, own=own, input_tokens=123_457, output_tokens=7)

    assert actual == expected


def test_a_price_takes_less_than_a_millisecond_once_the_table_is_loaded():
    cost_usd("gpt-5-mini", input_tokens=1)
    began = time.perf_counter()
    for _ in range(200):
        cost_usd("gpt-5-mini", input_tokens=1)

    assert (time.perf_counter() - began) / 200 < 0.005


def listed_models() -> list[tuple[str, str]]:
    providers = [one for one in data_snapshot.get_snapshot().providers if one.id in {"openai", "azure"}]
    return [(provider.id, model.id) for provider in providers for model in provider.models]


used = st.one_of(st.none(), st.just(0), st.integers(1, 400_000))


@settings(max_examples=1000, deadline=None)
@given(
    st.sampled_from(listed_models()),
    st.sampled_from([None, "default", "flex", "priority", "auto", "scale"]),
    st.integers(0, 400_000),
    st.integers(0, 50_000),
    st.fixed_dictionaries(
        {"cached_input_tokens": used, "cache_write_tokens": used, "input_audio_tokens": used}
    ),
    st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_each_price_is_what_genai_prices_reckons(
    model: tuple[str, str],
    tier: str | None,
    into: int,
    out: int,
    details: dict[str, Any],
    at: datetime,
):
    provider, name = model
    usage = Usage(input_tokens=into, output_tokens=out, **details)
    counts = {"input_tokens": into, "output_tokens": out, "cache_read_tokens": details["cached_input_tokens"]}
    counts |= {name: details[name] for name in ("cache_write_tokens", "input_audio_tokens")}
    context = {"service_tier": tier} if tier in {"flex", "priority", "scale"} else None
    request = Request(model=name, usage=usage, at=at, provider=provider, service_tier=tier)

    actual = Prices(own={}).cost_usd(request)

    asked = genai_prices.Usage(**{name: count for name, count in counts.items() if count})
    try:
        with localcontext(prec=50):
            expected = genai_prices.calc_price(
                asked, name, provider_id=provider, genai_request_timestamp=at, price_context=context
            ).total_price
    except (LookupError, ValueError):
        expected = None
    assert actual == expected or not has_prices_of_its_own(name, provider, at, context, usage)
    assert actual in {expected, None}


def has_prices_of_its_own(
    name: str, provider: str, at: datetime, context: dict[str, str] | None, usage: Usage
) -> bool:
    """Whether the table names a price for the tier, and for audio, where there are any."""
    _, found = data_snapshot.get_snapshot().find_provider_model(name, None, provider, None)
    active = [
        variant
        for variant in found.price_variants or ()
        if variant.when == context and (variant.constraint is None or variant.constraint.active(at))
    ]
    audio = found.get_prices(at, context).input_audio_mtok is not None
    return bool(active or context is None) and (audio or not usage.input_audio_tokens)


@pytest.mark.parametrize(
    ("model", "used"),
    [
        ("text-embedding-3-small", {"batch": True}),
        ("gpt-4o", {"service_tier": "flex"}),
        ("gpt-5-mini", {"service_tier": "scale"}),
        ("gpt-4o-audio-preview", {"input_audio_tokens": 5}),
        ("gpt-4o-audio-preview", {"output_audio_tokens": 5}),
        ("o1", {"web_searches": 1}),
        ("o1", {"file_searches": 1}),
        ("gpt-5-mini", {"total_tokens": 1000}),
    ],
    ids=str,
)
def test_what_the_table_has_no_price_for_does_not_get_another_price(model: str, used: dict[str, Any]):
    assert cost_usd(model, input_tokens=10, output_tokens=10) is not None
    assert cost_usd(model, input_tokens=10, output_tokens=10, **used) is None


def test_searches_cost_what_the_table_says_on_top_of_the_tokens():
    tokens = cost_usd("gpt-5-mini", input_tokens=10)

    assert tokens is not None
    searched = cost_usd("gpt-5-mini", input_tokens=10, web_searches=2, file_searches=4)
    assert searched == tokens + Decimal("0.02") + Decimal("0.01")


def test_cached_images_and_cached_audio_have_prices_of_their_own():
    kinds: dict[str, Any] = {"input_audio_tokens": 300, "input_image_tokens": 200}
    cached: dict[str, Any] = {
        "cached_input_tokens": 120,
        "cached_audio_tokens": 70,
        "cached_image_tokens": 30,
    }

    actual = cost_usd("gpt-realtime", input_tokens=1000, **kinds, **cached)

    prices = listed("gpt-realtime")
    expected = 480 * prices.input_mtok + 230 * prices.input_audio_mtok + 170 * prices.input_image_mtok
    expected += 20 * prices.cache_read_mtok + 70 * prices.cache_audio_read_mtok
    assert actual == (expected + 30 * prices.cache_image_read_mtok) / MILLION


@pytest.mark.parametrize(("several", "priced"), [(True, False), (False, True)])
def test_a_sum_of_requests_that_could_be_long_or_short_has_no_price(several: bool, priced: bool):  # noqa: FBT001  # a parameter
    start = listed("gpt-5.5").input_mtok.tiers[0].start

    below = cost_usd("gpt-5.5", several=several, batch=True, input_tokens=start - 1)
    above = cost_usd("gpt-5.5", several=several, batch=True, input_tokens=start + 1)

    assert below is not None
    assert (above is not None) is priced


def test_audio_that_is_told_in_seconds_has_no_price_where_only_tokens_have_one():
    def of(model: str) -> Decimal | None:
        request = Request(model=model, usage=Usage(), at=datetime.now(UTC), audio_seconds=60.0)
        return Prices(own={"ours": {"input_mtok": Decimal(1)}}).cost_usd(request)

    assert of("whisper-1") is not None
    assert of("gpt-4o-transcribe") is None
    assert of("ours") is None
