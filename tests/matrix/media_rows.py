"""Images, transcriptions, speech and videos."""

from typing import Any

from dagster_openai_otel.testing import Answer
from tests.calls.either import all_of, got, next_of, opened
from tests.matrix.failure_rows import no_retries
from tests.matrix.rows import ASYNC, SILENT, Table, read

MEDIA_ROWS = Table()

_PICTURE: dict[str, Any] = {"model": "gpt-image-1", "prompt": "Oslo in winter."}
_PNG = ("picture.png", b"PNG", "image/png")
# five seconds of it
_WAV = ("speech.wav", b"\0" * 80_000, "audio/wav")
_SPEECH: dict[str, Any] = {"model": "gpt-4o-mini-tts", "voice": "alloy", "input": "Oslo, please."}


def _generate(client: Any, **more: Any) -> Any:
    return client.images.generate(**{**_PICTURE, **more})


def _edit(client: Any, **more: Any) -> Any:
    return client.images.edit(**_PICTURE, image=[_PNG, _PNG], **more)


def _transcribe(client: Any, model: str = "gpt-4o-transcribe", **more: Any) -> Any:
    return client.audio.transcriptions.create(model=model, file=_WAV, **more)


def _translate(client: Any, **more: Any) -> Any:
    return client.audio.translations.create(model="whisper-1", file=_WAV, **more)


MEDIA_ROWS.add("images.generate", _generate)
MEDIA_ROWS.add("images.generate n=2", lambda client: _generate(client, n=2))
MEDIA_ROWS.add("images.generate dall-e-3", lambda client: _generate(client, model="dall-e-3"))
MEDIA_ROWS.add("images.generate no model", lambda client: client.images.generate(prompt="Oslo"))
MEDIA_ROWS.add(
    "images.generate stream", lambda client: read(_generate(client, stream=True, partial_images=2))
)
MEDIA_ROWS.add("images.generate err s401", _generate, Answer(status=401), raises="AuthenticationError")
MEDIA_ROWS.add("images.edit", _edit)
MEDIA_ROWS.add("images.edit stream", lambda client: read(_edit(client, stream=True)))
MEDIA_ROWS.add("images.edit 429x1 then ok", _edit, Answer(status=429, retry_after=0.001), Answer())
MEDIA_ROWS.add("images.create_variation", lambda client: client.images.create_variation(image=_PNG))
MEDIA_ROWS.add("audio.transcriptions.create", _transcribe)
MEDIA_ROWS.add(
    "audio.transcriptions.create prompt", lambda client: _transcribe(client, prompt="Names of cities.")
)
MEDIA_ROWS.add("audio.transcriptions.create stream", lambda client: read(_transcribe(client, stream=True)))
MEDIA_ROWS.add("audio.transcriptions.create whisper-1", lambda client: _transcribe(client, "whisper-1"))
MEDIA_ROWS.add(
    "audio.transcriptions.create whisper-1 verbose_json",
    lambda client: _transcribe(client, "whisper-1", response_format="verbose_json"),
)
MEDIA_ROWS.add(
    "audio.transcriptions.create whisper-1 text",
    lambda client: _transcribe(client, "whisper-1", response_format="text"),
)
MEDIA_ROWS.add("audio.transcriptions.create usage missing", _transcribe, Answer(omit_usage=True))
MEDIA_ROWS.add(
    "audio.transcriptions.create err s500",
    _transcribe,
    Answer(status=500),
    options=no_retries,
    raises="InternalServerError",
)
MEDIA_ROWS.add("audio.translations.create", _translate)
MEDIA_ROWS.add(
    "audio.translations.create verbose_json",
    lambda client: _translate(client, response_format="verbose_json"),
)


@MEDIA_ROWS.row("images.raw_response.generate")
async def _raw_generate(client: Any) -> Any:
    return (await got(client.images.with_raw_response.generate(**_PICTURE))).content


@MEDIA_ROWS.row("images.streaming_response.generate")
async def _streamed_generate(client: Any) -> Any:
    async with opened(client.images.with_streaming_response.generate(**_PICTURE)) as response:
        return await got(response.json())


@MEDIA_ROWS.row("images.generate stream break", SILENT)
async def _generate_left(client: Any) -> Any:
    async with opened(await got(_generate(client, stream=True, partial_images=2))) as events:
        return await next_of(events)


@MEDIA_ROWS.row("audio.transcriptions.raw_response.create whisper-1")
async def _raw_transcribe(client: Any) -> Any:
    raw = client.audio.transcriptions.with_raw_response
    return (await got(raw.create(model="whisper-1", file=_WAV))).content


@MEDIA_ROWS.row("audio.transcriptions.streaming_response.create")
async def _streamed_transcribe(client: Any) -> Any:
    create = client.audio.transcriptions.with_streaming_response.create
    async with opened(create(model="gpt-4o-transcribe", file=_WAV)) as response:
        return await all_of(response.iter_lines())


@MEDIA_ROWS.row("audio.speech.create")
async def _speak(client: Any) -> Any:
    return (await got(client.audio.speech.create(**_SPEECH))).content


@MEDIA_ROWS.row("audio.speech.create async iter", kinds=ASYNC)
async def _speak_and_iterate(client: Any) -> Any:
    response = await client.audio.speech.create(**_SPEECH)
    return b"".join([piece async for piece in await response.aiter_bytes(3)])


@MEDIA_ROWS.row("audio.speech.streaming_response.create")
async def _speak_in_pieces(client: Any) -> Any:
    async with opened(client.audio.speech.with_streaming_response.create(**_SPEECH)) as response:
        return b"".join(await all_of(response.iter_bytes(3)))


@MEDIA_ROWS.row("audio.speech.create stream_format=sse")
async def _speak_in_events(client: Any) -> Any:
    return (await got(client.audio.speech.create(**_SPEECH, stream_format="sse"))).content


@MEDIA_ROWS.row("audio.speech.streaming_response.create stream_format=sse")
async def _speak_in_streamed_events(client: Any) -> Any:
    create = client.audio.speech.with_streaming_response.create
    async with opened(create(**_SPEECH, stream_format="sse")) as response:
        return await all_of(response.iter_lines())


@MEDIA_ROWS.row("videos.create", needs="videos")
async def _film(client: Any) -> Any:
    video = await got(client.videos.create(prompt="Oslo", model="sora-2"))
    return await got(client.videos.retrieve(video.id))
