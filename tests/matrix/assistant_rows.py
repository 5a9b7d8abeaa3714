"""Runs of assistants: polled, streamed, with tools, cancelled."""

from typing import Any

from dagster_openai_otel.testing import Answer, ToolCall
from tests.calls.either import all_of, got, next_of, opened
from tests.matrix.rows import SILENT, Table, read

ASSISTANT_ROWS = Table()

_HELLO = [{"role": "user", "content": "Oslo?"}]
_ASKING = Answer(tool_calls=[ToolCall(name="weather", arguments={"city": "Oslo"})])
_OUTPUTS = [{"tool_call_id": "call_1", "output": "Snow."}]
_TOOLS = [{"type": "function", "function": {"name": "weather"}}]
# the thread, the first run, and what follows
_ASKING_ONCE = (Answer(), _ASKING)


async def _thread(client: Any) -> str:
    thread = await got(client.beta.threads.create(messages=_HELLO))
    return str(thread.id)


async def _begun(client: Any, thread: str, **more: Any) -> Any:
    runs = client.beta.threads.runs
    return await got(runs.create(thread, assistant_id="asst_1", model="gpt-4o-mini", **more))


async def _polled(client: Any, run: Any, times: int = 3) -> list[Any]:
    retrieve = client.beta.threads.runs.retrieve
    return [await got(retrieve(run.id, thread_id=run.thread_id)) for _ in range(times)]


@ASSISTANT_ROWS.row("threads.runs.create + retrieve")
async def _run(client: Any) -> Any:
    run = await _begun(client, await _thread(client))
    return [run, *await _polled(client, run)]


@ASSISTANT_ROWS.row("threads.runs.create_and_poll + messages.list")
async def _run_and_poll(client: Any) -> Any:
    thread = await _thread(client)
    poll = client.beta.threads.runs.create_and_poll
    run = await got(poll(thread_id=thread, assistant_id="asst_1", poll_interval_ms=1))
    return [run, await all_of(client.beta.threads.messages.list(thread))]


@ASSISTANT_ROWS.row("threads.runs + messages.create, list, steps.list")
async def _run_and_look(client: Any) -> Any:
    thread, threads = await _thread(client), client.beta.threads
    message = await got(threads.messages.create(thread, role="user", content="And Bergen?"))
    run = await _begun(client, thread)
    polled = await _polled(client, run, 2)
    listed = await all_of(threads.runs.list(thread))
    return [message, polled, listed, await all_of(threads.runs.steps.list(run.id, thread_id=thread))]


@ASSISTANT_ROWS.row("threads.create_and_run + retrieve")
async def _thread_and_run(client: Any) -> Any:
    assistant = await got(client.beta.assistants.create(model="gpt-4o-mini"))
    create = client.beta.threads.create_and_run
    return await _polled(client, await got(create(assistant_id=assistant.id, thread={"messages": _HELLO})))


@ASSISTANT_ROWS.row("threads.create_and_run never polled", open_calls=1)
async def _never_polled(client: Any) -> Any:
    return await got(client.beta.threads.create_and_run(assistant_id="asst_1"))


@ASSISTANT_ROWS.row("threads.runs.create stream=True")
async def _streamed(client: Any) -> Any:
    return await read(_begun(client, await _thread(client), stream=True))


@ASSISTANT_ROWS.row("threads.create_and_run stream=True")
async def _thread_streamed(client: Any) -> Any:
    create = client.beta.threads.create_and_run
    return await read(create(assistant_id="asst_1", thread={"messages": _HELLO}, stream=True))


@ASSISTANT_ROWS.row("threads.runs.stream() helper")
async def _helper(client: Any) -> Any:
    manager = client.beta.threads.runs.stream(thread_id=await _thread(client), assistant_id="asst_1")
    async with opened(manager) as events:
        return [await all_of(events), await got(events.get_final_run())]


@ASSISTANT_ROWS.row("threads.runs.stream() helper break", Answer(), SILENT, open_calls=1)
async def _helper_left(client: Any) -> Any:
    manager = client.beta.threads.runs.stream(thread_id=await _thread(client), assistant_id="asst_1")
    async with opened(manager) as events:
        return await next_of(events)


@ASSISTANT_ROWS.row("threads.runs.create stream=True break, then retrieve", Answer(), SILENT)
async def _left_and_polled(client: Any) -> Any:
    async with opened(await _begun(client, await _thread(client), stream=True)) as events:
        first = await next_of(events)
    return await _polled(client, first.data)


@ASSISTANT_ROWS.row("threads.runs.create stream=True, then retrieve")
async def _streamed_and_polled(client: Any) -> Any:
    events = await read(_begun(client, await _thread(client), stream=True))
    return await _polled(client, events[-1].data)


@ASSISTANT_ROWS.row("threads.runs.submit_tool_outputs + retrieve", *_ASKING_ONCE)
async def _with_tools(client: Any) -> Any:
    run = await _begun(client, await _thread(client), tools=_TOOLS)
    paused = await _polled(client, run, 2)
    submit = client.beta.threads.runs.submit_tool_outputs
    again = await got(submit(run.id, thread_id=run.thread_id, tool_outputs=_OUTPUTS))
    return [paused, again, await _polled(client, run)]


@ASSISTANT_ROWS.row("threads.runs.submit_tool_outputs stream=True", *_ASKING_ONCE)
async def _with_streamed_tools(client: Any) -> Any:
    thread = await _thread(client)
    events = await read(_begun(client, thread, tools=_TOOLS, stream=True))
    submit, run = client.beta.threads.runs.submit_tool_outputs, events[-1].data
    return await read(submit(run.id, thread_id=thread, tool_outputs=_OUTPUTS, stream=True))


@ASSISTANT_ROWS.row("threads.runs.cancel + retrieve")
async def _cancelled(client: Any) -> Any:
    run = await _begun(client, await _thread(client))
    cancelling = await got(client.beta.threads.runs.cancel(run.id, thread_id=run.thread_id))
    return [cancelling, *await _polled(client, run, 2)]


@ASSISTANT_ROWS.row("threads.runs.update of a finished run")
async def _updated(client: Any) -> Any:
    run = await _begun(client, await _thread(client))
    await _polled(client, run, 2)
    update = client.beta.threads.runs.update
    return await got(update(run.id, thread_id=run.thread_id, metadata={"team": "data"}))


@ASSISTANT_ROWS.row("threads.runs usage missing", Answer(), Answer(omit_usage=True))
async def _without_usage(client: Any) -> Any:
    return await _polled(client, await _begun(client, await _thread(client)))
