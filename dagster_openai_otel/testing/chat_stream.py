"""The chunks of a streamed chat completion, in the order of the API."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from dagster_openai_otel.testing.answers import Json
from dagster_openai_otel.testing.content import Content, pieces
from dagster_openai_otel.testing.exchange import Exchange
from dagster_openai_otel.testing.replies import Event, chat_stream, data_event
from dagster_openai_otel.testing.wire_usage import completion_usage
from dagster_openai_otel.usage import Usage


def chat_events(
    exchange: Exchange, head: Mapping[str, Json], content: Content, usage: Usage
) -> Sequence[Event]:
    """All events of the stream, `[DONE]` included.

    With `include_usage` every chunk has a usage of null, and one more chunk without choices has the
    real one. Without it no chunk mentions usage.
    """
    answer = exchange.answer
    head = {**head, "object": "chat.completion.chunk"}
    asked = bool((exchange.body.get("stream_options") or {}).get("include_usage"))
    wanted = asked and not answer.omit_usage
    no_usage: dict[str, Json] = {"usage": None} if wanted else {}
    deltas = list(_choice_deltas(exchange, content))
    events = [data_event(_azure_preamble())] if exchange.azure else []
    for number, choice in enumerate(deltas, start=1):
        chunk = {**head, "choices": [choice], **no_usage}
        if answer.repeat_usage:
            chunk["usage"] = completion_usage(_share(usage, number, len(deltas)))
        last = number == len(deltas)
        events.append(data_event(chunk, reports_usage=answer.repeat_usage and last))
    if wanted:
        chunk = {**head, "choices": [], "usage": completion_usage(usage)}
        events.append(data_event(chunk, reports_usage=True))
    return chat_stream(events, answer)


def _choice_deltas(exchange: Exchange, content: Content) -> Iterator[dict[str, Json]]:
    """The changes to all choices: who speaks, the pieces, why it ended."""
    for index, text in enumerate(content.texts):
        opening = {"role": "assistant", "content": None if text is None else "", "refusal": None}
        for delta in (opening, *_deltas(exchange, content, text)):
            yield {"index": index, "delta": delta, "logprobs": None, "finish_reason": None}
    for index in range(len(content.texts)):
        end = {"index": index, "delta": {}, "logprobs": None}
        yield end | {"finish_reason": content.finish_reason}


def _deltas(exchange: Exchange, content: Content, text: str | None) -> Iterator[dict[str, Json]]:
    count = exchange.answer.chunks
    for piece in pieces(text or "", count):
        yield {"content": piece}
    for piece in pieces(content.refusal or "", count):
        yield {"refusal": piece}
    for part, call in enumerate(content.tool_calls):
        function = {"name": call.name, "arguments": ""}
        first = {"index": part, "id": exchange.identifier("call_", part), "type": "function"}
        yield {"tool_calls": [first | {"function": function}]}
        for piece in pieces(call.arguments_json, count):
            yield {"tool_calls": [{"index": part, "function": {"arguments": piece}}]}


def _share(usage: Usage, number: int, total: int) -> Usage:
    """The usage after some of the chunks: the whole input, and the output so far."""
    output = usage.output_tokens * number // total
    if number == total:
        return usage
    return replace(
        usage,
        output_tokens=output,
        total_tokens=usage.input_tokens + output,
        reasoning_tokens=None,
        output_audio_tokens=None,
    )


def _azure_preamble() -> dict[str, Json]:
    """The chunk without choices that Azure sends first, with the verdict on the prompt."""
    return {
        "choices": [],
        "created": 0,
        "id": "",
        "model": "",
        "object": "",
        "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {}}],
    }
