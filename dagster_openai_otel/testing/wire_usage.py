"""Writes a `Usage` the way each endpoint does. Details that are `None` stay out."""

from dataclasses import replace

from dagster_openai_otel.testing.answers import Json
from dagster_openai_otel.usage import Usage


def _given(**counts: int | None) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count is not None}


def prompt_usage(usage: Usage) -> dict[str, Json]:
    """Usage of an endpoint that only reads, such as embeddings."""
    return {"prompt_tokens": usage.input_tokens, "total_tokens": usage.total_tokens}


def completion_usage(usage: Usage) -> dict[str, Json]:
    """Usage of chat completions and completions."""
    wire: dict[str, Json] = {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
    }
    prompt = _given(
        cached_tokens=usage.cached_input_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        audio_tokens=usage.input_audio_tokens,
        image_tokens=usage.input_image_tokens,
    )
    completion = _given(reasoning_tokens=usage.reasoning_tokens, audio_tokens=usage.output_audio_tokens)
    if prompt:
        wire["prompt_tokens_details"] = prompt
    if completion:
        no_predictions = {"accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}
        wire["completion_tokens_details"] = completion | no_predictions
    return wire


def with_response_details(usage: Usage) -> Usage:
    """The usage with the details that responses always report, as 0 where it says nothing."""
    return replace(
        usage,
        cached_input_tokens=usage.cached_input_tokens or 0,
        cache_write_tokens=usage.cache_write_tokens or 0,
        reasoning_tokens=usage.reasoning_tokens or 0,
    )


def response_usage(usage: Usage) -> dict[str, Json]:
    """Usage of a response."""
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": _given(
            cached_tokens=usage.cached_input_tokens, cache_write_tokens=usage.cache_write_tokens
        ),
        "output_tokens": usage.output_tokens,
        "output_tokens_details": _given(reasoning_tokens=usage.reasoning_tokens),
        "total_tokens": usage.total_tokens,
    }


def image_usage(usage: Usage) -> dict[str, Json]:
    """Usage of images that were made; what is no image is text."""
    wire: dict[str, Json] = {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": _parts(usage.input_tokens, image_tokens=usage.input_image_tokens),
        "output_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
    }
    if usage.output_image_tokens is not None:
        output = _parts(usage.output_tokens, image_tokens=usage.output_image_tokens)
        wire["output_tokens_details"] = output
    return wire


def audio_usage(usage: Usage) -> dict[str, Json]:
    """Usage of a transcription that is billed by tokens; what is no audio is text."""
    return {
        "type": "tokens",
        "input_tokens": usage.input_tokens,
        "input_token_details": _parts(usage.input_tokens, audio_tokens=usage.input_audio_tokens),
        "output_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
    }


def run_usage(usage: Usage) -> dict[str, Json]:
    """Usage of an assistant's run, or of a step of it."""
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_token_details": {"cached_tokens": usage.cached_input_tokens or 0},
    }


def _parts(whole: int, **part: int | None) -> dict[str, int]:
    ((name, count),) = part.items()
    return {"text_tokens": whole - (count or 0), name: count or 0}
