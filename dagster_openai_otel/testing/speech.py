"""`POST /audio/speech`."""

import base64

from dagster_openai_otel.testing.content import pieces
from dagster_openai_otel.testing.exchange import Exchange
from dagster_openai_otel.testing.prompts import count_prompt, count_text
from dagster_openai_otel.testing.replies import Plain, Reply, Streamed, data_event
from dagster_openai_otel.testing.token_counts import SPEECH_COUNTS, used
from dagster_openai_otel.usage import Usage

_TOKENS_PER_WORD_TOKEN = 5


def speak(exchange: Exchange) -> Reply:
    """Audio that is no real sound; only a stream of events says its usage."""
    text = str(exchange.body.get("input") or "")
    made_up = Usage(input_tokens=count_prompt(text), output_tokens=_TOKENS_PER_WORD_TOKEN * count_text(text))
    usage = used(exchange, made_up, SPEECH_COUNTS)
    charge = exchange.charge(usage)
    if exchange.body.get("stream_format") != "sse":
        return Plain(body=b"ID3" + text.encode(), content_type="audio/mpeg", charge=charge)
    events = [
        data_event({"type": "speech.audio.delta", "audio": base64.b64encode(piece.encode()).decode()})
        for piece in pieces(text, exchange.answer.chunks)
    ]
    counts = {name: getattr(usage, name) for name in ("input_tokens", "output_tokens", "total_tokens")}
    reports = not exchange.answer.omit_usage
    done = {"type": "speech.audio.done"} | ({"usage": counts} if reports else {})
    return Streamed(events=[*events, data_event(done, reports_usage=reports)], charge=charge)
