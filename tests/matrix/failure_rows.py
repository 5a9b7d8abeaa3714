"""Chat completions that fail, or that are tried again."""

import asyncio
from collections.abc import Mapping
from typing import Any

import openai

from dagster_openai_otel.testing import Answer
from dagster_openai_otel.usage import Usage
from tests.calls.clients import http
from tests.calls.either import got
from tests.calls.ways import CHAT, STREAM
from tests.matrix.rows import ASYNC, SILENT, SYNC, Table, read

FAILURE_ROWS = Table()

HTML = ("text/html", b"<html>no JSON</html>")
# a 200 is billed, whatever became of it on its way
BILLED = Usage(input_tokens=100, output_tokens=20)
# of the SDK, or of httpx in openai 2
BROKEN = "APIConnectionError|RemoteProtocolError|ReadError"
_BUSY, _BROKEN_DOWN = (Answer(status=status, retry_after=0.001) for status in (429, 500))


def _create(client: Any) -> Any:
    return client.chat.completions.create(**CHAT)


def _read(client: Any) -> Any:
    return read(client.chat.completions.create(**STREAM))


def no_retries(_api: Any, _kind: str) -> Mapping[str, Any]:
    return {"max_retries": 0}


def _impatient(_api: Any, _kind: str) -> Mapping[str, Any]:
    return {"max_retries": 0, "timeout": 0.05}


for _name, _raises, _answer in (
    ("s400", "BadRequestError", Answer(status=400)),
    ("s401", "AuthenticationError", Answer(status=401)),
    ("s404", "NotFoundError", Answer(status=404)),
    ("s429", "RateLimitError", Answer(status=429)),
    ("s500", "InternalServerError", Answer(status=500)),
    ("badjson", "JSONDecodeError", Answer(malformed=True, usage=BILLED)),
    ("html", "", Answer(raw=HTML, usage=BILLED)),
    ("reset", "APIConnectionError", Answer(reset=True)),
):
    FAILURE_ROWS.add(f"chat.create err {_name}", _create, _answer, options=no_retries, raises=_raises)
FAILURE_ROWS.add(
    "chat.create err hang", _create, Answer(hang=60), options=_impatient, raises="APITimeoutError"
)
FAILURE_ROWS.add("chat.create 429x2 then ok (max_retries=2)", _create, *[_BUSY] * 2, Answer())
FAILURE_ROWS.add("chat.create 500x1 then ok (max_retries=2)", _create, _BROKEN_DOWN, Answer())
FAILURE_ROWS.add("chat.create 429x3 (max_retries=2)", _create, *[_BUSY] * 3, raises="RateLimitError")
for _name, _raises, _answer in (
    ("s429", "RateLimitError", Answer(status=429)),
    ("truncmid", BROKEN, Answer(cut_after=2)),
    ("resetmid", BROKEN, Answer(cut_after=2, reset=True)),
    ("errmid", "APIError", Answer(error_after=2)),
):
    FAILURE_ROWS.add(f"chat.stream err {_name}", _read, _answer, options=no_retries, raises=_raises)


@FAILURE_ROWS.row("chat.create bad args (no model)", raises="TypeError")
async def _bad_arguments(client: Any) -> Any:
    return await got(client.chat.completions.create(messages=[]))


def _interrupting(_api: Any, kind: str) -> Mapping[str, Any]:
    def interrupt(_request: Any) -> Any:
        raise KeyboardInterrupt

    client = openai.DefaultHttpxClient if kind == "sync" else openai.DefaultAsyncHttpxClient
    return {"http_client": client(transport=http.MockTransport(interrupt))}


@FAILURE_ROWS.row(
    "chat.create BaseException (KeyboardInterrupt in transport)", options=_interrupting, kinds=SYNC
)
def _interrupted(client: Any) -> Any:
    try:
        return _create(client)
    except KeyboardInterrupt:
        return "interrupted"


@FAILURE_ROWS.row(
    "chat.create cancelled (wait_for timeout)", Answer(hang=60), kinds=ASYNC, raises="TimeoutError"
)
async def _cancelled(client: Any) -> Any:
    return await asyncio.wait_for(_create(client), 0.05)


@FAILURE_ROWS.row("chat.stream cancelled (wait_for timeout)", SILENT, kinds=ASYNC, raises="TimeoutError")
async def _cancelled_stream(client: Any) -> Any:
    return await asyncio.wait_for(_read(client), 0.05)
