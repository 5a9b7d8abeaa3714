"""`POST /completions`, the endpoint for text without roles."""

from collections.abc import Iterator, Mapping, Sequence

from dagster_openai_otel.testing.answers import Json
from dagster_openai_otel.testing.content import Content, Question, decide, pieces
from dagster_openai_otel.testing.exchange import CREATED, Exchange
from dagster_openai_otel.testing.prompts import count_inputs, separate_inputs
from dagster_openai_otel.testing.replies import (
    Event,
    Plain,
    Reply,
    Streamed,
    chat_stream,
    data_event,
    json_bytes,
)
from dagster_openai_otel.testing.token_counts import CHAT_COUNTS, used
from dagster_openai_otel.testing.wire_usage import completion_usage
from dagster_openai_otel.usage import Usage


def create_completion(exchange: Exchange) -> Reply:
    """Answer each prompt `n` times, as one object or as a stream of pieces."""
    inputs = separate_inputs(exchange.body.get("prompt")) or [""]
    question = Question(
        prompt=inputs[0],
        choices=len(inputs) * (exchange.body.get("n") or 1),
        limit=exchange.body.get("max_tokens"),
    )
    content = decide(question, exchange.answer)
    made_up = Usage(input_tokens=count_inputs(inputs), output_tokens=content.tokens)
    usage = used(exchange, made_up, CHAT_COUNTS)
    head = {
        "id": exchange.identifier("cmpl-"),
        "object": "text_completion",
        "created": CREATED,
        "model": exchange.model,
    }
    charge = exchange.charge(usage, tier=None, response_id=str(head["id"]))
    if exchange.streams:
        return Streamed(events=_events(exchange, head, content, usage), charge=charge)
    body = head | {"choices": list(_choices(content))}
    reports = not exchange.answer.omit_usage
    if reports:
        body["usage"] = completion_usage(usage)
    return Plain(body=json_bytes(body), charge=charge, reports_usage=reports)


def _choices(content: Content) -> Iterator[dict[str, Json]]:
    for index, text in enumerate(content.texts):
        yield _choice(index, text or "", content.finish_reason)


def _choice(index: int, text: str, finish_reason: str | None) -> dict[str, Json]:
    return {"text": text, "index": index, "logprobs": None, "finish_reason": finish_reason}


def _events(exchange: Exchange, head: Mapping[str, Json], content: Content, usage: Usage) -> Sequence[Event]:
    asked = bool((exchange.body.get("stream_options") or {}).get("include_usage"))
    wanted = asked and not exchange.answer.omit_usage
    no_usage: dict[str, Json] = {"usage": None} if wanted else {}
    choices = [
        _choice(index, piece, None)
        for index, text in enumerate(content.texts)
        for piece in pieces(text or "", exchange.answer.chunks)
    ]
    choices += [_choice(index, "", content.finish_reason) for index in range(len(content.texts))]
    events = [data_event({**head, "choices": [choice], **no_usage}) for choice in choices]
    if wanted:
        chunk = {**head, "choices": [], "usage": completion_usage(usage)}
        events.append(data_event(chunk, reports_usage=True))
    return chat_stream(events, exchange.answer)
