"""What an answer of the API says of itself: model, id, tier, and the tokens that it used."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dagster_openai_otel.usage import Usage

# our name -> names on the wire, of which the first that is there counts
_COUNTS: Mapping[str, tuple[str, ...]] = {
    "input_tokens": ("input_tokens", "prompt_tokens"),
    "output_tokens": ("output_tokens", "completion_tokens"),
    "total_tokens": ("total_tokens",),
}
_INPUT = ("input_tokens_details", "prompt_tokens_details", "input_token_details", "prompt_token_details")
_CACHED = tuple(f"{place}.cached_tokens_details" for place in _INPUT)
_OUTPUT = ("output_tokens_details", "completion_tokens_details", "output_token_details")
# our name -> where the details are, and the name there
_DETAILS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "cached_input_tokens": (_INPUT, ("cached_tokens",)),
    "cache_write_tokens": (_INPUT, ("cache_write_tokens", "cache_creation_tokens")),
    "reasoning_tokens": (_OUTPUT, ("reasoning_tokens",)),
    "input_audio_tokens": (_INPUT, ("audio_tokens",)),
    "cached_audio_tokens": (_CACHED, ("audio_tokens",)),
    "output_audio_tokens": (_OUTPUT, ("audio_tokens",)),
    "input_image_tokens": (_INPUT, ("image_tokens",)),
    "output_image_tokens": (_OUTPUT, ("image_tokens",)),
}
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
    inner = value_of(payload, "response")
    if isinstance(value_of(payload, "type"), str) and value_of(inner, "id") is not None:
        payload = inner
    kind = _text(payload, "object")
    if kind in _PARTS:
        return Answer()
    usage, background = value_of(payload, "usage"), value_of(payload, "background")
    return Answer(
        kind=kind,
        model=_text(payload, "model"),
        response_id=_text(payload, "id"),
        service_tier=_text(payload, "service_tier"),
        finish_reasons=tuple(_finish_reasons(payload)),
        status=_text(payload, "status"),
        background=background if isinstance(background, bool) else None,
        usage=read_usage(usage),
        audio_seconds=_seconds(usage),
        web_searches=_web_searches(payload),
    )


def read_usage(usage: object) -> Usage | None:
    """Read a `usage` object in any of the API's spellings; `None` where it holds no count of tokens."""
    if isinstance(usage, Usage):
        return usage
    counts = {name: _first(usage, wire) for name, wire in _COUNTS.items()}
    if all(count is None for count in counts.values()):
        return None
    details = {name: _detail(usage, *where) for name, where in _DETAILS.items()}
    reported = {name: count for name, count in (counts | details).items() if count is not None}
    read = Usage(**reported)
    if counts["total_tokens"] is None:
        return replace(read, total_tokens=read.input_tokens + read.output_tokens)
    return read


def value_of(payload: object, name: str) -> Any:
    """A field of a mapping or of a model of the SDK; `None` where there is none."""
    if isinstance(payload, Mapping):
        return payload.get(name)
    return getattr(payload, name, None) if payload is not None else None


def _at(payload: object, path: str) -> object:
    for name in path.split("."):
        payload = value_of(payload, name)
    return payload


def _text(payload: object, name: str) -> str | None:
    value = value_of(payload, name)
    return value if isinstance(value, str) and value else None


def _first(payload: object, names: Iterable[str]) -> int | None:
    return next((count for name in names if (count := _count(value_of(payload, name))) is not None), None)


def _count(value: object) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if type(value) is int and 0 <= value <= _LARGEST else None


def _detail(usage: object, places: Iterable[str], names: Iterable[str]) -> int | None:
    return next((count for place in places if (count := _first(_at(usage, place), names)) is not None), None)


def _seconds(usage: object) -> float | None:
    seconds = value_of(usage, "seconds")
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    return float(seconds) if is_number and seconds >= 0 else None


def _web_searches(payload: object) -> int:
    output = value_of(payload, "output")
    if not isinstance(output, list):
        return 0
    calls = [item for item in output if value_of(item, "type") == "web_search_call"]
    actions = [value_of(value_of(item, "action"), "type") for item in calls]
    return sum(action in {None, "search"} for action in actions)


def _finish_reasons(payload: object) -> Iterable[str]:
    """Of each choice; a Response says how it ended in its status."""
    choices = value_of(payload, "choices")
    if isinstance(choices, Sequence) and not isinstance(choices, str):
        reasons = [_text(choice, "finish_reason") for choice in choices]
        return [reason for reason in reasons if reason]
    status = _text(payload, "status")
    reason = _text(value_of(payload, "incomplete_details"), "reason")
    return [word for word in (reason or status,) if word and word not in {"queued", "in_progress"}]
