"""Servers that speak the API in ways of their own: what they say is counted once, in whatever form."""

import json
from typing import Any

import openai
import pytest

from dagster_openai_otel.testing import Answer, FakeOpenAI
from dagster_openai_otel.usage import Usage
from tests.calls.books import taken

ASK: dict[str, Any] = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Oslo?"}]}
WIRE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
SO_FAR = {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11}
NOTHING = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
USED = Usage(input_tokens=10, output_tokens=5, total_tokens=15)


def chunk(*, reason: str | None = None, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"content": "Oslo."}, "finish_reason": reason}
    return {**_chunk(), "choices": [choice], **more}


def apart(usage: Any = WIRE, **more: Any) -> dict[str, Any]:
    return {**_chunk(), "choices": [], "usage": usage, **more}


def _chunk() -> dict[str, Any]:
    return {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-mini"}


def events(*chunks: dict[str, Any] | str, done: bool = True) -> bytes:
    texts = [each if isinstance(each, str) else f"data: {json.dumps(each)}" for each in chunks]
    return "".join(f"{text}\n\n" for text in [*texts, *(["data: [DONE]"] if done else [])]).encode()


END = chunk(reason="stop")
PLAIN = events(chunk(), END, apart())
STREAMS = {
    "Azure, whose first chunk is about the prompt": events(
        apart(None, id="", model="", prompt_filter_results=[]), chunk(), END, apart()
    ),
    "vLLM, usage so far in each chunk": events(
        chunk(usage=SO_FAR), chunk(reason="stop", usage=WIRE), apart()
    ),
    "Gemini, usage so far in each chunk and none apart": events(
        chunk(usage=SO_FAR), chunk(reason="stop", usage=WIRE)
    ),
    "OpenRouter, comments while it waits": events(
        ": OPENROUTER PROCESSING", chunk(), ": OPENROUTER PROCESSING", chunk(reason="stop", usage=WIRE)
    ),
    "OpenRouter, usage in a piece after the end": events(chunk(), END, chunk(usage={**WIRE, "cost": 0.1})),
    "Groq, usage in a field of its own": events(chunk(), chunk(reason="stop", x_groq={"usage": WIRE})),
    "Groq, usage in both": events(chunk(), chunk(reason="stop", x_groq={"usage": WIRE}), apart()),
    "usage before all else": events(apart(), chunk(), END),
    "usage before all else, no end mark": events(apart(), chunk(), END, done=False),
    "zero usage before all else": events(apart(NOTHING), chunk(), END, apart()),
    "usage so far apart": events(chunk(), apart(SO_FAR), END, apart()),
    "usage twice": events(chunk(), END, apart(), apart()),
    "no reason to end": events(chunk(), apart(), done=False),
    "choices that are null": events(chunk(), END, {**apart(), "choices": None}),
    "counts as texts": events(chunk(), END, apart({name: str(count) for name, count in WIRE.items()})),
    "counts as floats": events(chunk(), END, apart({name: float(count) for name, count in WIRE.items()})),
    "a byte order mark": b"\xef\xbb\xbf" + events(chunk(reason="stop", usage=WIRE)),
}


def stream(client: openai.OpenAI, api: FakeOpenAI, body: bytes, kind: str = "text/event-stream") -> Any:
    api.script(Answer(raw=(kind, body)))
    return client.chat.completions.create(**ASK, stream=True, stream_options={"include_usage": True})


@pytest.mark.usefixtures("spans")
@pytest.mark.parametrize("body", STREAMS.values(), ids=STREAMS)
def test_the_usage_of_a_stream_is_what_it_says_last(body: bytes, client, api, scope):
    list(stream(client, api, body))

    sums = taken(scope)
    assert (sums.calls, sums.calls_without_usage, sums.usage) == (1, 0, USED)


@pytest.mark.usefixtures("spans")
@pytest.mark.parametrize(
    "kind",
    ["TEXT/Event-Stream", "text/plain", "text/html", "application/octet-stream", "application/json", "x"],
)
def test_a_stream_is_read_whatever_its_content_type(kind: str, client, api, scope):
    list(stream(client, api, PLAIN, kind))

    assert taken(scope).usage == USED


@pytest.mark.usefixtures("spans")
@pytest.mark.parametrize("body", [events(apart(NOTHING), chunk()), events(chunk(usage=SO_FAR), chunk())])
def test_usage_so_far_of_a_stream_that_is_left_is_unknown(body: bytes, client, api, scope):
    left = stream(client, api, body)
    next(left)
    left.close()

    sums = taken(scope)
    assert (sums.calls_without_usage, sums.usage) == (1, Usage())


@pytest.mark.usefixtures("spans")
@pytest.mark.parametrize("kind", ["text/plain", "application/vnd.api+json", "application/octet-stream"])
@pytest.mark.parametrize("way", ["with_raw_response", "with_streaming_response"])
def test_a_body_is_read_whatever_its_content_type(kind: str, way: str, client, api, scope):
    whole = {"id": "c1", "object": "chat.completion", "model": "gpt-4o-mini", "choices": [], "usage": WIRE}
    api.script(Answer(raw=(kind, b" \n" + json.dumps(whole).encode())))
    create = getattr(client.chat.completions, way).create
    if way == "with_raw_response":
        create(**ASK)
    else:
        with create(**ASK) as response:
            response.read()

    assert taken(scope).usage == USED


@pytest.mark.usefixtures("spans")
def test_a_transcript_that_looks_like_an_answer_says_nothing(client, api, scope):
    api.script(Answer(raw=("text/plain", json.dumps({"usage": WIRE}).encode())))
    client.audio.transcriptions.create(model="whisper-1", file=("oslo.wav", b"RIFF"), response_format="text")

    sums = taken(scope)
    assert (sums.calls_without_usage, sums.usage) == (1, Usage())


@pytest.mark.usefixtures("spans")
def test_fields_that_nobody_knows_say_nothing(client, api, scope):
    other = {"id": "other", "usage": {**WIRE, "total_tokens": 99}}
    whole = {"id": "c1", "object": "chat.completion", "model": "gpt-4o-mini", "choices": [], "usage": WIRE}
    body = {"type": "message", "response": other, "vendor": other, **whole, "error": None}
    api.script(Answer(raw=("application/json", json.dumps(body).encode())))
    client.chat.completions.create(**ASK)

    assert taken(scope).usage == USED
