"""Reading what an answer says it used, whatever it says."""

import json

import pytest
from hypothesis import given, settings, strategies as st

from dagster_openai_otel.calls.answers import read
from dagster_openai_otel.calls.counts import read_usage
from dagster_openai_otel.usage import FIELDS, Usage

COUNTS = (
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "prompt_tokens",
    "completion_tokens",
    "input_tokens_details",
    "prompt_tokens_details",
    "completion_tokens_details",
    "cached_tokens",
    "cached_tokens_details",
    "reasoning_tokens",
    "audio_tokens",
    "seconds",
    "type",
)
FIELD_NAMES = (
    "id",
    "object",
    "model",
    "usage",
    "choices",
    "response",
    "status",
    "output",
    "finish_reason",
    "error",
)
INT64_MAX = 2**63 - 1

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from([2**70, -1, 1e300])
)


def objects(names):
    return st.recursive(
        scalars,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(names) | st.text(max_size=3), inner, max_size=5)
        ),
        max_leaves=12,
    )


@given(objects(COUNTS))
@settings(deadline=None)
def test_reading_usage_never_raises_and_gives_whole_counts_that_a_span_can_carry(payload):
    usage = read_usage(payload)
    counts = [getattr(usage, name) for name in FIELDS] if usage is not None else []
    assert all(count is None or (type(count) is int and 0 <= count <= INT64_MAX) for count in counts)


@given(objects(COUNTS + FIELD_NAMES))
@settings(deadline=None)
def test_reading_an_answer_never_raises_and_gives_texts(payload):
    answer = read(payload)
    texts = [answer.model, answer.response_id, answer.service_tier, answer.status, answer.kind]
    assert all(text is None or type(text) is str for text in [*texts, *answer.finish_reasons])


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_where_no_total_is_said_it_is_input_plus_output(asked, said):
    assert read_usage({"input_tokens": asked, "output_tokens": said}) == Usage(
        input_tokens=asked, output_tokens=said, total_tokens=asked + said
    )


SPELLINGS = {
    "chat": (
        {
            "prompt_tokens": 50,
            "completion_tokens": 20,
            "total_tokens": 70,
            "prompt_tokens_details": {"cached_tokens": 30, "audio_tokens": 4},
            "completion_tokens_details": {"reasoning_tokens": 5, "audio_tokens": 6},
        },
        Usage(
            input_tokens=50,
            output_tokens=20,
            total_tokens=70,
            cached_input_tokens=30,
            input_audio_tokens=4,
            reasoning_tokens=5,
            output_audio_tokens=6,
        ),
    ),
    "response": (
        {
            "input_tokens": 50,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 8},
            "output_tokens": 20,
            "output_tokens_details": {"reasoning_tokens": 5},
            "total_tokens": 70,
        },
        Usage(
            input_tokens=50,
            output_tokens=20,
            total_tokens=70,
            cached_input_tokens=0,
            cache_write_tokens=8,
            reasoning_tokens=5,
        ),
    ),
    "embeddings": ({"prompt_tokens": 8, "total_tokens": 8}, Usage(input_tokens=8, total_tokens=8)),
    "image": (
        {
            "input_tokens": 50,
            "output_tokens": 1000,
            "total_tokens": 1050,
            "input_tokens_details": {"text_tokens": 10, "image_tokens": 40},
            "output_tokens_details": {"text_tokens": 0, "image_tokens": 1000},
        },
        Usage(
            input_tokens=50,
            output_tokens=1000,
            total_tokens=1050,
            input_image_tokens=40,
            output_image_tokens=1000,
        ),
    ),
    "transcription by tokens": (
        {
            "type": "tokens",
            "input_tokens": 14,
            "input_token_details": {"text_tokens": 0, "audio_tokens": 14},
            "output_tokens": 45,
            "total_tokens": 59,
        },
        Usage(input_tokens=14, output_tokens=45, total_tokens=59, input_audio_tokens=14),
    ),
    "transcription by time": ({"type": "duration", "seconds": 9}, None),
    "nothing": ({}, None),
    "null": (None, None),
    "negative": ({"prompt_tokens": -1, "completion_tokens": -1}, None),
    "texts that are no counts": ({"prompt_tokens": "five", "completion_tokens": "-2"}, None),
    "texts": (
        {"prompt_tokens": "5", "completion_tokens": "2"},
        Usage(input_tokens=5, output_tokens=2, total_tokens=7),
    ),
    "two spellings, of which one is not used": (
        {"input_tokens": 0, "output_tokens": 0, "prompt_tokens": 5, "completion_tokens": 2},
        Usage(input_tokens=5, output_tokens=2, total_tokens=7),
    ),
    "DeepSeek": (
        {"prompt_tokens": 50, "prompt_cache_hit_tokens": 30, "prompt_cache_miss_tokens": 20},
        Usage(input_tokens=50, total_tokens=50, cached_input_tokens=30),
    ),
    "the images of a Response": (
        {
            "input_tokens": 50,
            "input_tokens_details": {"image_tokens": 40, "text_tokens": 10},
            "cached_tokens": 30,
            "cached_tokens_details": {"cached_image_tokens": 20, "cached_text_tokens": 10},
            "output_tokens": 20,
            "output_tokens_details": {"image_tokens": 20, "text_tokens": 0},
            "total_tokens": 70,
        },
        Usage(
            input_tokens=50,
            output_tokens=20,
            total_tokens=70,
            cached_input_tokens=30,
            input_image_tokens=40,
            cached_image_tokens=20,
            output_image_tokens=20,
        ),
    ),
    "flags": ({"prompt_tokens": True}, None),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_usage_is_read_in_the_spelling_of_each_endpoint(spelling):
    wire, usage = SPELLINGS[spelling]
    assert read_usage(json.loads(json.dumps(wire))) == usage
