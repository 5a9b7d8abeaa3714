"""Embeddings, completions, decisions, and what is free."""

from typing import Any

from dagster_openai_otel.testing import Answer
from tests.calls import ways_others
from tests.calls.either import all_of, closed, got, next_of, opened
from tests.calls.ways import USAGE_WANTED
from tests.calls.ways_others import COMPLETE, EMBED
from tests.matrix.failure_rows import BROKEN, no_retries
from tests.matrix.rows import SILENT, Table, read

OTHER_ROWS = Table()

_QUESTIONS = [{"type": "predicate", "instructions": "Is it a city?", "name": "city"}]
_DATA_SOURCE = {"type": "jsonl", "source": {"type": "file_id", "id": "file-1"}}


def _complete(client: Any, **more: Any) -> Any:
    return client.completions.create(**COMPLETE, **more)


def _with_usage(client: Any) -> Any:
    return _complete(client, stream=True, stream_options=USAGE_WANTED)


OTHER_ROWS.add("embeddings.create", lambda client: client.embeddings.create(**EMBED))
OTHER_ROWS.add_way("embeddings.create float batch", ways_others.embed_as_floats)
OTHER_ROWS.add(
    "embeddings.create token ids",
    lambda client: client.embeddings.create(model="text-embedding-3-small", input=[[1, 2, 3], [4, 5]]),
)
OTHER_ROWS.add_way("embeddings.raw_response.create", ways_others.embed_raw)
OTHER_ROWS.add_way("embeddings.streaming_response.create", ways_others.embed_streamed_and_parsed)
OTHER_ROWS.add_way("embeddings client.post", ways_others.embed_by_post)
OTHER_ROWS.add(
    "embeddings.create err s401",
    lambda client: client.embeddings.create(**EMBED),
    Answer(status=401),
    raises="AuthenticationError",
)
OTHER_ROWS.add("completions.create", _complete)
OTHER_ROWS.add("completions.create stream usage", lambda client: read(_with_usage(client)))
OTHER_ROWS.add("completions.create stream no usage", lambda client: read(_complete(client, stream=True)))
OTHER_ROWS.add_way("completions.create stream as context manager", ways_others.complete_in_a_with_block)
OTHER_ROWS.add(
    "completions.create stream err resetmid",
    lambda client: read(_with_usage(client)),
    Answer(cut_after=2, reset=True),
    options=no_retries,
    raises=BROKEN,
)
OTHER_ROWS.add("moderations.create", lambda client: client.moderations.create(input=["Oslo", "Bergen"]))
OTHER_ROWS.add("models.list", lambda client: all_of(client.models.list()))
OTHER_ROWS.add("models.retrieve", lambda client: client.models.retrieve("gpt-5-mini"))
OTHER_ROWS.add(
    "fine_tuning.jobs.create",
    lambda client: client.fine_tuning.jobs.create(model="gpt-4o-mini", training_file="file-1"),
)
OTHER_ROWS.add("conversations.create", lambda client: client.conversations.create(metadata={"team": "data"}))
OTHER_ROWS.add(
    "evals.runs.create",
    lambda client: client.evals.runs.create("eval_1", name="cities", data_source=_DATA_SOURCE),
    open_calls=1,
)
OTHER_ROWS.add("containers.create", lambda client: client.containers.create(name="sums"))
OTHER_ROWS.add(
    "decisions.create",
    lambda client: client.decisions.create(model="gpt-6-luna", input="Oslo", questions=_QUESTIONS),
    needs="decisions",
)


@OTHER_ROWS.row("completions.create stream break dropped", SILENT)
async def _dropped(client: Any) -> Any:
    return await next_of(await got(_with_usage(client)))


@OTHER_ROWS.row("completions.create stream .close()", SILENT)
async def _closed(client: Any) -> Any:
    stream = await got(_with_usage(client))
    await next_of(stream)
    await closed(stream)
    return stream.response.is_closed


@OTHER_ROWS.row("completions.raw_response.create")
async def _raw(client: Any) -> Any:
    return (await got(client.completions.with_raw_response.create(**COMPLETE))).content


@OTHER_ROWS.row("decisions.raw_response.create", needs="decisions")
async def _raw_decisions(client: Any) -> Any:
    raw = client.decisions.with_raw_response
    return (await got(raw.create(model="gpt-6-luna", input="Oslo", questions=_QUESTIONS))).content


@OTHER_ROWS.row("files.create + content + list + delete")
async def _files(client: Any) -> Any:
    file = await got(client.files.create(file=("cities.txt", b"Oslo\r\nBergen"), purpose="user_data"))
    content = await got(client.files.content(file.id))
    listed = await all_of(client.files.list())
    return [file, content.content, listed, await got(client.files.delete(file.id))]


@OTHER_ROWS.row("files.streaming_response.content")
async def _streamed_file(client: Any) -> Any:
    file = await got(client.files.create(file=("cities.txt", b"Oslo"), purpose="user_data"))
    async with opened(client.files.with_streaming_response.content(file.id)) as response:
        return await got(response.read())


@OTHER_ROWS.row("vector_stores create+search")
async def _vector_store(client: Any) -> Any:
    store = await got(client.vector_stores.create(name="cities"))
    return [store, await all_of(client.vector_stores.search(store.id, query="Oslo"))]
