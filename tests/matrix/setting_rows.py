"""The same calls elsewhere: Azure, other threads and tasks, under what suppresses instrumentation."""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from opentelemetry import context
from opentelemetry.instrumentation.utils import suppress_instrumentation

from dagster_openai_otel.testing import Answer
from tests.calls.either import got
from tests.calls.ways import CHAT, MODEL
from tests.calls.ways_others import ASK, EMBED
from tests.matrix.rows import ASYNC, AZURE, SYNC, Table, read

SETTING_ROWS = Table()


def _create(client: Any) -> Any:
    return client.chat.completions.create(**CHAT)


def _deployment(_api: Any, _kind: str) -> Mapping[str, Any]:
    return {"azure_deployment": MODEL}


SETTING_ROWS.add("azure chat.create", _create, kinds=AZURE)
SETTING_ROWS.add("azure chat.create deployment", _create, kinds=AZURE, options=_deployment)
SETTING_ROWS.add("azure responses.create", lambda client: client.responses.create(**ASK), kinds=AZURE)
SETTING_ROWS.add("azure embeddings.create", lambda client: client.embeddings.create(**EMBED), kinds=AZURE)
SETTING_ROWS.add(
    "azure chat.stream no include_usage full",
    lambda client: read(client.chat.completions.create(**CHAT, stream=True)),
    kinds=AZURE,
)
SETTING_ROWS.add(
    "azure chat.create err s429x2 then ok",
    _create,
    *[Answer(status=429, retry_after=0.001)] * 2,
    Answer(),
    kinds=AZURE,
)


@SETTING_ROWS.row("azure responses background poll", kinds=AZURE)
async def _azure_background(client: Any) -> Any:
    begun = await got(client.responses.create(**ASK, background=True))
    return [await got(client.responses.retrieve(begun.id)) for _ in range(3)]


@contextmanager
def _no_language_models() -> Iterator[None]:
    """What Traceloop's instrumentors of frameworks do round the calls that they trace themselves."""
    token = context.attach(context.set_value("suppress_language_model_instrumentation", value=True))
    try:
        yield
    finally:
        context.detach(token)


@SETTING_ROWS.row("chat.create under suppress_instrumentation()")
async def _suppressed(client: Any) -> Any:
    with suppress_instrumentation():
        return await got(_create(client))


@SETTING_ROWS.row("responses.create under suppress_instrumentation()")
async def _response_suppressed(client: Any) -> Any:
    with suppress_instrumentation():
        return await got(client.responses.create(**ASK))


@SETTING_ROWS.row("chat.create under suppress_language_model_instrumentation")
async def _model_suppressed(client: Any) -> Any:
    with _no_language_models():
        return await got(_create(client))


@SETTING_ROWS.row("responses.create under suppress_language_model_instrumentation")
async def _model_response_suppressed(client: Any) -> Any:
    with _no_language_models():
        return await got(client.responses.create(**ASK))


@SETTING_ROWS.row("chat.create in new thread (no ctx propagation)", kinds=SYNC)
def _in_a_thread(client: Any) -> Any:
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(_create(client)))
    thread.start()
    thread.join()
    return results


@SETTING_ROWS.row("chat.create in ThreadPoolExecutor x4", kinds=SYNC)
def _in_a_pool(client: Any) -> Any:
    with ThreadPoolExecutor(4) as pool:
        return sorted(
            completion.usage.total_tokens for completion in pool.map(lambda _: _create(client), range(4))
        )


@SETTING_ROWS.row("chat.create in asyncio.to_thread x4", kinds=SYNC)
def _in_threads_of_a_loop(client: Any) -> Any:
    async def main() -> list[Any]:
        return await asyncio.gather(*(asyncio.to_thread(_create, client) for _ in range(4)))

    return sorted(completion.usage.total_tokens for completion in asyncio.run(main()))


@SETTING_ROWS.row("chat gather x20", kinds=ASYNC)
async def _gathered(client: Any) -> Any:
    completions = await asyncio.gather(*(_create(client) for _ in range(20)))
    return sorted(completion.usage.total_tokens for completion in completions)


@SETTING_ROWS.row("sync chat.create inside running loop", kinds=SYNC)
def _inside_a_loop(client: Any) -> Any:
    async def main() -> Any:
        return _create(client)

    return asyncio.run(main())


@SETTING_ROWS.row("asyncio.get_event_loop() after a sync call in main thread", kinds=SYNC)
def _loop_afterwards(client: Any) -> Any:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        completion = _create(client)
        return [completion, asyncio.get_event_loop() is loop]
    finally:
        asyncio.set_event_loop(None)
        loop.close()
