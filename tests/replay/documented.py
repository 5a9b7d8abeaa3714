"""What an answer used, read by the API's reference alone: the other opinion in the comparison.

Nothing of the library is used here.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.replay.answers import Recorded

ASKED_MODEL = "gpt-asked"

# endpoints whose every good answer is billed, also one that does not say its usage
_BILLED = re.compile(
    r"/(chat/completions|completions|embeddings|responses|images/\w+|audio/\w+|videos|decisions)$"
)
_ASIDE = {"thread.run", "batch"}
_UNFINISHED = {"queued", "in_progress", "requires_action", "cancelling", "validating", "finalizing"}
_TERMINAL = {"response.completed", "response.incomplete", "response.failed"}

# `usage` of chat, completions, embeddings and assistants' runs
_CHAT = {
    "input_tokens": "prompt_tokens",
    "output_tokens": "completion_tokens",
    "total_tokens": "total_tokens",
    "cached_input_tokens": "prompt_tokens_details.cached_tokens",
    "cache_write_tokens": "prompt_tokens_details.cache_write_tokens",
    "input_audio_tokens": "prompt_tokens_details.audio_tokens",
    "reasoning_tokens": "completion_tokens_details.reasoning_tokens",
    "output_audio_tokens": "completion_tokens_details.audio_tokens",
}
_RUN = {**_CHAT, "cached_input_tokens": "prompt_token_details.cached_tokens"}
# `usage` of Responses, images, audio and batches
_RESPONSE = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "total_tokens": "total_tokens",
    "cached_input_tokens": "input_tokens_details.cached_tokens",
    "cache_write_tokens": "input_tokens_details.cache_write_tokens",
    "reasoning_tokens": "output_tokens_details.reasoning_tokens",
    "input_image_tokens": "input_tokens_details.image_tokens",
    "output_image_tokens": "output_tokens_details.image_tokens",
    "input_audio_tokens": "input_token_details.audio_tokens",
}


@dataclass(frozen=True, kw_only=True)
class Used:
    """What is to be recorded of one request."""

    calls: int = 0
    failed_calls: int = 0
    calls_without_usage: int = 0
    tokens: Mapping[str, int] = field(default_factory=dict)
    """By the name of our count; input, output and total always, the rest where it is said."""
    model: str | None = None
    tier: str | None = None


def documented(recorded: Recorded, seen: set[str]) -> Used:
    """What a request used, by its answer.

    Work that goes on after the answer is counted once: with the request that makes it where that waits for
    the end, else with the first that looks when it is finished.

    Args:
        recorded: The answer.
        seen: Ids of the work that was counted before; takes up those of this answer.
    """
    if recorded.status >= 400:
        return Used(failed_calls=1, tokens=_tokens(None))
    said = _of_stream(recorded.body) if recorded.streamed else json.loads(recorded.body)
    usage, made = said.get("usage"), recorded.method == "POST"
    if said.get("object") in _ASIDE or said.get("background"):
        finished = said.get("status") not in _UNFINISHED and usage is not None
        called = finished and (made or said["id"] not in seen)
        seen |= {said["id"]} if finished else set()
    else:
        called = made and (_BILLED.search(recorded.path) is not None or usage is not None)
    if not called:
        return Used(tokens=_tokens(None))
    return Used(
        calls=1,
        calls_without_usage=int(usage is None),
        tokens=_tokens(usage),
        model=said.get("model") or ASKED_MODEL,
        tier=said.get("service_tier"),
    )


def _of_stream(body: str) -> dict[str, Any]:
    """The object that a stream of events adds up to, as far as it concerns usage."""
    whole: dict[str, Any] = {}
    for event in _events(body):
        if event.get("type") in _TERMINAL:
            whole = event["response"]
        elif event.get("object") in {"thread.run", "chat.completion.chunk", "text_completion"}:
            whole |= _told(event)
    return whole


def _told(event: Mapping[str, Any]) -> dict[str, Any]:
    names = ("id", "object", "status", "model", "service_tier", "usage")
    return {name: event[name] for name in names if event.get(name)}


def _events(body: str) -> Iterator[Mapping[str, Any]]:
    for block in re.split(r"\r?\n\r?\n", body):
        data = "\n".join(
            line.removeprefix("data:") for line in block.splitlines() if line.startswith("data:")
        )
        if data.strip().startswith("{"):
            yield json.loads(data)


def _tokens(usage: Mapping[str, Any] | None) -> Mapping[str, int]:
    if usage is None:
        return {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    spelling = _RESPONSE if "input_tokens" in usage else _RUN if "prompt_token_details" in usage else _CHAT
    said = {ours: _at(usage, theirs) for ours, theirs in spelling.items()}
    known = {"input_tokens": 0, "output_tokens": 0} | {
        name: count for name, count in said.items() if count is not None
    }
    return {"total_tokens": known["input_tokens"] + known["output_tokens"]} | known


def _at(usage: Mapping[str, Any], path: str) -> Any:
    value: Any = usage
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
