"""The ledger of the fake API: what each call would cost, reckoned independently of the library."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from dagster_openai_otel.usage import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledCall:
    """One call that the API charges for."""

    endpoint: str
    """The path of the endpoint with dots: `chat.completions`, `images.generations`."""
    model: str
    """The model as the answer names it."""
    service_tier: str | None
    """The tier as the answer names it; `None` when the endpoint has none."""
    usage: Usage
    """The tokens that are charged, in full also when the answer was cut off."""
    cost_usd: Decimal | None
    """The price in US dollars; `None` when genai-prices does not know the model."""
    reported: bool
    """Whether the usage was written to the client's connection."""
    streamed: bool
    """Whether the answer was a stream of events."""
    azure: bool
    """Whether the call came over a path of Azure OpenAI."""
    request: int
    """`Request.index` of the request that the call is charged for."""
    response_id: str | None
    """The id in the answer; `None` for raw answers, and where the endpoint gives none."""
    audio_seconds: float | None = None
    """Length of the audio, where that is what is charged; the usage is empty then."""
    batch: bool = False
    """Whether it is a batch, which has a price of its own; its usage is that of all of its lines."""


class Bill:
    """Billed calls and their sums. Safe to read while the server runs, from any thread."""

    def __init__(self, calls: Iterable[BilledCall] = ()) -> None:
        self._lock = threading.Lock()
        self._entries = [BillEntry(call=call) for call in calls]

    @property
    def calls(self) -> tuple[BilledCall, ...]:
        """The calls in the order in which they were billed."""
        with self._lock:
            return tuple(entry.call for entry in self._entries)

    @property
    def usage(self) -> Usage:
        """The tokens of all calls."""
        return sum((call.usage for call in self.calls), Usage())

    @property
    def cost_usd(self) -> Decimal:
        """The price of all calls that have one, in US dollars."""
        return sum((call.cost_usd for call in self.calls if call.cost_usd is not None), Decimal(0))

    @property
    def unpriced(self) -> int:
        """How many calls have no price."""
        return sum(call.cost_usd is None for call in self.calls)

    @property
    def unreported(self) -> tuple[BilledCall, ...]:
        """The calls whose usage never went over the wire, in order."""
        return tuple(call for call in self.calls if not call.reported)

    @property
    def by_model(self) -> Mapping[str, "Bill"]:
        """The bill of each model, by the name in the answers."""
        calls: dict[str, list[BilledCall]] = {}
        for call in self.calls:
            calls.setdefault(call.model, []).append(call)
        return {model: Bill(billed) for model, billed in calls.items()}

    def clear(self) -> None:
        """Forget all calls."""
        with self._lock:
            self._entries.clear()

    def charge(self, call: BilledCall) -> "BillEntry":
        """Add a call; the server reports through the entry whether the usage was sent."""
        entry = BillEntry(call=call)
        with self._lock:
            self._entries.append(entry)
        return entry


@dataclass(slots=True, kw_only=True)
class BillEntry:
    """A line of the ledger, which learns later whether the usage reached the wire."""

    call: BilledCall

    def set_reported(self, *, reported: bool) -> None:
        """Say whether the usage went over the wire."""
        self.call = replace(self.call, reported=reported)


def price(
    model: str,
    usage: Usage,
    *,
    context: Mapping[str, str] | None = None,
    azure: bool = False,
    audio_seconds: float | None = None,
) -> Decimal | None:
    """Reckon the price of one call in US dollars, now; `None` when genai-prices knows none.

    Counts that contradict each other, such as more cached tokens than input, have no price either, and
    neither has a tier or a batch that the table has no price of its own for.

    Args:
        model: The model as the answer names it.
        usage: The tokens.
        context: What the price depends on besides, in the words of genai-prices.
        azure: Whether it is a price of Azure OpenAI.
        audio_seconds: Length of the audio, where that is what is charged.
    """
    import genai_prices  # banned at module level: it is slow to load
    from genai_prices import data_snapshot

    provider = "azure" if azure else "openai"
    try:
        if context and context != {"service_tier": "default"}:
            found, listed = data_snapshot.get_snapshot().find_provider_model(model, None, provider, None)
            variants = [variant.when for variant in listed.price_variants or ()]
            if context not in variants or not any(listed is own for own in found.models):
                return None
        return genai_prices.calc_price(
            genai_prices.Usage(
                input_tokens=usage.input_tokens,
                output_tokens=usage.output_tokens,
                cache_read_tokens=usage.cached_input_tokens,
                cache_write_tokens=usage.cache_write_tokens,
                input_audio_tokens=usage.input_audio_tokens,
                cache_audio_read_tokens=usage.cached_audio_tokens,
                cache_image_read_tokens=usage.cached_image_tokens,
                output_audio_tokens=usage.output_audio_tokens,
                input_image_tokens=usage.input_image_tokens,
                output_image_tokens=usage.output_image_tokens,
                **({} if audio_seconds is None else {"audio_seconds": audio_seconds}),
            ),
            model,
            provider_id=provider,
            genai_request_timestamp=datetime.now(UTC),
            price_context=dict(context) if context else None,
        ).total_price
    except (LookupError, ValueError):
        return None
