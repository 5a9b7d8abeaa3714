"""Taking the usage chunk out of a stream: what is left is the stream that would have come unasked."""

import json
from itertools import pairwise

from hypothesis import given, settings, strategies as st

from dagster_openai_otel.calls.stream_usage import UsageChunkFilter

TRICKY = 'he said ,"usage":null and {"choices": [], "usage": {"a": 1}}\n\ndata: [DONE]\r\n ø'


def chunk(content, **more):
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": None}
    return {"id": "chatcmpl-1", "model": "m", "choices": [choice], **more}


PREAMBLE = {"id": "", "choices": [], "prompt_filter_results": [{"prompt_index": 0}]}
USAGE = {"id": "chatcmpl-1", "choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}}

texts = st.lists(st.sampled_from([TRICKY, "", "Oslo"]) | st.text(max_size=5), max_size=4)


def with_null(event, first):
    return {"usage": None, **event} if first else {**event, "usage": None}


def written(events, newline):
    lines = [f"data: {json.dumps(event, separators=(',', ':'))}{newline}{newline}" for event in events]
    return ("".join(lines) + f"data: [DONE]{newline}{newline}").encode()


@settings(deadline=None)
@given(
    said=texts,
    azure=st.booleans(),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    first=st.booleans(),
    places=st.lists(st.integers(0, 2000), max_size=15),
)
def test_what_is_left_is_the_stream_that_was_not_asked(said, azure, newline, first, places):
    before = [PREAMBLE] if azure else []
    unasked = written([*before, *(chunk(text) for text in said)], newline)
    asked = written([*before, *(with_null(chunk(text), first) for text in said), USAGE], newline)
    edges = sorted({0, len(asked), *(place % (len(asked) + 1) for place in places)})
    taker = UsageChunkFilter()
    parts = [taker.feed(asked[start:end]) for start, end in pairwise(edges)]
    assert b"".join([*parts, taker.flush()]) == unasked


@given(st.lists(st.binary(max_size=40) | st.sampled_from([b"data: x\n", b"\n\n", b": wait\n"]), max_size=10))
def test_a_stream_without_usage_passes_as_it_is(parts):
    taker = UsageChunkFilter()
    assert b"".join([*(taker.feed(part) for part in parts), taker.flush()]) == b"".join(parts)


def test_an_answer_that_is_no_stream_passes_as_it_is():
    taker = UsageChunkFilter()
    body = json.dumps(chunk("Oslo", usage=None)).encode()
    assert taker.feed(body) + taker.flush() == body


def test_an_event_passes_as_soon_as_it_is_whole():
    taker = UsageChunkFilter()
    event = written([chunk("Oslo")], "\n")
    assert taker.feed(event) == event
