"""`Tally`: what some calls used, by model; adds up, and splits into shares whose sum is exact."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import ROUND_DOWN, Decimal, localcontext
from itertools import starmap
from operator import add
from typing import Self

from dagster_openai_otel.pricing import DOLLARS
from dagster_openai_otel.usage import FIELDS, Usage

_SMALLEST_SHARE = Decimal("1e-11")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Counts, tokens and dollars of some calls. `Sums()` is the neutral element of `+`."""

    calls: int = 0
    """Requests that the API can bill for and answered."""
    usage: Usage = field(default_factory=Usage)
    """Tokens of the calls that said them."""
    cost_usd: Decimal | None = None
    """US dollars, each call priced alone; `None` where nothing could be priced."""
    unpriced_calls: int = 0
    """Calls with usage, but with no known price."""
    calls_without_usage: int = 0
    """Calls that were answered, but did not say what they used."""
    failed_calls: int = 0
    """Requests that raised an error; one that was answered first is among the calls too."""
    retries: int = 0
    """Requests that the SDK sent again by itself."""
    duration_s: float = 0.0
    """Seconds, summed over the requests, which may overlap."""

    def __add__(self, other: Self) -> Self:
        priced = [sums.cost_usd for sums in (self, other) if sums.cost_usd is not None]
        summed = {name: getattr(self, name) + getattr(other, name) for name in _SUMMED}
        with localcontext(DOLLARS):
            return type(self)(**summed, cost_usd=sum(priced, Decimal(0)) if priced else None)

    def split(self, shares: int, start: int = 0) -> list[Self]:
        """Split evenly into whole counts and tokens and exact dollars, so that the sum is this again.

        Args:
            shares: How many, at least one.
            start: The share that gets the first odd unit; the odd ones go round from there.
        """
        wheel = _Wheel(shares, start)
        counts = {name: wheel.split(getattr(self, name)) for name in _COUNTS}
        usages = _split_usage(self.usage, wheel)
        costs = _split_money(self.cost_usd, shares)
        return [
            replace(
                self,
                **{name: split[share] for name, split in counts.items()},
                usage=usages[share],
                cost_usd=costs[share],
                duration_s=self.duration_s / shares,
            )
            for share in range(shares)
        ]


_COUNTS = ("calls", "unpriced_calls", "calls_without_usage", "failed_calls", "retries")
_SUMMED = tuple(field.name for field in fields(Sums) if field.name != "cost_usd")


def dollars_of(cost: object) -> Decimal | None:
    """Dollars that were written as a float, with the digits that they had; `None` for anything else."""
    return Decimal(repr(cost)) if isinstance(cost, float) else None


class _Wheel:
    """Hands out odd units in turn, so that no share gets all of them."""

    def __init__(self, shares: int, start: int) -> None:
        self._shares = shares
        self._next = start % shares

    def split(self, count: int) -> list[int]:
        whole, odd = divmod(count, self._shares)
        split = [whole] * self._shares
        for turn in range(odd):
            split[(self._next + turn) % self._shares] += 1
        self._next = (self._next + odd) % self._shares
        return split


def _split_usage(usage: Usage, wheel: _Wheel) -> list[Usage]:
    """Split each count; a total that is input plus output stays so in each share."""
    reported = {name: count for name in FIELDS if (count := getattr(usage, name)) is not None}
    rest = reported.pop("total_tokens") - usage.input_tokens - usage.output_tokens
    splits = {name: wheel.split(count) for name, count in reported.items()}
    splits["total_tokens"] = list(
        starmap(add, zip(splits["input_tokens"], splits["output_tokens"], strict=True))
    )
    if rest:
        splits["total_tokens"] = wheel.split(usage.total_tokens)
    return [
        replace(usage, **{name: split[share] for name, split in splits.items()})
        for share in range(len(splits["total_tokens"]))
    ]


def _split_money(money: Decimal | None, shares: int) -> list[Decimal | None]:
    """Split into shares of whole 1e-11 dollars; what is left over goes to the first."""
    if money is None:
        return [None] * shares
    with localcontext(DOLLARS):
        share = (money / shares).quantize(_SMALLEST_SHARE, ROUND_DOWN)
        return [money - share * (shares - 1), *[share] * (shares - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What a price depends on, and a row of the table by model."""

    name: str
    """The model that answered, or the one asked for; `unknown` where neither is known."""
    service_tier: str | None = None
    """The tier that served the request; `None` where the answer did not say one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Sums by model. `Tally()` is the neutral element of `+` and is false."""

    by_model: Mapping[Model, Sums] = field(default_factory=dict)
    """One entry a model and service tier."""

    @property
    def sums(self) -> Sums:
        """The sums over all models."""
        return sum(self.by_model.values(), Sums())

    def __bool__(self) -> bool:
        return bool(self.by_model)

    def __add__(self, other: Self) -> Self:
        merged = dict(self.by_model)
        for model, sums in other.by_model.items():
            merged[model] = merged[model] + sums if model in merged else sums
        return type(self)(by_model=merged)

    def split(self, shares: int) -> list[Self]:
        """Split each model's sums evenly; the sum over the shares is this again, exactly."""
        rows = list(self._rows(shares))
        return [
            type(self)(by_model={model: split[share] for model, split in rows}) for share in range(shares)
        ]

    def _rows(self, shares: int) -> Iterator[tuple[Model, list[Sums]]]:
        for turn, (model, sums) in enumerate(self.by_model.items()):
            yield model, sums.split(shares, start=turn)
