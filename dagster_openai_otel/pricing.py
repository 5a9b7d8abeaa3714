"""Dollars of one request. The only module that knows genai-prices."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal, localcontext
from functools import cache
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
    "output_audio_tokens": "output_audio_tokens",
    "input_image_tokens": "input_image_tokens",
    "output_image_tokens": "output_image_tokens",
}


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
    audio_seconds: float | None = None
    """Length of the audio, where that is what is billed."""
    web_searches: int = 0
    """Searches of the web that the model made."""


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
            Dollars, unrounded. `None` where the model has no known price or the counts contradict each
            other; never zero for unknown.
        """
        own = self.own.get(request.model)
        with localcontext(DOLLARS):
            if isinstance(own, Mapping):
                return _price_at(own, request)
            return _price_of(request, own or request.model)


def preload() -> None:
    """Load the price table aside, while the first request waits for its answer."""
    if not _preloaded.is_set():
        _preloaded.set()
        threading.Thread(target=_table, name="dagster-openai-otel-prices", daemon=True).start()


_preloaded = threading.Event()


@cache
def _table() -> "genai_prices.data_snapshot.DataSnapshot":
    from genai_prices import data_snapshot

    return data_snapshot.get_snapshot()


def _price_of(request: Request, model: str) -> Decimal | None:
    _table()
    from genai_prices import calc_price

    try:
        return calc_price(
            _counts(request),
            model,
            provider_id=request.provider,
            genai_request_timestamp=request.at,
            price_context=_context(request),
        ).total_price
    except (LookupError, ValueError):
        return None


def _price_at(own: Mapping[str, Decimal], request: Request) -> Decimal | None:
    from genai_prices.types import ModelPrice

    used = {"input_mtok": request.usage.input_tokens, "output_mtok": request.usage.output_tokens}
    if any(count and name not in own for name, count in used.items()):
        return None
    try:
        return ModelPrice(**own).calc_price(_counts(request))["total_price"]
    except ValueError:
        return None


def _context(request: Request) -> dict[str, str] | None:
    if request.batch:
        return {"processing": "batch"}
    return {"service_tier": request.service_tier} if request.service_tier else None


def _counts(request: Request) -> "genai_prices.Usage":
    from genai_prices import Usage as Counts

    # zero of a kind of token needs no price of its own, and no count of what of it was cached
    counts = {theirs: getattr(request.usage, ours) or None for ours, theirs in _UNITS.items()}
    counts |= {"audio_seconds": request.audio_seconds, "web_searches": request.web_searches or None}
    return Counts(**{name: count for name, count in counts.items() if count is not None})
