"""`POST /chat/completions`."""

from collections.abc import Mapping
from dataclasses import replace

from dagster_openai_otel.testing.answers import Json
from dagster_openai_otel.testing.chat_stream import chat_events
from dagster_openai_otel.testing.content import Content, Question, decide
from dagster_openai_otel.testing.exchange import CREATED, Exchange
from dagster_openai_otel.testing.lookups import created, unknown
from dagster_openai_otel.testing.prompts import count_prompt
from dagster_openai_otel.testing.replies import Plain, Reply, Streamed, json_bytes
from dagster_openai_otel.testing.stored import Stored
from dagster_openai_otel.testing.token_counts import CHAT_COUNTS, made_up_usage, used
from dagster_openai_otel.testing.wire_usage import completion_usage
from dagster_openai_otel.usage import Usage


def create_chat_completion(exchange: Exchange) -> Reply:
    """Answer the messages, as one object or as a stream of chunks."""
    question = _question(exchange.body)
    content = decide(question, exchange.answer)
    usage = _usage(exchange, content, question.limit)
    head: dict[str, Json] = {
        "id": exchange.identifier("chatcmpl-"),
        "object": "chat.completion",
        "created": CREATED,
        "model": exchange.model,
        "service_tier": exchange.service_tier,
        "system_fingerprint": "fp_0000000000",
    }
    charge = exchange.charge(usage, tier=exchange.service_tier, response_id=head["id"])
    reports = not exchange.answer.omit_usage
    body = head | {"choices": _choices(exchange, content)}
    if reports:
        body["usage"] = completion_usage(usage)
    if exchange.body.get("store") is True:
        exchange.store.put(Stored(final=body | {"metadata": exchange.body.get("metadata") or {}}))
    if exchange.streams:
        return Streamed(events=chat_events(exchange, head, content, usage), charge=charge)
    if exchange.azure:
        body["prompt_filter_results"] = [{"prompt_index": 0, "content_filter_results": {}}]
    return Plain(body=json_bytes(body), charge=charge, reports_usage=reports)


def update_chat_completion(exchange: Exchange) -> Reply:
    """Change the metadata of a stored completion, which answers with all of it; free."""
    stored = exchange.store.get(exchange.parameters["id"])
    if stored is None:
        return unknown(exchange)
    return created(exchange, {**stored.final, "metadata": exchange.body.get("metadata") or {}})


def _question(body: Mapping[str, Json]) -> Question:
    text_format = body.get("response_format") or {}
    return Question(
        prompt=body.get("messages") or [],
        choices=body.get("n") or 1,
        limit=body.get("max_completion_tokens") or body.get("max_tokens"),
        text_format=text_format | (text_format.get("json_schema") or {}) or None,
        tools=[tool["function"] for tool in body.get("tools") or () if "function" in tool],
        tool_choice=body.get("tool_choice"),
    )


def _usage(exchange: Exchange, content: Content, limit: int | None) -> Usage:
    parts = (exchange.body.get(name) for name in ("messages", "tools", "response_format"))
    made_up = made_up_usage(exchange, count_prompt(*parts), content.tokens, limit)
    no_audio = replace(made_up, input_audio_tokens=0, output_audio_tokens=0)
    return used(exchange, no_audio, CHAT_COUNTS)


def _choices(exchange: Exchange, content: Content) -> list[dict[str, Json]]:
    return [
        {
            "index": index,
            "message": _message(exchange, content, text),
            "logprobs": None,
            "finish_reason": content.finish_reason,
        }
        for index, text in enumerate(content.texts)
    ]


def _message(exchange: Exchange, content: Content, text: str | None) -> dict[str, Json]:
    message: dict[str, Json] = {
        "role": "assistant",
        "content": text,
        "refusal": content.refusal,
        "annotations": [],
    }
    if content.tool_calls:
        message["tool_calls"] = [
            {
                "id": exchange.identifier("call_", part),
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments_json},
            }
            for part, call in enumerate(content.tool_calls)
        ]
    return message
