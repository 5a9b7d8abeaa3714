"""The `usage` of an answer in any of the API's spellings, and in those of other servers."""

from collections.abc import Mapping
from typing import Any

from dagster_openai_otel.usage import Usage

_Names = Mapping[str, tuple[str, ...]]
"""Our name of a count -> names on the wire, of which the first that is not zero counts."""

_COUNTS: _Names = {
    "input_tokens": ("input_tokens", "prompt_tokens"),
    "output_tokens": ("output_tokens", "completion_tokens"),
    "total_tokens": ("total_tokens",),
}
# To read another detail, add a name, or a line with the place that it is in; a place may be in another one.
_INPUT: _Names = {
    "cached_input_tokens": ("cached_tokens",),
    "cache_write_tokens": ("cache_write_tokens", "cache_creation_tokens"),
    "input_audio_tokens": ("audio_tokens",),
    "input_image_tokens": ("image_tokens",),
}
_OUTPUT: _Names = {
    "reasoning_tokens": ("reasoning_tokens",),
    "output_audio_tokens": ("audio_tokens",),
    "output_image_tokens": ("image_tokens",),
}
_CACHED: _Names = {
    "cached_audio_tokens": ("audio_tokens",),
    "cached_image_tokens": ("image_tokens", "cached_image_tokens"),
}
_PLACES: Mapping[str, _Names] = {
    "input_tokens_details": _INPUT,
    "prompt_tokens_details": _INPUT,
    "input_token_details": _INPUT,
    "prompt_token_details": _INPUT,
    "output_tokens_details": _OUTPUT,
    "completion_tokens_details": _OUTPUT,
    "output_token_details": _OUTPUT,
    "cached_tokens_details": _CACHED,
}
# in the usage itself: of DeepSeek, and of the tools and evaluations of the API
_FLAT: _Names = {
    "cached_input_tokens": ("cached_tokens", "prompt_cache_hit_tokens"),
    "reasoning_tokens": ("reasoning_tokens",),
}
# an exporter drops all of its spans where one holds a larger integer
_LARGEST = 2**63 - 1
_LONGEST = 19


def read_usage(usage: object) -> Usage | None:
    """Read a `usage` object in any of the API's spellings; `None` where it holds no count of tokens."""
    if isinstance(usage, Usage):
        return usage
    said = fields_of(usage)
    counts = _counts(said, _COUNTS)
    if not counts:
        return None
    if "total_tokens" not in counts:
        counts["total_tokens"] = sum(counts.values())
    return Usage(**counts, **(_counts(said, _FLAT) | _details(said)))


def read_seconds(usage: object) -> float | None:
    """The length of the audio, where that is what a `usage` object says."""
    seconds: Any = fields_of(usage).get("seconds")
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    return float(seconds) if is_number and seconds >= 0 else None


def read_count(value: object) -> int | None:
    """A count, also where it is written as a float or a text; `None` where it is none that can be."""
    if isinstance(value, str):
        value = int(value) if len(value) <= _LONGEST and value.isascii() and value.isdigit() else None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if type(value) is int and 0 <= value <= _LARGEST else None


def value_of(payload: object, name: str) -> Any:
    """A field of a mapping or of a model of the SDK; `None` where there is none."""
    if isinstance(payload, Mapping):
        return payload.get(name)
    return getattr(payload, name, None) if payload is not None else None


def fields_of(payload: object) -> Mapping[str, Any]:
    """All fields of a mapping or of a model of the SDK; none of anything else.

    Many are looked for that are not there, which pydantic takes long to say.
    """
    if isinstance(payload, Mapping):
        return payload
    fields: Mapping[str, Any] = getattr(payload, "__dict__", {})
    unknown = getattr(payload, "__pydantic_extra__", None)
    return {**fields, **unknown} if unknown else fields


def _details(said: Mapping[str, Any]) -> dict[str, int]:
    details: dict[str, int] = {}
    for place, part in said.items():
        names = _PLACES.get(place)
        if names is not None and part is not None:
            inner = fields_of(part)
            details = _counts(inner, names) | _details(inner) | details
    return details


def _counts(said: Mapping[str, Any], names: _Names) -> dict[str, int]:
    counts: dict[str, int] = {}
    for ours, wire in names.items():
        for name in wire:
            count = read_count(said[name]) if name in said else None
            if count is not None and not counts.get(ours):
                counts[ours] = count
    return counts
