"""Assistants, threads and their messages; all free."""

from dagster_openai_otel.testing.answers import Json
from dagster_openai_otel.testing.exchange import CREATED, Exchange
from dagster_openai_otel.testing.lookups import created
from dagster_openai_otel.testing.replies import Plain, Reply, json_bytes
from dagster_openai_otel.testing.stored import Stored


def create_assistant(exchange: Exchange) -> Reply:
    """A model with instructions."""
    assistant = {
        "id": exchange.identifier("asst_"),
        "object": "assistant",
        "created_at": CREATED,
        "name": exchange.body.get("name"),
        "description": None,
        "model": exchange.asked_model,
        "instructions": exchange.body.get("instructions"),
        "tools": exchange.body.get("tools") or [],
        "metadata": exchange.body.get("metadata") or {},
    }
    return created(exchange, assistant)


def create_thread(exchange: Exchange) -> Reply:
    """A conversation, with the messages that it begins with."""
    return Plain(body=json_bytes(begin_thread(exchange, exchange.body)))


def create_message(exchange: Exchange) -> Reply:
    """A message at the end of a thread."""
    message = add_message(exchange, exchange.parameters["thread"], exchange.body)
    return Plain(body=json_bytes(message))


def begin_thread(exchange: Exchange, given: Json) -> dict[str, Json]:
    """Keep a new thread, and its messages."""
    thread = {
        "id": exchange.identifier("thread_"),
        "object": "thread",
        "created_at": CREATED,
        "metadata": given.get("metadata") or {},
        "tool_resources": {},
    }
    exchange.store.put(Stored(final=thread))
    for part, message in enumerate(given.get("messages") or ()):
        add_message(exchange, str(thread["id"]), message, part=part)
    return thread


def add_message(
    exchange: Exchange, thread_id: str, given: Json, *, part: int | None = None, run_id: str | None = None
) -> dict[str, Json]:
    """Keep a message of the user, or of the assistant that runs.

    Args:
        exchange: The request.
        thread_id: Of the thread.
        given: `role` and `content`, a text or parts of one.
        part: Place among the messages of the request.
        run_id: Of the run that wrote it.
    """
    content = given.get("content") or ""
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    message = {
        "id": exchange.identifier("msg_", part),
        "object": "thread.message",
        "created_at": CREATED,
        "thread_id": thread_id,
        "role": given.get("role", "user"),
        "content": [_with_annotations(part) for part in parts],
        "status": "completed",
        "assistant_id": None,
        "run_id": run_id,
        "attachments": [],
        "metadata": given.get("metadata") or {},
    }
    exchange.store.put(Stored(final=message))
    return message


def _with_annotations(part: Json) -> Json:
    if part.get("type") == "text" and isinstance(part.get("text"), str):
        return {"type": "text", "text": {"value": part["text"], "annotations": []}}
    return part
