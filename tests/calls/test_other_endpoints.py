"""Endpoints beside text: images, speech, transcriptions, batches, and those that are free."""

import json

import pytest

from dagster_openai_otel.testing import Answer
from dagster_openai_otel.usage import Usage
from tests.calls.books import taken
from tests.calls.clients import KINDS, run
from tests.calls.either import all_of, got, opened

WAV = ("speech.wav", b"RIFF", "audio/wav")
PNG = ("picture.png", b"PNG", "image/png")
IMAGE_USAGE = {
    "input_tokens": 50,
    "input_tokens_details": {"text_tokens": 50, "image_tokens": 0},
    "output_tokens": 1000,
    "total_tokens": 1050,
}
AUDIO_USAGE = {"type": "tokens", "input_tokens": 14, "output_tokens": 45, "total_tokens": 59}
PART = {"type": "image_generation.partial_image", "b64_json": "AAAA", "partial_image_index": 0}
WHOLE = {"type": "image_generation.completed", "b64_json": "AAAA", "usage": IMAGE_USAGE}


def answered(payload):
    return Answer(raw=("application/json", json.dumps(payload).encode()))


def streamed(*events):
    return Answer(
        raw=("text/event-stream", b"".join(b"data: %s\n\n" % json.dumps(event).encode() for event in events))
    )


async def generate(client):
    return await got(client.images.generate(model="gpt-image-1", prompt="Oslo"))


async def edit(client):
    return await got(client.images.edit(model="gpt-image-1", image=PNG, prompt="Oslo"))


async def generate_in_a_stream(client):
    return await all_of(await got(client.images.generate(model="gpt-image-1", prompt="Oslo", stream=True)))


async def transcribe(client):
    return await got(client.audio.transcriptions.create(model="gpt-4o-transcribe", file=WAV))


async def transcribe_in_a_stream(client):
    create = client.audio.transcriptions.create
    return await all_of(await got(create(model="gpt-4o-transcribe", file=WAV, stream=True)))


async def speak(client):
    return await got(client.audio.speech.create(model="gpt-4o-mini-tts", voice="alloy", input="Oslo"))


async def speak_in_pieces(client):
    create = client.audio.speech.with_streaming_response.create
    async with opened(create(model="gpt-4o-mini-tts", voice="alloy", input="Oslo")) as response:
        return b"".join(await all_of(response.iter_bytes()))


async def moderate(client):
    return await got(client.moderations.create(model="omni-moderation-latest", input="Oslo"))


async def list_files(client):
    return await all_of(client.files.list())


async def upload(client):
    return await got(client.files.create(file=("a.jsonl", b"{}"), purpose="batch"))


KNOWN = {
    "images": (generate, answered({"created": 1, "data": [{"b64_json": "AA"}], "usage": IMAGE_USAGE}), 1050),
    "edited images": (
        edit,
        answered({"created": 1, "data": [{"b64_json": "AA"}], "usage": IMAGE_USAGE}),
        1050,
    ),
    "images in a stream": (generate_in_a_stream, streamed(PART, WHOLE), 1050),
    "transcriptions": (transcribe, answered({"text": "Oslo", "usage": AUDIO_USAGE}), 59),
    "transcriptions in a stream": (
        transcribe_in_a_stream,
        streamed({"type": "transcript.text.done", "text": "Oslo", "usage": AUDIO_USAGE}),
        59,
    ),
}
SPEECH = Answer(raw=("audio/mpeg", b"ID3 Oslo"))
FREE = {
    "moderations": (moderate, answered({"id": "modr-1", "model": "omni-moderation-latest", "results": []})),
    "files": (list_files, answered({"object": "list", "data": [], "has_more": False})),
    "uploads": (upload, answered({"id": "file-1", "object": "file"})),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("call", KNOWN)
def test_usage_of_any_endpoint_that_says_it_is_booked(api, scope, kind, call):
    steps, answer, total = KNOWN[call]
    api.script(answer)
    run(steps, kind, api)
    sums = taken(scope)
    assert (sums.calls, sums.calls_without_usage, sums.usage.total_tokens) == (1, 0, total)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("steps", [speak, speak_in_pieces])
def test_speech_is_a_call_without_usage(api, scope, kind, steps):
    api.script(SPEECH)
    result = run(steps, kind, api)
    assert getattr(result, "content", result) == b"ID3 Oslo"
    sums = taken(scope)
    assert (sums.calls, sums.calls_without_usage) == (1, 1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("call", FREE)
def test_a_free_endpoint_is_no_call(api, scope, kind, call):
    steps, answer = FREE[call]
    api.script(answer)
    run(steps, kind, api)
    assert taken(scope).calls == 0


def test_a_batch_is_counted_once_with_what_it_used(api, scope):
    batch = {
        "id": "batch_1",
        "object": "batch",
        "endpoint": "/v1/responses",
        "status": "validating",
        "model": "gpt-5-mini",
    }
    used = {"input_tokens": 2000, "output_tokens": 400, "total_tokens": 2400}

    async def steps(client):
        create = client.batches.create
        begun = await got(create(completion_window="24h", endpoint="/v1/responses", input_file_id="file-1"))
        for _ in range(4):
            await got(client.batches.retrieve(begun.id))

    finished = answered({**batch, "status": "completed", "usage": used})
    api.script(answered(batch), answered({**batch, "status": "in_progress"}), *[finished] * 3)
    run(steps, "sync", api)
    sums = taken(scope)
    assert (sums.calls, sums.usage) == (1, Usage(input_tokens=2000, output_tokens=400, total_tokens=2400))
