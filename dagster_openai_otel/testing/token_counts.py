"""The tokens that a text model is said to have used, with details that make sums worth checking."""

import re
from collections.abc import Collection
from dataclasses import replace

from dagster_openai_otel.testing.exchange import Exchange
from dagster_openai_otel.usage import FIELDS, Usage

_REASONS = re.compile(r"o\d|gpt-[5-9]")
_WRITES_CACHE = re.compile(r"gpt-(5\.[6-9]|[6-9])")
_CACHED_FROM = 1024
_CACHE_BLOCK = 128
_REASONING_BLOCK = 64

EMBEDDING_COUNTS = frozenset({"input_tokens", "total_tokens"})
"""The counts that embeddings report."""
CHAT_COUNTS = frozenset(FIELDS) - {"output_image_tokens"}
"""The counts that chat completions and completions report."""
RESPONSE_COUNTS = frozenset(name for name in FIELDS if "audio" not in name and "image" not in name)
"""The counts that responses report."""
BATCH_COUNTS = RESPONSE_COUNTS - {"cache_write_tokens"}
"""The counts that batches report."""
RUN_COUNTS = frozenset({"input_tokens", "output_tokens", "total_tokens", "cached_input_tokens"})
"""The counts that runs of assistants report."""
IMAGE_COUNTS = frozenset(FIELDS[:3]) | {"input_image_tokens", "output_image_tokens"}
"""The counts that images report."""
AUDIO_COUNTS = frozenset(FIELDS[:3]) | {"input_audio_tokens"}
"""The counts that transcriptions report."""
SPEECH_COUNTS = frozenset(FIELDS[:3])
"""The counts that streamed speech reports."""


def used(exchange: Exchange, made_up: Usage, reported: Collection[str]) -> Usage:
    """The tokens of a call: the scripted ones, else those made up.

    Counts that the endpoint cannot report are left out, so that ledger and wire agree. A total of 0 is
    filled in.
    """
    usage = exchange.answer.usage or made_up
    usage = Usage(**{name: getattr(usage, name) for name in reported})
    if usage.total_tokens:
        return usage
    return replace(usage, total_tokens=usage.input_tokens + usage.output_tokens)


def made_up_usage(exchange: Exchange, input_tokens: int, visible_tokens: int, limit: int | None) -> Usage:
    """Counts with details for a prompt and the visible output.

    Long prompts were partly read from the cache, and partly written to it by models that charge for
    that. Reasoning comes on top of the visible output, within the limit that the caller set.
    """
    model = exchange.asked_model
    reasoning = _REASONING_BLOCK * (1 + input_tokens % 3) if _REASONS.match(model) else 0
    if limit is not None:
        reasoning = max(0, min(reasoning, limit - visible_tokens))
    blocks = input_tokens // _CACHE_BLOCK if input_tokens > _CACHED_FROM else 0
    written = blocks - blocks // 2 if _WRITES_CACHE.match(model) else None
    return Usage(
        input_tokens=input_tokens,
        output_tokens=visible_tokens + reasoning,
        cached_input_tokens=_CACHE_BLOCK * (blocks // 2),
        cache_write_tokens=None if written is None else _CACHE_BLOCK * written,
        reasoning_tokens=reasoning,
    )
