"""`POST /audio/transcriptions` and `/audio/translations`."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from dagster_openai_otel.testing.answers import Json
from dagster_openai_otel.testing.content import pieces
from dagster_openai_otel.testing.exchange import Exchange
from dagster_openai_otel.testing.prompts import count_prompt, count_text
from dagster_openai_otel.testing.replies import Event, Plain, Reply, Streamed, data_event, json_bytes
from dagster_openai_otel.testing.token_counts import AUDIO_COUNTS, used
from dagster_openai_otel.testing.wire_usage import audio_usage
from dagster_openai_otel.usage import Usage

BYTES_PER_SECOND = 16_000
"""How long a file is taken to be: 8 kHz, 16 bits, one channel."""

_TOKENS_PER_SECOND = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    text: str
    seconds: int
    usage: Usage | None
    """Tokens; `None` where the length of the audio is billed."""

    @property
    def wire(self) -> Json:
        """The `usage` of the answer."""
        if self.usage is None:
            return {"type": "duration", "seconds": self.seconds}
        return audio_usage(self.usage)


def transcribe(exchange: Exchange) -> Reply:
    """Say what an audio file says; plain text has no place for usage."""
    return _answered(exchange, _heard(exchange), says_usage=True)


def translate(exchange: Exchange) -> Reply:
    """Say in English what an audio file says; the answer never has usage."""
    return _answered(exchange, _heard(exchange), says_usage=False)


def _heard(exchange: Exchange) -> _Heard:
    text = exchange.answer.said()
    text = "You said something." if text is None else text
    file = exchange.files.get("file")
    seconds = max(1, math.ceil(len(file.content) / BYTES_PER_SECOND)) if file else 1
    if exchange.asked_model.startswith("whisper"):
        return _Heard(text=text, seconds=seconds, usage=None)
    prompt = exchange.body.get("prompt")
    audio = _TOKENS_PER_SECOND * seconds
    made_up = Usage(
        input_tokens=audio + (count_prompt(prompt) if prompt else 0),
        output_tokens=max(1, count_text(text)),
        input_audio_tokens=audio,
    )
    return _Heard(text=text, seconds=seconds, usage=used(exchange, made_up, AUDIO_COUNTS))


def _answered(exchange: Exchange, heard: _Heard, *, says_usage: bool) -> Reply:
    by_length = heard.usage is None
    charge = exchange.charge(heard.usage or Usage(), audio_seconds=heard.seconds if by_length else None)
    reports = says_usage and not exchange.answer.omit_usage
    if exchange.streams and not by_length:
        return Streamed(events=list(_events(exchange, heard, reports=reports)), charge=charge)
    form = exchange.body.get("response_format", "json")
    if form not in {"json", "verbose_json", "diarized_json"}:
        body = f"{heard.text}\n".encode()
        return Plain(body=body, content_type="text/plain; charset=utf-8", charge=charge)
    said: dict[str, Json] = {"text": heard.text}
    if form != "json":
        said |= {"task": "transcribe", "language": "english", "duration": heard.seconds, "segments": []}
    if reports:
        said["usage"] = heard.wire
    return Plain(body=json_bytes(said), charge=charge, reports_usage=reports)


def _events(exchange: Exchange, heard: _Heard, *, reports: bool) -> Iterator[Event]:
    for piece in pieces(heard.text, exchange.answer.chunks):
        yield data_event({"type": "transcript.text.delta", "delta": piece})
    done: dict[str, Json] = {"type": "transcript.text.done", "text": heard.text}
    if reports:
        done["usage"] = heard.wire
    yield data_event(done, reports_usage=reports)
