"""Dollars of one request. The only module that knows genai-prices."""

import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal, localcontext
from importlib.metadata import version
from typing import TYPE_CHECKING

from dagster_openai_otel.usage import Usage

if TYPE_CHECKING:
    # 0.4 s to load with its data, and most processes never price anything
    import genai_prices

DOLLARS = Context(prec=50)
"""How dollars are reckoned, whatever precision and traps the user's own code has set."""

OwnPrice = str | Mapping[str, Decimal]
"""A model's name to use the price of, or prices by genai-prices' own keys, in dollars (`input_mtok`)."""

# our name of a detail -> genai-prices' name of the same
_UNITS = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cached_input_tokens": "cache_read_tokens",
    "cache_write_tokens": "cache_write_tokens",
    "input_audio_tokens": "input_audio_tokens",
    "cached_audio_tokens": "cache_audio_read_tokens",
    "cached_image_tokens": "cache_image_read_tokens",
    "output_audio_tokens": "output_audio_tokens",
    "input_image_tokens": "input_image_tokens",
    "output_image_tokens": "output_image_tokens",
}
# tiers that cost the standard price, as OpenAI and other servers name them
_STANDARD_TIERS = {"default", "auto", "standard", "on_demand"}
# what is only priced where the model has a price for it: of a `Usage`, or of a `Request`
_OWN_PRICE = {
    "input_audio_tokens": "input_audio_mtok",
    "output_audio_tokens": "output_audio_mtok",
    "web_searches": "web_searches_kcount",
    "file_searches": "storage_searches_kcount",
}
_NOT_TEXT = tuple(
    name for name in _UNITS if name not in {"input_tokens", "output_tokens", "cached_input_tokens"}
)
# prices that a request of text has nothing to do with, but for the first three
_NOT_BY_REQUEST = frozenset(
    {"input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok"}
    | {"input_audio_mtok", "output_audio_mtok", "cache_audio_read_mtok"}
    | {"input_image_mtok", "output_image_mtok", "cache_image_read_mtok"}
    | {"web_searches_kcount", "storage_searches_kcount"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the price of one request depends on."""

    model: str
    """Name of the model, or of the Azure deployment."""
    usage: Usage
    at: datetime
    """When the request was sent, with its time zone: prices change."""
    provider: str = "openai"
    """genai-prices' id of the provider: `openai` or `azure`."""
    service_tier: str | None = None
    """The tier that served the request, `flex` or `priority`; `None` for the standard price."""
    batch: bool = False
    """Whether it was part of a batch, which has a price of its own."""
    several: bool = False
    """Whether the usage is that of several requests, whose lengths nobody knows."""
    audio_seconds: float | None = None
    """Length of the audio, where that is what is billed."""
    web_searches: int = 0
    """Searches of the web that the model made."""
    file_searches: int = 0
    """Searches of files that the model made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """A price table: the user's own prices before those of genai-prices."""

    own: Mapping[str, OwnPrice]
    """By model or Azure deployment."""

    @property
    def source(self) -> str:
        """Name and version of the table."""
        return f"genai-prices {version('genai-prices')}" + (" and own prices" if self.own else "")

    def cost_usd(self, request: Request) -> Decimal | None:
        """Price one request in US dollars.

        Price requests one by one and add the results: tiered prices depend on one request's tokens.

        Returns:
            Dollars, unrounded. `None` where the model has no known price, or none for its tier or for a
            kind of token, and where the counts contradict each other; never zero for unknown.
        """
        if request.usage.total_tokens > request.usage.input_tokens + request.usage.output_tokens:
            # of some of the tokens nobody knows what they were
            return None
        own = self.own.get(request.model)
        with localcontext(DOLLARS):
            if isinstance(own, Mapping):
                return _price_at(own, request)
            return _price_of(request, own or request.model)


def load() -> None:
    """Load genai-prices, but for its table.

    To be called where the SDK is loaded: openai 2 looks at `httpx2`, which genai-prices needs, wherever that
    is loaded, and fails the user's call where another thread has loaded half of it.
    """
    import genai_prices  # noqa: F401  # loaded, not used


def preload() -> None:
    """Load the price table aside, while the first request waits for its answer."""
    if not _preloaded.is_set():
        _preloaded.set()
        # no thread starts while the interpreter shuts down; then the table is loaded when it is needed
        with suppress(RuntimeError):
            threading.Thread(target=_table, name="dagster-openai-otel-prices", daemon=True).start()


_preloaded = threading.Event()


def _table() -> "genai_prices.data_snapshot.DataSnapshot":
    from genai_prices import data_snapshot

    return data_snapshot.get_snapshot()


def _price_of(request: Request, model: str) -> Decimal | None:
    """The price of a model that the table lists."""
    context = _context(request)
    try:
        provider, listed = _table().find_provider_model(model, None, request.provider, None)
        if context is not None and not _has_variant(provider, listed, request.at, context):
            return None
        prices = listed.get_prices(request.at, context)
        if context is None and _is_text(request):
            cost = _price_of_text(prices, request.usage)
            if cost is not None:
                return cost
        if not _is_covered(prices, request):
            return None
        counts = _counts(request)
        priced = listed.calc_price(
            counts, provider, genai_request_timestamp=request.at, price_context=context
        )
    except (LookupError, ValueError):
        return None
    by_length = prices.audio_hours or prices.input_audio_hours
    return priced.total_price if request.audio_seconds is None or by_length else None


def _has_variant(
    provider: "genai_prices.types.Provider",
    model: "genai_prices.types.ModelInfo",
    at: datetime,
    context: dict[str, str],
) -> bool:
    """Whether the table has a price for a tier or a batch; else it would give the standard one."""
    return any(model is own for own in provider.models) and any(
        variant.when == context and (variant.constraint is None or variant.constraint.active(at))
        for variant in model.price_variants or ()
    )


def _is_covered(prices: "genai_prices.types.ModelPrice", request: Request) -> bool:
    """Whether the prices fit what was used.

    They do not where audio would cost what text does, and a search nothing, and where the price depends on
    the length of requests that are only known in sum.
    """
    from genai_prices.types import TieredPrices

    tiers = [price.tiers[0].start for price in vars(prices).values() if isinstance(price, TieredPrices)]
    if request.several and any(request.usage.input_tokens >= start for start in tiers):
        return False
    used = {name: getattr(request.usage, name, None) or getattr(request, name, None) for name in _OWN_PRICE}
    return all(getattr(prices, _OWN_PRICE[name]) is not None for name, count in used.items() if count)


def _price_at(own: Mapping[str, Decimal], request: Request) -> Decimal | None:
    """The user's own price."""
    from genai_prices.types import ModelPrice

    used = {"input_mtok": request.usage.input_tokens, "output_mtok": request.usage.output_tokens}
    if request.audio_seconds is not None or any(count and name not in own for name, count in used.items()):
        return None
    prices = ModelPrice(**own)
    try:
        if not _is_covered(prices, request):
            return None
        cost = _price_of_text(prices, request.usage) if _is_text(request) else None
        return cost if cost is not None else prices.calc_price(_counts(request))["total_price"]
    except ValueError:
        return None


def _is_text(request: Request) -> bool:
    """Whether nothing was used but tokens of text, none of which were written to a cache."""
    return (
        request.audio_seconds is None
        and not request.several
        and not (request.web_searches or request.file_searches)
        and not any(getattr(request.usage, name) for name in _NOT_TEXT)
    )


def _price_of_text(prices: "genai_prices.types.ModelPrice", usage: Usage) -> Decimal | None:
    """What genai-prices reckons too, in a tenth of the time; `None` where that is to be asked."""
    from genai_prices.types import calc_unit_price

    said = usage.cached_input_tokens or 0
    cached = said if prices.cache_read_mtok is not None else 0
    if said > usage.input_tokens or not prices.__dict__.keys() <= _NOT_BY_REQUEST:
        return None
    parts = (
        (prices.input_mtok, usage.input_tokens - cached),
        (prices.cache_read_mtok, cached),
        (prices.output_mtok, usage.output_tokens),
    )
    costs = [calc_unit_price(price, count, usage.input_tokens, 1_000_000) for price, count in parts if count]
    return sum(costs, Decimal(0))


def _context(request: Request) -> dict[str, str] | None:
    """What selects another price of the same model; `None` for the standard price."""
    if request.batch:
        return {"processing": "batch"}
    tier = request.service_tier
    return {"service_tier": tier} if tier and tier not in _STANDARD_TIERS else None


def _counts(request: Request) -> "genai_prices.Usage":
    from genai_prices import Usage as Counts

    # zero of a kind of token needs no price of its own, and no count of what of it was cached
    counts = {theirs: getattr(request.usage, ours) or None for ours, theirs in _UNITS.items()}
    counts |= {
        "audio_seconds": request.audio_seconds,
        "web_searches": request.web_searches or None,
        "storage_searches": request.file_searches or None,
    }
    return Counts(**{name: count for name, count in counts.items() if count is not None})
