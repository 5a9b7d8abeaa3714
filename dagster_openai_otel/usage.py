"""`Usage`: the tokens of one request, or the sum of several."""

from dataclasses import dataclass, fields


def _added(left: int | None, right: int | None) -> int | None:
    """Add two counts, of which either may be unreported."""
    if left is None or right is None:
        return right if left is None else left
    return left + right


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens that the API reported. All counts are whole tokens, never negative.

    A detail that is `None` was not reported, which is not the same as zero. The details are parts of the
    input or of the output, not on top of them. `Usage()` is the neutral element, so that
    `sum(usages, Usage())` works.
    """

    input_tokens: int = 0
    """Tokens of the prompt, cached ones included. Source: `prompt_tokens` or `input_tokens` of the API."""
    output_tokens: int = 0
    """Tokens of the answer, reasoning included. Source: `completion_tokens` or `output_tokens`."""
    total_tokens: int = 0
    """What the API calls the total; where it names none, input plus output."""
    cached_input_tokens: int | None = None
    """Part of the input that was read from the prompt cache."""
    cache_write_tokens: int | None = None
    """Part of the input that was written to the prompt cache."""
    reasoning_tokens: int | None = None
    """Part of the output that the model spent on reasoning."""
    input_audio_tokens: int | None = None
    """Part of the input that was audio."""
    cached_audio_tokens: int | None = None
    """Part of the cached input that was audio."""
    cached_image_tokens: int | None = None
    """Part of the cached input that was images."""
    output_audio_tokens: int | None = None
    """Part of the output that was audio."""
    input_image_tokens: int | None = None
    """Part of the input that was images."""
    output_image_tokens: int | None = None
    """Part of the output that was images."""

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            total_tokens=self.total_tokens + other.total_tokens,
            **{name: _added(getattr(self, name), getattr(other, name)) for name in DETAILS},
        )


FIELDS: tuple[str, ...] = tuple(field.name for field in fields(Usage))
"""The names of the counts of a `Usage`, in order."""
DETAILS: tuple[str, ...] = FIELDS[3:]
"""The names of the counts that may be unreported."""
