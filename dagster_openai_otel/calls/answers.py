"""What an answer of the API says of itself: model, id, tier, and the tokens that it used."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from dagster_openai_otel.calls.counts import fields_of, read_count, read_seconds, read_usage, value_of
from dagster_openai_otel.usage import Usage

# what adds up the usage of several requests
_SUMMED = {"batch", "thread.run", "eval.run"}
# where an answer says more than its usage
_FURTHER = {"output", "tool_usage", "svg_usage", "per_model_usage"}
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
    file_searches: int = 0
    """Searches of files that the model made, which are billed on top."""
    beside: tuple["Answer", ...] = ()
    """What other models used for it, which is not in `usage`: the one that made the images of a Response."""
    unsaid: bool = False
    """Whether another model worked for it whose usage it does not say, so that it has no known price."""
    several: bool = False
    """Whether it is about several requests, whose usage is only known in sum."""
    broke_off: bool = False
    """Whether a stream ended with an error, which the SDK raises as `openai.APIError`."""

    def updated(self, later: "Answer") -> "Answer":
        """This answer, with what a later part of it says."""
        said: dict[str, Any] = {
            name: value
            for name in _FIELDS
            if (value := getattr(later, name)) or (name == "background" and value is False)
        }
        return replace(self, **said)


_FIELDS = tuple(field.name for field in fields(Answer))


def read(payload: object) -> Answer:
    """Read an answer, or one event of a streamed one.

    Args:
        payload: A model of the SDK or a mapping; anything else says nothing.
    """
    said = fields_of(payload)
    if str(said.get("type")).startswith("response.") and said.get("response") is not None:
        said = fields_of(said["response"])
    kind = _text(said.get("object"))
    if kind in _PARTS:
        return Answer()
    # Groq says that of a stream in a field of its own
    usage = said.get("usage") or value_of(said.get("x_groq"), "usage")
    background = said.get("background")
    answer = Answer(
        kind=kind,
        model=_text(said.get("model")),
        response_id=_text(said.get("id")),
        service_tier=_text(said.get("service_tier")),
        finish_reasons=tuple(_finish_reasons(said)),
        status=_text(said.get("status")),
        background=background if isinstance(background, bool) else None,
        usage=read_usage(usage),
        audio_seconds=read_seconds(usage),
        several=kind in _SUMMED,
    )
    return answer if _FURTHER.isdisjoint(said) else _with_further(answer, said)


def _with_further(answer: Answer, said: Mapping[str, Any]) -> Answer:
    """An answer with what tools and several models used for it, which its own usage does not hold."""
    output = _list(said.get("output"))
    kinds = [value_of(item, "type") for item in output]
    beside = list(_of_models(said))
    if answer.usage is None and beside:
        first = beside.pop(0)
        answer = replace(answer, usage=first.usage, model=first.model or answer.model)
    return replace(
        answer,
        web_searches=_web_searches(said, output),
        file_searches=kinds.count("file_search_call"),
        beside=(*_of_tools(said, output), *beside),
        unsaid=said.get("tool_usage") is None and "image_generation_call" in kinds,
    )


def _of_models(said: Mapping[str, Any]) -> Iterable[Answer]:
    """What each model used in the run of an evaluation."""
    for part in map(fields_of, _list(said.get("per_model_usage"))):
        if (usage := read_usage(part)) is not None:
            model = _text(part.get("run_model_name") or part.get("model_name"))
            yield Answer(model=model, usage=usage, several=True)


def _of_tools(said: Mapping[str, Any], output: Sequence[Any]) -> Iterable[Answer]:
    """What the models of tools used: those that render images, and those that draw them as SVG."""
    images = read_usage(value_of(said.get("tool_usage"), "image_gen"))
    tools = (tool for tool in _list(said.get("tools")) if value_of(tool, "type") == "image_generation")
    if images is not None and images.total_tokens:
        yield Answer(model=_text(value_of(next(tools, None), "model")), usage=images)
    for holder in (said, *output):
        drawn = value_of(holder, "svg_usage")
        if drawn is not None and (usage := read_usage(drawn)) is not None:
            yield Answer(model=_text(value_of(drawn, "model")), usage=usage)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()


def _web_searches(said: Mapping[str, Any], output: Sequence[Any]) -> int:
    """Those that are billed, by the answer's own count where there is one."""
    counted = read_count(value_of(value_of(said.get("tool_usage"), "web_search"), "num_requests"))
    if counted is not None:
        return counted
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
