"""Batches: one call, at the price of a batch, when they are first seen finished."""

import json
from typing import Any

from dagster_openai_otel import record_usage
from dagster_openai_otel.scope import StepScope, entered
from dagster_openai_otel.testing import Answer
from tests.calls.clients import http
from tests.calls.either import all_of, got
from tests.matrix.rows import Table

BATCH_ROWS = Table()

_BODIES: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Oslo?"}]},
    "/v1/responses": {"model": "gpt-5-mini", "input": "Oslo?"},
    "/v1/embeddings": {"model": "text-embedding-3-small", "input": ["Oslo", "Bergen"]},
    "/v1/completions": {"model": "gpt-3.5-turbo-instruct", "prompt": "Oslo"},
}
_NOT_RAISED = {"status": 200}


async def _begun(client: Any, endpoint: str = "/v1/chat/completions", lines: int = 3) -> Any:
    request = {"method": "POST", "url": endpoint, "body": _BODIES[endpoint]}
    text = "\n".join(json.dumps({"custom_id": str(number), **request}) for number in range(lines))
    file = await got(client.files.create(file=("lines.jsonl", text.encode()), purpose="batch"))
    create = client.batches.create
    return await got(create(input_file_id=file.id, endpoint=endpoint, completion_window="24h"))


async def _polled(client: Any, batch: Any, times: int = 3) -> list[Any]:
    return [await got(client.batches.retrieve(batch.id)) for _ in range(times)]


for _endpoint in _BODIES:

    @BATCH_ROWS.row(f"batches create+retrieve(completed) {_endpoint}")
    async def _batch(client: Any, endpoint: str = _endpoint) -> Any:
        return await _polled(client, await _begun(client, endpoint))


@BATCH_ROWS.row("batches create+retrieve, output file")
async def _with_output(client: Any) -> Any:
    batch = (await _polled(client, await _begun(client)))[-1]
    return (await got(client.files.content(batch.output_file_id))).content


@BATCH_ROWS.row("batches create+retrieve+list")
async def _listed(client: Any) -> Any:
    batch = await _begun(client)
    return [await _polled(client, batch), await all_of(client.batches.list())]


@BATCH_ROWS.row("batches create+retrieve usage missing", Answer(), Answer(omit_usage=True))
async def _without_usage(client: Any) -> Any:
    return await _polled(client, await _begun(client))


@BATCH_ROWS.row("batches never polled", open_calls=1)
async def _never_polled(client: Any) -> Any:
    return await _begun(client)


@BATCH_ROWS.row("batches created, then cancelled")
async def _cancelled(client: Any) -> Any:
    batch = await _begun(client)
    cancelling = await got(client.batches.cancel(batch.id))
    return [cancelling, *await _polled(client, batch, 2)]


@BATCH_ROWS.row("batches whose input fails")
async def _failed(client: Any) -> Any:
    return await _polled(client, await _begun(client, lines=0))


@BATCH_ROWS.row("batches polled in another step")
async def _another_step(client: Any) -> Any:
    batch = await _begun(client)
    with entered(StepScope(run_id="", step_key="another")):
        return await _polled(client, batch)


@BATCH_ROWS.row("batches polled after the step that made them")
async def _after_its_step(client: Any) -> Any:
    first = StepScope(run_id="", step_key="first")
    with entered(first):
        batch = await _begun(client)
    first.ended.set()
    return await _polled(client, batch)


@BATCH_ROWS.row("batches polled raw_response")
async def _polled_raw(client: Any) -> Any:
    batch = await _begun(client)
    return [(await got(client.batches.with_raw_response.retrieve(batch.id))).content for _ in range(3)]


@BATCH_ROWS.row("batches polled elsewhere, record_usage of an output line", open_calls=1)
async def _recorded(client: Any) -> Any:
    batch = await _begun(client, lines=1)
    with http.Client(headers={"authorization": f"Bearer {client.api_key}"}) as other:
        for _ in range(2):
            finished = other.get(f"{client.base_url}batches/{batch.id}").json()
    output = (await got(client.files.content(finished["output_file_id"]))).content
    for line in output.splitlines():
        record_usage(json.loads(line))
    return output
