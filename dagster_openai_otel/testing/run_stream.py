"""The events of a streamed run of an assistant, in the order of the API."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dagster_openai_otel.testing.answers import Json
from dagster_openai_otel.testing.billing import BilledCall
from dagster_openai_otel.testing.content import pieces
from dagster_openai_otel.testing.exchange import CREATED, Exchange
from dagster_openai_otel.testing.replies import Event, data_event, error_body

_DONE = Event(data=b"event: done\ndata: [DONE]\n\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a run comes to."""

    waiting: Mapping[str, Json]
    """The run at its beginning."""
    final: Mapping[str, Json]
    """The run at its end, or at its pause."""
    message: Mapping[str, Json] | None
    """What the assistant says; `None` where it asks for tool calls."""
    step: Mapping[str, Json]
    """The one step of the run, at its end."""
    charge: BilledCall | None = None
    """`None` for a run that has paused."""


def step_of(
    exchange: Exchange, run: Mapping[str, Json], message: Mapping[str, Json] | None, usage: Json
) -> dict[str, Json]:
    """The step that a run takes, with the usage of the run."""
    details: dict[str, Json] = {"type": "tool_calls", "tool_calls": []}
    if message is not None:
        details = {"type": "message_creation", "message_creation": {"message_id": message["id"]}}
    return {
        "id": exchange.identifier("step_"),
        "object": "thread.run.step",
        "created_at": CREATED,
        "run_id": run["id"],
        "assistant_id": run["assistant_id"],
        "thread_id": run["thread_id"],
        "type": details["type"],
        "status": "in_progress" if message is None else "completed",
        "step_details": details,
        "usage": usage,
    }


def run_events(exchange: Exchange, ran: Ran, before: Sequence[tuple[str, Json]]) -> Sequence[Event]:
    """All events of the stream; step and run say the same usage, of which the last is that of the run.

    Args:
        exchange: The request.
        ran: What the run comes to.
        before: Events that go before those of the run.
    """
    named = [*before, *_named(exchange, ran)]
    after = exchange.answer.error_after
    if after is not None:
        named = [*named[:after], ("error", error_body(500, exchange.answer)["error"])]
    events = [
        data_event(
            data, name=name, reports_usage=name == "thread.run.completed" and data["usage"] is not None
        )
        for name, data in named
    ]
    return [*events, _DONE]


def _named(exchange: Exchange, ran: Ran) -> Iterator[tuple[str, Json]]:
    yield "thread.run.created", ran.waiting
    yield "thread.run.queued", ran.waiting
    yield "thread.run.in_progress", {**ran.waiting, "status": "in_progress"}
    begun = {**ran.step, "status": "in_progress", "usage": None}
    yield "thread.run.step.created", begun
    yield "thread.run.step.in_progress", begun
    if ran.message is not None:
        yield from _message(exchange, ran.message)
        yield "thread.run.step.completed", ran.step
    yield f"thread.run.{ran.final['status']}", ran.final


def _message(exchange: Exchange, message: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    begun = {**message, "status": "in_progress", "content": []}
    yield "thread.message.created", begun
    yield "thread.message.in_progress", begun
    for piece in pieces(message["content"][0]["text"]["value"], exchange.answer.chunks):
        content = [{"index": 0, "type": "text", "text": {"value": piece, "annotations": []}}]
        delta = {"id": message["id"], "object": "thread.message.delta", "delta": {"content": content}}
        yield "thread.message.delta", delta
    yield "thread.message.completed", message
