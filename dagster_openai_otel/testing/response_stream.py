"""The events of a streamed response, in the order of the API."""

from collections.abc import Iterator, Mapping, Sequence

from dagster_openai_otel.testing.answers import Answer, Json
from dagster_openai_otel.testing.content import pieces
from dagster_openai_otel.testing.replies import Event, data_event, error_body
from dagster_openai_otel.testing.response_output import unfinished

_Data = dict[str, Json]


def response_events(final: Mapping[str, Json], answer: Answer) -> Sequence[Event]:
    """All events of the stream, numbered from 0; the last one holds the whole response."""
    events = list(_events(final, answer))
    if answer.error_after is not None:
        events = [*events[: answer.error_after], {"type": "error"} | error_body(500, answer)]
    return [
        data_event(
            event | {"sequence_number": number},
            name=event["type"],
            reports_usage=bool(event.get("response", {}).get("usage")),
        )
        for number, event in enumerate(events)
    ]


def _events(final: Mapping[str, Json], answer: Answer) -> Iterator[_Data]:
    begun = unfinished(final, "in_progress")
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(final["output"]):
        place = {"output_index": index}
        yield {"type": "response.output_item.added", **place, "item": _opened(item)}
        yield from _item_events(item, {"item_id": item["id"], **place}, answer)
        yield {"type": "response.output_item.done", **place, "item": item}
    yield {"type": f"response.{final['status']}", "response": dict(final)}


def _opened(item: _Data) -> _Data:
    """An item before anything is said in it."""
    empty: dict[str, _Data] = {"message": {"content": []}, "reasoning": {"summary": []}}
    opened = item | empty.get(item["type"], {"arguments": ""})
    return opened | ({"status": "in_progress"} if "status" in item else {})


def _item_events(item: _Data, place: _Data, answer: Answer) -> Iterator[_Data]:
    if item["type"] == "function_call":
        for piece in pieces(item["arguments"], answer.chunks):
            yield {"type": "response.function_call_arguments.delta", **place, "delta": piece}
        done = {"arguments": item["arguments"], "name": item["name"]}
        yield {"type": "response.function_call_arguments.done", **place, **done}
    for index, part in enumerate(item.get("summary", ())):
        yield from _part_events(
            part,
            {**place, "summary_index": index},
            names=("reasoning_summary_part", "reasoning_summary_text"),
            answer=answer,
        )
    for index, part in enumerate(item.get("content", ())):
        yield from _part_events(
            part,
            {**place, "content_index": index},
            names=("content_part", part["type"]),
            answer=answer,
        )


def _part_events(part: _Data, place: _Data, *, names: tuple[str, str], answer: Answer) -> Iterator[_Data]:
    """A part opens, grows piece by piece, is told in full, and closes."""
    part_name, text_name = names
    field = "refusal" if part["type"] == "refusal" else "text"
    logprobs: _Data = {"logprobs": []} if text_name == "output_text" else {}
    yield {"type": f"response.{part_name}.added", **place, "part": part | {field: ""}}
    for piece in pieces(part[field], answer.chunks):
        yield {"type": f"response.{text_name}.delta", **place, "delta": piece, **logprobs}
    yield {"type": f"response.{text_name}.done", **place, field: part[field], **logprobs}
    yield {"type": f"response.{part_name}.done", **place, "part": part}
