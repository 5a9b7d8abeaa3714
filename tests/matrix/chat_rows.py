"""Chat completions without streams."""

import json
from typing import Any

import openai

from dagster_openai_otel.testing import Answer
from dagster_openai_otel.usage import Usage
from tests.calls import ways_chat, ways_raw
from tests.calls.clients import KEY, trusted
from tests.calls.either import all_of, got
from tests.calls.ways import CHAT, MESSAGES, MODEL
from tests.matrix.rows import SYNC, Table

CHAT_ROWS = Table()

_SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "capital",
        "schema": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
_NULL_DETAILS = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": MODEL,
    "choices": [],
    "usage": {
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "total_tokens": 120,
        "prompt_tokens_details": None,
        "completion_tokens_details": None,
    },
}
_USAGE = Usage(input_tokens=100, output_tokens=20)


def _create(client: Any, **more: Any) -> Any:
    return client.chat.completions.create(**{**CHAT, **more})


CHAT_ROWS.add("chat.create", _create)
CHAT_ROWS.add_way("chat.create tools", ways_chat.create_with_tools)
CHAT_ROWS.add("chat.create n=3", lambda client: _create(client, n=3))
CHAT_ROWS.add("chat.create json_schema", lambda client: _create(client, response_format=_SCHEMA))
CHAT_ROWS.add("chat.create finish=length", _create, Answer(finish_reason="length"))
CHAT_ROWS.add("chat.create refusal", _create, Answer(refusal="No."))
CHAT_ROWS.add("chat.create usage missing", _create, Answer(omit_usage=True))
CHAT_ROWS.add("chat.create usage no details", _create, Answer(usage=_USAGE))
CHAT_ROWS.add(
    "chat.create usage details=null",
    _create,
    Answer(raw=("application/json", json.dumps(_NULL_DETAILS).encode()), usage=_USAGE, model=MODEL),
)
CHAT_ROWS.add("chat.create vendor/model", lambda client: _create(client, model="vendor/model"))
CHAT_ROWS.add("chat.create extra_headers=None", lambda client: _create(client, extra_headers=None))
CHAT_ROWS.add("chat.create service_tier=priority", lambda client: _create(client, service_tier="priority"))
CHAT_ROWS.add("chat.create gzip", _create, Answer(gzip=True))
CHAT_ROWS.add(
    "chat.create messages=generator",
    lambda client: _create(client, messages=(message for message in MESSAGES)),
)
CHAT_ROWS.add("chat.create 100-message conversation", lambda client: _create(client, messages=MESSAGES * 100))


@CHAT_ROWS.row("chat.create shared extra_headers dict")
async def _shared_headers(client: Any) -> Any:
    headers = {"x-a": "1"}
    await got(_create(client, extra_headers=headers))
    await got(_create(client, extra_headers=headers))
    return headers


@CHAT_ROWS.row("chat.create store + retrieve")
async def _stored(client: Any) -> Any:
    completion = await got(_create(client, store=True))
    again = await got(client.chat.completions.retrieve(completion.id))
    return [again, await all_of(client.chat.completions.list())]


@CHAT_ROWS.row("chat.create store + update + delete")
async def _updated(client: Any) -> Any:
    completion = await got(_create(client, store=True))
    updated = await got(client.chat.completions.update(completion.id, metadata={"team": "data"}))
    return [updated, await got(client.chat.completions.delete(completion.id))]


CHAT_ROWS.add_way("chat.parse", ways_chat.parse)
CHAT_ROWS.add_way(
    "chat.parse finish=length",
    ways_chat.parse_of_an_answer_that_is_too_long,
    raises="LengthFinishReasonError",
)
CHAT_ROWS.add_way(
    "chat.parse no JSON", ways_chat.parse_of_an_answer_that_does_not_fit, raises="ValidationError"
)
CHAT_ROWS.add_way("chat.parse refusal", ways_chat.parse_that_is_refused)
CHAT_ROWS.add(
    "chat.parse finish=content_filter",
    lambda client: client.chat.completions.parse(**CHAT, response_format=ways_chat.Capital),
    Answer(finish_reason="content_filter"),
    raises="ContentFilterFinishReasonError",
)
CHAT_ROWS.add(
    "beta.chat.completions.parse",
    lambda client: client.beta.chat.completions.parse(**CHAT, response_format=ways_chat.Capital),
    needs="beta.chat.completions.parse",
)
CHAT_ROWS.add_way("chat.raw_response.create", ways_raw.raw)
CHAT_ROWS.add_way("chat.raw_response.create not parsed", ways_raw.raw_that_is_not_parsed)
CHAT_ROWS.add_way("chat.raw_response.create stream usage", ways_raw.raw_stream)
CHAT_ROWS.add_way("chat.raw_response.create stream iter_lines", ways_raw.raw_stream_that_is_read_as_lines)
CHAT_ROWS.add_way("chat.streaming_response.create parse", ways_raw.streamed_and_parsed)
CHAT_ROWS.add_way("chat.streaming_response.create json()", ways_raw.streamed_and_read_as_json)
CHAT_ROWS.add_way("chat.streaming_response.create read()", ways_raw.streamed_and_read)
CHAT_ROWS.add_way("chat.streaming_response.create iter_lines", ways_raw.streamed_and_read_by_lines)
CHAT_ROWS.add_way("chat.streaming_response.create iter_bytes", ways_raw.streamed_and_read_by_bytes)
CHAT_ROWS.add_way("chat.streaming_response.create iter_raw", ways_raw.streamed_and_read_as_it_came)
CHAT_ROWS.add_way(
    "chat.streaming_response.create stream usage parse", ways_raw.streamed_stream_that_is_parsed
)
CHAT_ROWS.add_way(
    "chat.streaming_response.create stream usage iter_lines", ways_raw.streamed_stream_that_is_read_by_lines
)
CHAT_ROWS.add_way("chat.streaming_response.create stream unread", ways_raw.streamed_stream_that_is_not_read)
CHAT_ROWS.add_way("chat.with_options", ways_chat.copy_of_the_client_with_other_options)
CHAT_ROWS.add_way("client.post raw", ways_chat.post)
CHAT_ROWS.add_way("client.post whole URL", ways_chat.post_to_a_whole_url)


@CHAT_ROWS.row("chat.raw_response.parse", Answer(parsed={"city": "Oslo"}))
async def _raw_parse(client: Any) -> Any:
    chat = client.chat.completions.with_raw_response
    return (await got(chat.parse(**CHAT, response_format=ways_chat.Capital))).parse()


@CHAT_ROWS.row("module-level openai.chat", kinds=SYNC)
def _module_level(client: Any) -> Any:
    with openai.DefaultHttpxClient(verify=trusted()) as http_client:
        openai.base_url, openai.api_key, openai.http_client = str(client.base_url), KEY, http_client
        try:
            return openai.chat.completions.create(**CHAT)
        finally:
            openai.base_url = openai.api_key = openai.http_client = None
            openai._reset_client()
