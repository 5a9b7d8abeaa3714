"""What an answer of the API says of itself: model, id, tier, and the tokens that it used."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dagster_openai_otel.usage import Usage

# our name -> names on the wire, of which the first that is there counts
_COUNTS: Mapping[str, tuple[str, ...]] = {
    "input_tokens": ("input_tokens", "prompt_tokens"),
    "output_tokens": ("output_tokens", "completion_tokens"),
    "total_tokens": ("total_tokens",),
}
_INPUT = ("input_tokens_details", "prompt_tokens_details", "input_token_details", "prompt_token_details")
_OUTPUT = ("output_tokens_details", "completion_tokens_details", "output_token_details")
# where details are, and what they say: our names -> names on the wire
_DETAILS: tuple[tuple[tuple[str, ...], Mapping[str, tuple[str, ...]]], ...] = (
    (
        _INPUT,
        {
            "cached_input_tokens": ("cached_tokens",),
            "cache_write_tokens": ("cache_write_tokens", "cache_creation_tokens"),
            "input_audio_tokens": ("audio_tokens",),
            "input_image_tokens": ("image_tokens",),
        },
    ),
    (
        _OUTPUT,
        {
            "reasoning_tokens": ("reasoning_tokens",),
            "output_audio_tokens": ("audio_tokens",),
            "output_image_tokens": ("image_tokens",),
        },
    ),
)
# of the details of the input, and what they say
_CACHED, _OF_CACHED = "cached_tokens_details", {"cached_audio_tokens": ("audio_tokens",)}
# an exporter drops all of its spans where one holds a larger integer
_LARGEST = 2**63 - 1
# parts of an assistant's run, whose usage is in that of the run
_PARTS = {"thread.run.step", "thread.run.step.delta", "thread.message", "thread.message.delta"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is known of an answer; what it did not say is `None` or empty."""

    kind: str | None = None
    """The API's name of what this is: `chat.completion`, `response`, `batch`."""
    model: str | None = None
    response_id: str | None = None
    service_tier: str | None = None
    finish_reasons: tuple[str, ...] = ()
    status: str | None = None
    """Of work that can go on after the answer: `queued`, `completed`."""
    background: bool | None = None
    """Whether a Response was asked for in the background."""
    usage: Usage | None = None
    """`None` where the answer did not say it: unknown, not zero."""
    audio_seconds: float | None = None
    """Length of the audio, where that is what is billed."""
    web_searches: int = 0
    """Searches of the web that the model made, which are billed on top."""
    broke_off: bool = False
    """Whether a stream ended with an error, which the SDK raises as `openai.APIError`."""

    def updated(self, later: "Answer") -> "Answer":
        """This answer, with what a later part of it says."""
        return Answer(
            kind=later.kind or self.kind,
            model=later.model or self.model,
            response_id=later.response_id or self.response_id,
            service_tier=later.service_tier or self.service_tier,
            finish_reasons=later.finish_reasons or self.finish_reasons,
            status=later.status or self.status,
            background=self.background if later.background is None else later.background,
            usage=later.usage or self.usage,
            audio_seconds=later.audio_seconds or self.audio_seconds,
            web_searches=later.web_searches or self.web_searches,
            broke_off=later.broke_off or self.broke_off,
        )


def read(payload: object) -> Answer:
    """Read an answer, or one event of a streamed one.

    Args:
        payload: A model of the SDK or a mapping; anything else says nothing.
    """
    said = _fields(payload)
    inner = _fields(said.get("response"))
    if isinstance(said.get("type"), str) and inner.get("id") is not None:
        said = inner
    kind = _text(said.get("object"))
    if kind in _PARTS:
        return Answer()
    usage, background = said.get("usage"), said.get("background")
    return Answer(
        kind=kind,
        model=_text(said.get("model")),
        response_id=_text(said.get("id")),
        service_tier=_text(said.get("service_tier")),
        finish_reasons=tuple(_finish_reasons(said)),
        status=_text(said.get("status")),
        background=background if isinstance(background, bool) else None,
        usage=read_usage(usage),
        audio_seconds=_seconds(usage),
        web_searches=_web_searches(said),
    )


def read_usage(usage: object) -> Usage | None:
    """Read a `usage` object in any of the API's spellings; `None` where it holds no count of tokens."""
    if isinstance(usage, Usage):
        return usage
    said = _fields(usage)
    counts = _counts(said, _COUNTS)
    if not counts:
        return None
    if "total_tokens" not in counts:
        counts["total_tokens"] = sum(counts.values())
    return Usage(**counts, **_details(said))


def value_of(payload: object, name: str) -> Any:
    """A field of a mapping or of a model of the SDK; `None` where there is none."""
    if isinstance(payload, Mapping):
        return payload.get(name)
    return getattr(payload, name, None) if payload is not None else None


def _fields(payload: object) -> Mapping[str, Any]:
    """All fields of a mapping or of a model of the SDK; none of anything else.

    Many are looked for that are not there, which pydantic takes long to say.
    """
    if isinstance(payload, Mapping):
        return payload
    fields: Mapping[str, Any] = getattr(payload, "__dict__", {})
    unknown = getattr(payload, "__pydantic_extra__", None)
    return {**fields, **unknown} if unknown else fields


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _counts(said: Mapping[str, Any], names: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """Those of some counts that are said, of several spellings the first."""
    counts: dict[str, int] = {}
    for ours, wire in names.items():
        for name in wire:
            count = _count(said.get(name))
            if count is not None:
                counts[ours] = count
                break
    return counts


def _count(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if type(value) is int and 0 <= value <= _LARGEST else None


def _details(usage: Mapping[str, Any]) -> dict[str, int]:
    details: dict[str, int] = {}
    for places, names in _DETAILS:
        for place in places:
            part = usage.get(place)
            if part is None:
                continue
            said = _fields(part)
            found = _counts(said, names)
            if said.get(_CACHED) is not None:
                found |= _counts(_fields(said[_CACHED]), _OF_CACHED)
            details = found | details
    return details


def _seconds(usage: object) -> float | None:
    seconds: Any = _fields(usage).get("seconds")
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    return float(seconds) if is_number and seconds >= 0 else None


def _web_searches(said: Mapping[str, Any]) -> int:
    output = said.get("output")
    if not isinstance(output, list):
        return 0
    calls = [item for item in output if value_of(item, "type") == "web_search_call"]
    actions = [value_of(value_of(item, "action"), "type") for item in calls]
    return sum(action in {None, "search"} for action in actions)


def _finish_reasons(said: Mapping[str, Any]) -> Iterable[str]:
    """Of each choice; a Response says how it ended in its status."""
    choices = said.get("choices")
    if isinstance(choices, Sequence) and not isinstance(choices, str):
        reasons = [_text(value_of(choice, "finish_reason")) for choice in choices]
        return [reason for reason in reasons if reason]
    reason = _text(value_of(said.get("incomplete_details"), "reason")) or _text(said.get("status"))
    return [reason] if reason and reason not in {"queued", "in_progress"} else []
