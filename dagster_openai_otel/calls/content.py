"""Prompts and completions in GenAI's form, for users who asked for them on their spans.

Definition: `gen_ai.input.messages`, `gen_ai.output.messages` and `gen_ai.system_instructions` of the
OpenTelemetry semantic conventions for generative AI, as JSON texts.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from dagster_openai_otel.calls.counts import value_of

Part = dict[str, Any]
Message = dict[str, Any]

_TEXTS = {"text", "input_text", "output_text", "refusal", "summary_text", "reasoning_text"}


def input_messages(body: object) -> str | None:
    """The prompt of a request: messages, the input of Responses or embeddings, a legacy prompt."""
    for name in ("messages", "input", "prompt"):
        given = value_of(body, name)
        if isinstance(given, str):
            return _json([_message("user", [_text(given)])])
        if isinstance(given, Sequence) and given:
            return _json([_read_message(item) for item in given])
    return None


def system_instructions(body: object) -> str | None:
    """The instructions that a request for a Response gives beside its input."""
    given = value_of(body, "instructions")
    return _json([_text(given)]) if isinstance(given, str) else None


def output_messages(answer: object) -> str | None:
    """The completion of a whole answer: its choices, or the output items of a Response."""
    choices, output = value_of(answer, "choices"), value_of(answer, "output")
    if _is_list(choices):
        return _json([_read_choice(choice) for choice in choices])
    if _is_list(output):
        parts = [part for item in output for part in _read_item(item)]
        return _json([{**_message("assistant", parts), "finish_reason": value_of(answer, "status") or ""}])
    return None


class Deltas:
    """Puts a streamed answer together again, event by event."""

    def __init__(self) -> None:
        self._choices: dict[int, dict[str, Any]] = {}
        self._response: object = None

    def see(self, event: object) -> None:
        """Take in one event, or a whole answer."""
        choices = _list(value_of(event, "choices"))
        if value_of(event, "output") or any(value_of(choice, "message") for choice in choices):
            self._response = event
            return
        self._response = value_of(event, "response") or self._response
        for choice in choices:
            whole = self._choices.setdefault(
                value_of(choice, "index") or 0, {"message": {"content": "", "tool_calls": {}}, "text": ""}
            )
            delta = value_of(choice, "delta")
            whole["finish_reason"] = value_of(choice, "finish_reason") or whole.get("finish_reason")
            whole["text"] += value_of(choice, "text") or ""
            whole["message"]["content"] += value_of(delta, "content") or value_of(delta, "refusal") or ""
            for call in _list(value_of(delta, "tool_calls")):
                _add_call(whole["message"]["tool_calls"], call)

    @property
    def answer(self) -> object:
        """The whole answer so far, in the form of one that was not streamed."""
        if not self._choices:
            return self._response
        for choice in self._choices.values():
            calls = choice["message"]["tool_calls"]
            choice["message"]["tool_calls"] = list(calls.values()) if isinstance(calls, dict) else calls
        return {"choices": [choice for _, choice in sorted(self._choices.items())]}


def _add_call(calls: dict[int, dict[str, Any]], delta: object) -> None:
    function = value_of(delta, "function")
    call = calls.setdefault(value_of(delta, "index") or 0, {"function": {"name": "", "arguments": ""}})
    call["id"] = value_of(delta, "id") or call.get("id")
    for name in ("name", "arguments"):
        call["function"][name] += value_of(function, name) or ""


def _read_choice(choice: object) -> Message:
    message = value_of(choice, "message")
    parts = _parts(value_of(message, "content") or value_of(message, "refusal") or value_of(choice, "text"))
    parts += [_call(call) for call in _list(value_of(message, "tool_calls"))]
    reason = value_of(choice, "finish_reason") or ""
    return {**_message(value_of(message, "role") or "assistant", parts), "finish_reason": reason}


def _read_message(item: object) -> Message:
    """A chat message, or an item of the input of Responses."""
    if isinstance(item, str):
        return _message("user", [_text(item)])
    if value_of(item, "role") is None:
        return _message("user", _read_item(item))
    parts = _parts(value_of(item, "content"))
    parts += [_call(call) for call in _list(value_of(item, "tool_calls"))]
    if value_of(item, "role") == "tool":
        response = value_of(item, "content")
        parts = [{"type": "tool_call_response", "id": value_of(item, "tool_call_id"), "response": response}]
    return _message(str(value_of(item, "role")), parts)


def _read_item(item: object) -> list[Part]:
    """An item of a Response's input or output."""
    kind = value_of(item, "type")
    if kind == "function_call":
        return [_call({"id": value_of(item, "call_id"), "function": item})]
    if kind == "function_call_output":
        call, response = value_of(item, "call_id"), value_of(item, "output")
        return [{"type": "tool_call_response", "id": call, "response": response}]
    content = _parts(value_of(item, "content") or value_of(item, "summary"))
    return content or [{"type": str(kind or "unknown")}]


def _parts(content: object) -> list[Part]:
    if isinstance(content, str):
        return [_text(content)]
    return [_part(piece) for piece in _list(content)]


def _part(piece: object) -> Part:
    """A piece of content; of pictures, files and sound only that they were there."""
    kind = value_of(piece, "type")
    text = value_of(piece, "text") or value_of(piece, "refusal")
    return _text(text) if kind in _TEXTS and isinstance(text, str) else {"type": str(kind or "unknown")}


def _call(call: object) -> Part:
    function = value_of(call, "function")
    return {
        "type": "tool_call",
        "id": value_of(call, "id"),
        "name": value_of(function, "name"),
        "arguments": value_of(function, "arguments"),
    }


def _text(content: str) -> Part:
    return {"type": "text", "content": content}


def _message(role: str, parts: list[Part]) -> Message:
    return {"role": role, "parts": parts}


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes) and bool(value)


def _list(value: object) -> Iterable[Any]:
    return value if _is_list(value) and isinstance(value, Iterable) else ()


def _json(messages: list[Any]) -> str:
    return json.dumps(messages, ensure_ascii=False, default=str)
