"""`POST /responses`, and what may be done to a response later."""

from collections.abc import Mapping

from dagster_openai_otel.testing.answers import Json
from dagster_openai_otel.testing.billing import BilledCall
from dagster_openai_otel.testing.content import Content, Question, decide
from dagster_openai_otel.testing.exchange import CREATED, Exchange
from dagster_openai_otel.testing.lookups import found, retrieve, settling
from dagster_openai_otel.testing.prompts import count_prompt
from dagster_openai_otel.testing.replies import (
    Plain,
    Reply,
    Streamed,
    error_body,
    json_bytes,
    refused,
)
from dagster_openai_otel.testing.response_output import output_items, unfinished
from dagster_openai_otel.testing.response_stream import response_events
from dagster_openai_otel.testing.stored import Stored
from dagster_openai_otel.testing.token_counts import RESPONSE_COUNTS, made_up_usage, used
from dagster_openai_otel.testing.wire_usage import response_usage, with_response_details
from dagster_openai_otel.usage import Usage

_ENDINGS = {
    "length": ("incomplete", "max_output_tokens"),
    "content_filter": ("incomplete", "content_filter"),
}


def create_response(exchange: Exchange) -> Reply:
    """Answer the input: at once, as a stream of events, or in the background.

    A failed response costs nothing, unless the answer scripts its usage.
    """
    question = _question(exchange.body)
    content = decide(question, exchange.answer)
    usage = _usage(exchange, content, question.limit)
    final = _final(exchange, content, usage)
    charge = None
    if final["status"] != "failed" or exchange.answer.usage is not None:
        tier = exchange.service_tier
        charge = exchange.charge(usage, tier=tier, response_id=final["id"])
    if exchange.body.get("background"):
        return _in_background(exchange, final, charge)
    _keep(exchange, Stored(final=final))
    if exchange.streams:
        return Streamed(events=response_events(final, exchange.answer), charge=charge)
    return Plain(body=json_bytes(final), charge=charge, reports_usage=final["usage"] is not None)


def _in_background(exchange: Exchange, final: dict[str, Json], charge: BilledCall | None) -> Reply:
    """Begin a response that goes on when nobody looks; whoever finds it ended is billed."""
    queued = unfinished(final, "queued")
    polls = max(1, exchange.answer.polls)
    exchange.store.put(Stored(final=final, charge=charge, polls_left=polls, unfinished=queued))
    if exchange.streams:
        return _told(exchange, final, after=-1)
    return Plain(body=json_bytes(queued))


def _told(exchange: Exchange, final: Mapping[str, Json], after: int) -> Reply:
    """The events of a stored response, after one of them."""
    events = response_events(final, exchange.answer)[after + 1 :]
    return Streamed(events=events, settled=settling(exchange, final["id"]))


def retrieve_response(exchange: Exchange) -> Reply:
    """The state of a stored response, or its events from a place on.

    The `GET` that finds it finished is the one that is billed; one that streams waits until it is.
    """
    stored = exchange.store.get(exchange.parameters["id"])
    if stored is None:
        return _unknown(exchange)
    if exchange.streams:
        return _told(exchange, stored.final, after=int(exchange.request.query.get("starting_after", -1)))
    return retrieve(exchange)


def cancel_response(exchange: Exchange) -> Reply:
    """Stop a response that runs in the background; it is billed, and never says its usage."""
    seen = exchange.store.cancel(exchange.parameters["id"], _cancelled)
    if seen is None:
        return _unknown(exchange)
    if not seen.state["background"]:
        return refused(400, "Cannot cancel a synchronous response.")
    return found(seen)


def delete_response(exchange: Exchange) -> Reply:
    """Forget a stored response."""
    response_id = exchange.parameters["id"]
    if not exchange.store.delete(response_id):
        return _unknown(exchange)
    return Plain(body=json_bytes({"id": response_id, "object": "response", "deleted": True}))


def count_input_tokens(exchange: Exchange) -> Reply:
    """How many tokens an input has; free."""
    count = {"object": "response.input_tokens", "input_tokens": input_tokens(exchange.body)}
    return Plain(body=json_bytes(count))


def _keep(exchange: Exchange, stored: Stored) -> None:
    if exchange.body.get("store") is not False:
        exchange.store.put(stored)


def _cancelled(running: Stored) -> Stored:
    return Stored(final={**running.unfinished, "status": "cancelled"}, charge=running.charge)


def _unknown(exchange: Exchange) -> Plain:
    return refused(404, f"Response with id '{exchange.parameters['id']}' not found.", param="id")


def _question(body: Mapping[str, Json]) -> Question:
    tools = [tool for tool in body.get("tools") or () if tool.get("type") == "function"]
    return Question(
        prompt=body.get("input") or "",
        limit=body.get("max_output_tokens"),
        text_format=(body.get("text") or {}).get("format"),
        tools=tools,
        tool_choice=body.get("tool_choice"),
    )


def input_tokens(body: Mapping[str, Json]) -> int:
    """The tokens of all that a request for a response lets the model read."""
    return count_prompt(*(body.get(name) for name in ("instructions", "input", "tools", "text")))


def _usage(exchange: Exchange, content: Content, limit: int | None) -> Usage:
    made_up = made_up_usage(exchange, input_tokens(exchange.body), content.tokens, limit)
    return with_response_details(used(exchange, made_up, RESPONSE_COUNTS))


def _final(exchange: Exchange, content: Content, usage: Usage) -> dict[str, Json]:
    """The response object as it ends."""
    answer, body = exchange.answer, exchange.body
    status, reason = _ENDINGS.get(content.finish_reason, ("completed", "max_output_tokens"))
    status = answer.response_status or status
    failed = status == "failed"
    error = error_body(500, answer)["error"]
    silent = answer.omit_usage or (failed and answer.usage is None)
    return {
        "id": exchange.identifier("resp_"),
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "background": bool(body.get("background")),
        "completed_at": CREATED if status == "completed" else None,
        "error": {"code": error["code"] or "server_error", "message": error["message"]} if failed else None,
        "incomplete_details": {"reason": reason} if status == "incomplete" else None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "metadata": body.get("metadata") or {},
        "model": exchange.model,
        "output": [] if failed else output_items(exchange, content, usage, status),
        "parallel_tool_calls": body.get("parallel_tool_calls", True),
        "previous_response_id": body.get("previous_response_id"),
        "reasoning": {"effort": None, "summary": None} | (body.get("reasoning") or {}),
        "service_tier": exchange.service_tier,
        "store": body.get("store") is not False,
        "temperature": body.get("temperature", 1.0),
        "text": {"format": {"type": "text"}} | (body.get("text") or {}),
        "tool_choice": body.get("tool_choice", "auto"),
        "tools": body.get("tools") or [],
        "top_p": body.get("top_p", 1.0),
        "truncation": body.get("truncation") or "disabled",
        "usage": None if silent else response_usage(usage),
        "user": body.get("user"),
    }
