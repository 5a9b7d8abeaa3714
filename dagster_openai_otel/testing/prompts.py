"""Reads prompts: their words, their number of tokens, and the text that answers them."""

import math
from collections.abc import Iterator, Sequence

from dagster_openai_otel.testing.answers import Json

_NO_PROSE = frozenset(
    {"role", "type", "id", "call_id", "detail", "image_url", "url", "data", "file_data", "file_id"}
)


def texts(value: Json) -> Iterator[str]:
    """The prose in a part of a request body, in order: every string that is no name of a kind."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key not in _NO_PROSE:
                yield from texts(item)


def count_text(text: str) -> int:
    """The tokens of a text: one per four bytes of UTF-8, rounded up."""
    return math.ceil(len(text.encode()) / 4)


def count_prompt(*parts: Json) -> int:
    """The tokens of a prompt that is spread over several parts of a body; at least one."""
    return max(1, sum(count_text(text) for part in parts for text in texts(part)))


def separate_inputs(given: Json) -> Sequence[str | list[int]]:
    """The inputs one by one, of one text, several texts, the token ids of one text or of several."""
    if isinstance(given, str):
        return [given] if given else []
    if not isinstance(given, list):
        return []
    return [given] if given and isinstance(given[0], int) else given


def count_inputs(inputs: Sequence[str | list[int]]) -> int:
    """The tokens of separate inputs, of which each has at least one."""
    return sum(max(1, count_text(item) if isinstance(item, str) else len(item)) for item in inputs)


def reply_to(prompt: Json) -> str:
    """The default text: it repeats the first words of the last message."""
    last = prompt[-1] if isinstance(prompt, list) and prompt else prompt
    words = " ".join(texts(last)).split()[:8]
    return f"You said: {' '.join(words)}" if words else "You said nothing."


def truncated(text: str, tokens: int) -> str:
    """The beginning of a text that has no more than this many tokens."""
    return text.encode()[: 4 * tokens].decode(errors="ignore")
