"""Answers like those that the API gives, changed in ways that it is free to change them: strategies.

What each one uses is drawn first, so that the truth is known without reading the body.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.replay.answers import Recorded
from tests.replay.documented import ASKED_MODEL, Used


@dataclass(frozen=True, kw_only=True)
class Family:
    """Answers of one endpoint that say their usage alike."""

    path: str
    spelling: Mapping[str, str]
    """Our name of a count -> its place in `usage`."""
    kind: str
    """The API's name of the object."""


_INPUT, _OUTPUT = "prompt_tokens_details", "completion_tokens_details"
_CHAT = {
    "input_tokens": "prompt_tokens",
    "output_tokens": "completion_tokens",
    "cached_input_tokens": f"{_INPUT}.cached_tokens",
    "cache_write_tokens": f"{_INPUT}.cache_write_tokens",
    "input_audio_tokens": f"{_INPUT}.audio_tokens",
    "reasoning_tokens": f"{_OUTPUT}.reasoning_tokens",
    "output_audio_tokens": f"{_OUTPUT}.audio_tokens",
}
_RESPONSE = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cached_input_tokens": "input_tokens_details.cached_tokens",
    "cache_write_tokens": "input_tokens_details.cache_write_tokens",
    "reasoning_tokens": "output_tokens_details.reasoning_tokens",
}
CHAT = Family(path="/v1/chat/completions", spelling=_CHAT, kind="chat.completion")
COMPLETION = Family(path="/v1/completions", spelling=_CHAT, kind="text_completion")
EMBEDDING = Family(path="/v1/embeddings", spelling={"input_tokens": "prompt_tokens"}, kind="list")
RESPONSE = Family(path="/v1/responses", spelling=_RESPONSE, kind="response")

# what a text may say without being usage
_TEXTS = st.sampled_from(
    [
        "Oslo.",
        '"usage": {"prompt_tokens": 7, "completion_tokens": 7, "total_tokens": 14}',
        '{"usage":{"input_tokens":7,"output_tokens":7}}',
        'data: {"choices":[],"usage":{"prompt_tokens":7}}\n\ndata: [DONE]\n\n',
        '\\"usage\\": {\\"total_tokens\\": 7}',
        "event: response.completed\r\n\r\n",
    ]
)
_NOISE = st.recursive(
    st.none() | st.booleans() | st.integers() | _TEXTS,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["usage", "model", "text"]), inner, max_size=2)
    ),
    max_leaves=4,
)
_UNKNOWN = st.dictionaries(
    st.sampled_from(["new_field", "x_groq", "provider", "vendor.usage"]), _NOISE, max_size=2
)
_COUNTS = st.integers(min_value=0, max_value=10**9)
_MODELS = st.sampled_from(["gpt-5-mini-2025-08-07", "o3", "my-deployment", None])
_INDENTS = st.sampled_from([None, 2])
_NONE = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
_SILENCE: st.SearchStrategy[dict[str, Any]] = st.sampled_from([{}, {"usage": None}])
_TIERS = st.sampled_from(["default", "flex", "priority", None])


@st.composite
def changed_answers(draw: st.DrawFn) -> tuple[Recorded, Used]:
    """An answer, and what is to be recorded of it."""
    family = draw(st.sampled_from([CHAT, COMPLETION, EMBEDDING, RESPONSE]))
    tokens = {
        name: draw(_COUNTS)
        for name in family.spelling
        if name in {"input_tokens", "output_tokens"} or draw(st.booleans())
    }
    summed = tokens["input_tokens"] + tokens.get("output_tokens", 0)
    total, model, tier = draw(st.sampled_from([summed, None])), draw(_MODELS), draw(_TIERS)
    usage = draw(st.none() | _usage(family, tokens, total))
    about = {"usage": usage, "model": model, "service_tier": tier}
    body = draw(_shuffled(_whole(family, draw(_TEXTS)) | about))
    streamed = family is not EMBEDDING and draw(st.booleans())
    recorded = Recorded(
        name="changed",
        method="POST",
        path=family.path,
        azure=False,
        status=200,
        content_type="text/event-stream" if streamed else "application/json",
        body=draw(_stream(family, body)) if streamed else json.dumps(body, indent=draw(_INDENTS)),
    )
    counted = (
        _NONE if usage is None else _NONE | tokens | {"total_tokens": summed if total is None else total}
    )
    return recorded, Used(
        calls=1,
        calls_without_usage=int(usage is None),
        tokens=counted,
        model=model or ASKED_MODEL,
        tier=tier,
    )


