"""The output items of a response."""

from collections.abc import Mapping

from dagster_openai_otel.testing.answers import Json
from dagster_openai_otel.testing.content import Content
from dagster_openai_otel.testing.exchange import Exchange
from dagster_openai_otel.usage import Usage


def unfinished(final: Mapping[str, Json], status: str) -> dict[str, Json]:
    """A response object before it ended: no output, no usage, no word on how it ends."""
    later = ("completed_at", "error", "incomplete_details", "usage")
    return {**final, **dict.fromkeys(later), "output": [], "status": status}


def output_items(exchange: Exchange, content: Content, usage: Usage, status: str) -> list[dict[str, Json]]:
    """The items in the order of the API: reasoning, the message, function calls."""
    items: list[dict[str, Json]] = []
    if usage.reasoning_tokens:
        items.append(_reasoning(exchange))
    if content.refusal is not None or content.texts[0] is not None:
        items.append(_message(exchange, content, status))
    for part, call in enumerate(content.tool_calls):
        items.append(
            {
                "id": exchange.identifier("fc_", part),
                "type": "function_call",
                "status": status,
                "arguments": call.arguments_json,
                "call_id": exchange.identifier("call_", part),
                "name": call.name,
            }
        )
    return items


def _reasoning(exchange: Exchange) -> dict[str, Json]:
    asked = (exchange.body.get("reasoning") or {}).get("summary")
    summary = [{"type": "summary_text", "text": "Thought about the answer."}] if asked else []
    return {"id": exchange.identifier("rs_"), "type": "reasoning", "summary": summary}


def _message(exchange: Exchange, content: Content, status: str) -> dict[str, Json]:
    part: dict[str, Json]
    if content.refusal is not None:
        part = {"type": "refusal", "refusal": content.refusal}
    else:
        text = content.texts[0]
        part = {"type": "output_text", "annotations": [], "logprobs": [], "text": text}
    return {
        "id": exchange.identifier("msg_"),
        "type": "message",
        "status": status,
        "content": [part],
        "role": "assistant",
    }
