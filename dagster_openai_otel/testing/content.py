"""`Content`: what the model says in answer to a prompt, whatever the endpoint."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from dagster_openai_otel.testing.answers import Answer, FinishReason, Json, ToolCall
from dagster_openai_otel.testing.prompts import count_text, reply_to, truncated
from dagster_openai_otel.testing.schemas import example


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What was asked, in one shape for all endpoints."""

    prompt: Json
    """The messages, the input or the prompt."""
    choices: int = 1
    """How many texts are wanted."""
    limit: int | None = None
    """The most tokens that a text may have."""
    text_format: Mapping[str, Json] | None = None
    """Format of the text: `type` and, for `json_schema`, `schema`."""
    tools: Sequence[Mapping[str, Json]] = ()
    """Functions: `name` and `parameters`."""
    tool_choice: Json = None
    """`auto`, `none`, `required` or an object that holds a `name`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What the model says."""

    texts: Sequence[str | None]
    """One text per choice; `None` where the model says nothing beside its tool calls or refusal."""
    refusal: str | None
    tool_calls: Sequence[ToolCall]
    finish_reason: FinishReason

    @property
    def tokens(self) -> int:
        """The visible output tokens of all choices; at least one."""
        beside = sum(count_text(call.name + call.arguments_json) for call in self.tool_calls)
        beside += count_text(self.refusal or "")
        return max(1, sum(count_text(text or "") + beside for text in self.texts))


def decide(question: Question, answer: Answer) -> Content:
    """What the model says: what the answer scripts, else what the question leads to."""
    calls = answer.tool_calls or _demanded_calls(question, answer)
    said = answer.said()
    reason: FinishReason = "tool_calls" if calls else "stop"
    if said is None and not calls and answer.refusal is None:
        said = _default_text(question)
        if question.limit is not None and count_text(said) > question.limit:
            said, reason = truncated(said, question.limit), "length"
    texts: list[str | None] = [said] if answer.refusal is None else [None]
    texts = list(answer.choices) or texts
    for number in range(len(texts) + 1, question.choices + 1):
        same = texts[0] is None or question.text_format is not None
        texts.append(texts[0] if same else f"{texts[0]} ({number})")
    return Content(
        texts=texts[: question.choices],
        refusal=answer.refusal,
        tool_calls=calls,
        finish_reason=answer.finish_reason or reason,
    )


def _default_text(question: Question) -> str:
    text = reply_to(question.prompt)
    kind = (question.text_format or {}).get("type", "text")
    if kind == "json_schema":
        return json.dumps(example((question.text_format or {}).get("schema") or {}))
    return json.dumps({"answer": text}) if kind == "json_object" else text


def _demanded_calls(question: Question, answer: Answer) -> Sequence[ToolCall]:
    """A call of the function that the caller insists on; none when the model is free to speak."""
    if answer.said() is not None or answer.choices or answer.refusal is not None:
        return ()
    choice = question.tool_choice
    if choice == "required" and question.tools:
        name = question.tools[0]["name"]
    elif isinstance(choice, Mapping):
        name = choice.get("name") or choice.get("function", {}).get("name")
    else:
        return ()
    for tool in question.tools:
        if tool["name"] == name:
            return (ToolCall(name=name, arguments=example(tool.get("parameters") or {}) or {}),)
    return ()


def pieces(text: str, count: int) -> list[str]:
    """A text cut into this many pieces of about the same length; fewer when it is shorter."""
    count = max(1, min(count, len(text)))
    cuts = [len(text) * number // count for number in range(count + 1)]
    return [text[start:end] for start, end in pairwise(cuts) if start < end]