@st.composite
def _usage(draw: st.DrawFn, family: Family, tokens: Mapping[str, int], total: int | None) -> dict[str, Any]:
    """The counts where the API says them: as whole numbers or floats, the absent ones missing or null."""
    usage: dict[str, Any] = {}
    for ours, place in family.spelling.items():
        outer, _, inner = place.rpartition(".")
        holder = usage.setdefault(outer, {}) if outer else usage
        if ours in tokens:
            holder[inner] = float(tokens[ours]) if draw(st.booleans()) else tokens[ours]
        elif draw(st.booleans()):
            holder[inner] = None
    for name, details in list(usage.items()):
        if details == {}:
            usage[name] = draw(st.sampled_from([{}, None]))
    if total is not None or draw(st.booleans()):
        usage["total_tokens"] = total
    shuffled: dict[str, Any] = draw(_shuffled(usage))
    return shuffled


@st.composite
def _shuffled(draw: st.DrawFn, said: dict[str, Any]) -> dict[str, Any]:
    """The same fields in another order, with some that nobody knows between them."""
    fields = [*(draw(_UNKNOWN) | said).items()]
    return dict(draw(st.permutations(fields)))


def _whole(family: Family, text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    content: dict[str, dict[str, Any]] = {
        CHAT.path: {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]},
        COMPLETION.path: {"choices": [{"index": 0, "text": text, "finish_reason": "stop"}]},
        EMBEDDING.path: {"data": [{"object": "embedding", "index": 0, "embedding": [0.5, -0.5]}]},
        RESPONSE.path: {
            "status": "completed",
            "output": [
                {
                    "type": "message",
                    "id": "msg_1",
                    "role": "assistant",
                    "content": [{"type": "output_text", "text": text}],
                }
            ],
        },
    }
    return {"id": "answer-1", "object": family.kind, "created": 1, **content[family.path]}


@st.composite
def _stream(draw: st.DrawFn, family: Family, body: dict[str, Any]) -> str:
    """The same answer as a stream of events."""
    end = draw(st.sampled_from(["\n\n", "\r\n\r\n"]))
    if family is RESPONSE:
        return "".join(
            f"event: {event['type']}{end[: len(end) // 2]}data: {json.dumps(event)}{end}"
            for event in _response_events(body, draw(_TEXTS))
        )
    rest = {name: value for name, value in body.items() if name not in {"usage", "choices"}}
    rest |= {"object": "chat.completion.chunk"} if family is CHAT else {}
    piece: dict[str, Any] = {
        "index": 0,
        "delta": {"content": draw(_TEXTS)},
        "text": draw(_TEXTS),
        "finish_reason": None,
    }
    silence = draw(_SILENCE)
    chunks: list[dict[str, Any]] = [
        {**rest, "choices": [piece], **silence},
        {**rest, "choices": [{**piece, "finish_reason": "stop"}]},
        {**rest, "choices": [], "usage": body["usage"]},
    ]
    events = [json.dumps(draw(_shuffled(chunk))) for chunk in chunks]
    return "".join(f"data: {event}{end}" for event in [*events, "[DONE]"])


def _response_events(body: dict[str, Any], text: str) -> list[dict[str, Any]]:
    begun = {**body, "status": "in_progress", "usage": None, "output": []}
    return [
        {"type": "response.created", "response": begun},
        {"type": "response.output_text.delta", "delta": text, "item_id": "msg_1"},
        {"type": "response.completed", "response": body},
    ]
