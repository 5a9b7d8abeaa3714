"""`/audio`."""

from decimal import Decimal

import pytest

from dagster_openai_otel.testing import Answer

WAV = ("a.wav", b"\0" * 40_000, "audio/wav")
SPEECH = {"model": "gpt-4o-mini-tts", "voice": "alloy", "input": "Hello, Oslo."}


@pytest.fixture
def transcribe(client):
    def create(model, **settings):
        return client.audio.transcriptions.create(model=model, file=WAV, **settings)

    return create


def test_a_transcription_is_billed_by_its_tokens(api, transcribe):
    wire = transcribe("gpt-4o-transcribe").usage
    (call,) = api.bill.calls
    assert (wire.type, wire.input_token_details.audio_tokens) == ("tokens", 30)
    assert (call.usage.input_tokens, call.usage.output_tokens) == (wire.input_tokens, wire.output_tokens)
    assert (call.reported, call.audio_seconds) == (True, None)


def test_a_prompt_is_read_too(transcribe):
    wire = transcribe("gpt-4o-transcribe", prompt="Cities.").usage
    assert wire.input_token_details.text_tokens == 2


def test_whisper_is_billed_by_the_second(api, transcribe):
    wire = transcribe("whisper-1").usage
    (call,) = api.bill.calls
    assert (wire.type, wire.seconds, call.audio_seconds) == ("duration", 3, 3)
    assert (call.usage.total_tokens, call.cost_usd) == (0, Decimal("0.0003"))


def test_a_verbose_transcription_says_its_length(transcribe):
    verbose = transcribe("whisper-1", response_format="verbose_json")
    assert (verbose.duration, verbose.usage.seconds) == (3, 3)


def test_plain_text_has_no_place_for_usage(api, transcribe):
    api.script(Answer(text="Oslo"))
    assert transcribe("whisper-1", response_format="text") == "Oslo\n"
    assert [call.reported for call in api.bill.calls] == [False]


def test_a_stream_ends_with_the_usage(api, transcribe):
    api.script(Answer(text="Hello, Oslo."))
    *deltas, done = transcribe("gpt-4o-transcribe", stream=True)
    assert "".join(delta.delta for delta in deltas) == done.text == "Hello, Oslo."
    assert done.usage.total_tokens == api.bill.usage.total_tokens


def test_whisper_does_not_stream(transcribe):
    assert list(transcribe("whisper-1", stream=True)) == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_translation_is_billed_but_not_reported(api, client):
    assert client.audio.translations.create(model="whisper-1", file=WAV).text == "You said something."
    assert [(call.audio_seconds, call.reported) for call in api.bill.calls] == [(3, False)]


def test_speech_is_billed_but_not_reported(api, client):
    assert client.audio.speech.create(**SPEECH).content == b"ID3Hello, Oslo."
    (call,) = api.bill.calls
    assert (call.usage.input_tokens, call.usage.output_tokens, call.reported) == (3, 15, False)


def test_speech_in_events_reports_its_usage(api, client):
    body = client.audio.speech.create(**SPEECH, stream_format="sse").text
    assert '"usage":{"input_tokens":3,"output_tokens":15,"total_tokens":18}' in body.splitlines()[-2]
    assert [call.reported for call in api.bill.calls] == [True]
