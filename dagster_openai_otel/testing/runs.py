"""Runs of assistants: `POST /threads/{thread}/runs`, `POST /threads/runs`, and what follows."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dagster_openai_otel.testing.answers import Json
from dagster_openai_otel.testing.content import Content, Question, decide
from dagster_openai_otel.testing.exchange import CREATED, Exchange
from dagster_openai_otel.testing.lookups import found, settling, unknown
from dagster_openai_otel.testing.prompts import count_prompt
from dagster_openai_otel.testing.replies import Plain, Reply, Streamed, json_bytes
from dagster_openai_otel.testing.run_stream import Ran, run_events, step_of
from dagster_openai_otel.testing.stored import Stored
from dagster_openai_otel.testing.threads import add_message, begin_thread
from dagster_openai_otel.testing.token_counts import RUN_COUNTS, made_up_usage, used
from dagster_openai_otel.testing.wire_usage import run_usage

_USUAL_MODEL = "gpt-4o"


def create_run(exchange: Exchange) -> Reply:
    """Have an assistant answer a thread; it pauses where the answer asks for tool calls.

    The request that finds it ended is the one that is billed: the `GET`, or the stream.
    """
    return _begun(exchange, exchange.parameters["thread"], before=())


def create_thread_and_run(exchange: Exchange) -> Reply:
    """The same for a new thread."""
    thread = begin_thread(exchange, exchange.body.get("thread") or {})
    return _begun(exchange, str(thread["id"]), before=(("thread.created", thread),))


def submit_tool_outputs(exchange: Exchange) -> Reply:
    """Go on with a run that has paused."""
    stored = exchange.store.get(exchange.parameters["id"])
    if stored is None:
        return unknown(exchange)
    run = {**stored.final, "required_action": None}
    exchange = _with_model(exchange, run["model"])
    return _answered(exchange, _ran(exchange, run), before=())


def cancel_run(exchange: Exchange) -> Reply:
    """Stop a run; the next `GET` finds it cancelled, with its usage."""
    seen = exchange.store.cancel(exchange.parameters["id"], _cancelled)
    return unknown(exchange) if seen is None else found(seen)


def update_run(exchange: Exchange) -> Reply:
    """Change the metadata of a run, which answers with all of it."""
    stored = exchange.store.get(exchange.parameters["id"])
    if stored is None:
        return unknown(exchange)
    metadata = {"metadata": exchange.body.get("metadata") or {}}
    changed = replace(
        stored, final={**stored.final, **metadata}, unfinished={**stored.unfinished, **metadata}
    )
    exchange.store.put(changed)
    return Plain(body=json_bytes(dict(changed.state)))


def _begun(exchange: Exchange, thread_id: str, before: Sequence[tuple[str, Json]]) -> Reply:
    for part, message in enumerate(exchange.body.get("additional_messages") or ()):
        add_message(exchange, thread_id, message, part=100 + part)
    assistant_id = str(exchange.body.get("assistant_id"))
    assistant = exchange.store.get(assistant_id)
    fallback = assistant.final["model"] if assistant else _USUAL_MODEL
    exchange = _with_model(exchange, exchange.body.get("model") or fallback)
    run = {
        "id": exchange.identifier("run_"),
        "object": "thread.run",
        "created_at": CREATED,
        "thread_id": thread_id,
        "assistant_id": assistant_id,
        "status": "queued",
        "model": exchange.asked_model,
        "instructions": exchange.body.get("instructions") or "",
        "tools": exchange.body.get("tools") or [],
        "parallel_tool_calls": True,
        "required_action": None,
        "metadata": exchange.body.get("metadata") or {},
        "usage": None,
    }
    return _answered(exchange, _ran(exchange, run), before)


def _with_model(exchange: Exchange, model: str) -> Exchange:
    return replace(exchange, body={**exchange.body, "model": model})


def _ran(exchange: Exchange, run: Mapping[str, Json]) -> Ran:
    """What a run comes to."""
    messages = [
        message
        for message in exchange.store.all_of("thread.message")
        if message["thread_id"] == run["thread_id"]
    ]
    content = decide(Question(prompt=[message["content"] for message in messages]), exchange.answer)
    waiting = {**run, "status": "queued", "usage": None}
    if content.tool_calls:
        paused = waiting | {"status": "requires_action", "required_action": _required(exchange, content)}
        return Ran(waiting=waiting, final=paused, message=None, step=step_of(exchange, paused, None, None))
    tokens = count_prompt(run["instructions"], [message["content"] for message in messages], run["tools"])
    usage = used(exchange, made_up_usage(exchange, tokens, content.tokens, None), RUN_COUNTS)
    usage = replace(usage, cached_input_tokens=usage.cached_input_tokens or 0)
    said = {"role": "assistant", "content": content.texts[0] or ""}
    message = add_message(exchange, str(run["thread_id"]), said, run_id=str(run["id"]))
    wire = None if exchange.answer.omit_usage else run_usage(usage)
    final = waiting | {"status": "completed", "completed_at": CREATED, "usage": wire}
    charge = exchange.charge(usage, response_id=str(run["id"]))
    return Ran(
        waiting=waiting,
        final=final,
        message=message,
        step=step_of(exchange, final, message, wire),
        charge=charge,
    )


def _answered(exchange: Exchange, ran: Ran, before: Sequence[tuple[str, Json]]) -> Reply:
    exchange.store.put(Stored(final=ran.step))
    polls = max(1, exchange.answer.polls)
    exchange.store.put(Stored(final=ran.final, charge=ran.charge, polls_left=polls, unfinished=ran.waiting))
    if exchange.streams:
        settled = settling(exchange, str(ran.final["id"]))
        return Streamed(events=run_events(exchange, ran, before), settled=settled)
    return Plain(body=json_bytes(dict(ran.waiting)))


def _required(exchange: Exchange, content: Content) -> dict[str, Json]:
    calls = [
        {
            "id": exchange.identifier("call_", part),
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments_json},
        }
        for part, call in enumerate(content.tool_calls)
    ]
    return {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": calls}}


def _cancelled(running: Stored) -> Stored:
    return replace(
        running,
        final={**running.final, "status": "cancelled", "cancelled_at": CREATED},
        polls_left=1,
        unfinished={**running.unfinished, "status": "cancelling"},
    )
