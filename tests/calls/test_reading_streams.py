"""Reading server-sent events: the same answer however the bytes are cut, ended and interleaved."""

import json
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings, strategies as st

from dagster_openai_otel.calls.sse import SseReader
from dagster_openai_otel.usage import Usage

USED = Usage(input_tokens=5, output_tokens=2, total_tokens=7)
WIRE = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
PARTLY = {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6}
RESPONSE = {"id": "resp_1", "object": "response", "model": "m"}


def chunk(index=0, reason=None, usage=None, **delta):
    choice = {"index": index, "delta": delta, "finish_reason": reason}
    return {"id": "chatcmpl-1", "model": "m", "choices": [choice], "usage": usage}


def response_event(kind, usage=None):
    status = kind.removeprefix("response.")
    return {"type": kind, "response": {**RESPONSE, "status": status, "usage": usage}}


TOTAL = {"id": "chatcmpl-1", "model": "m", "choices": [], "usage": WIRE}
# a tricky text: what looks like usage, a line end, an end mark
TEXT = '"usage": {"prompt_tokens": 9}\n\ndata: [DONE]\r\n\u2028\x85 ø'
STREAMS = {
    "chat": [chunk(role="assistant"), chunk(content=TEXT), chunk(reason="stop"), TOTAL, "[DONE]"],
    "chat without an end mark": [chunk(content=TEXT), chunk(reason="stop"), TOTAL],
    "two choices": [chunk(0), chunk(1), chunk(1, "length"), chunk(0, "stop"), TOTAL, "[DONE]"],
    "usage so far": [chunk(usage=PARTLY), chunk(usage=PARTLY), chunk(reason="stop", usage=WIRE), "[DONE]"],
    "usage so far, no reason": [chunk(usage=PARTLY), chunk(usage=WIRE), "[DONE]"],
    "response": [
        response_event("response.created"),
        {"type": "response.output_text.delta", "delta": TEXT},
        response_event("response.completed", WIRE),
    ],
    "response that is cut short": [
        response_event("response.created"),
        response_event("response.incomplete", WIRE),
    ],
    "response that fails": [response_event("response.created"), response_event("response.failed", WIRE)],
}


def written(events, newline="\n", comment="", *, spread=False):
    """A stream as bytes."""
    parts = []
    for event in events:
        text = event if isinstance(event, str) else json.dumps(event, indent=1 if spread else None)
        lines = [f"data: {line}" for line in text.split("\n")]
        parts.append(newline.join([*([comment] if comment else []), "event: x", *lines, "", ""]))
    return "".join(parts).encode()


def cut(data, places):
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in pairwise(edges)]


def read(parts):
    reader = SseReader()
    for part in parts:
        reader.feed(part)
    return reader.finish(whole=False)


@settings(deadline=None, max_examples=300)
@given(
    name=st.sampled_from(sorted(STREAMS)),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    comment=st.sampled_from(["", ":", ": keep-alive", "id: 7", "retry: 10"]),
    spread=st.booleans(),
    places=st.lists(st.integers(0, 10_000), max_size=20),
)
def test_the_answer_is_the_same_however_the_stream_is_written_and_cut(name, newline, comment, spread, places):
    whole = read([written(STREAMS[name])])
    assert whole.usage == USED
    assert read(cut(written(STREAMS[name], newline, comment, spread=spread), places)) == whole


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("name", STREAMS)
def test_the_answer_is_the_same_byte_by_byte(name, newline):
    data = written(STREAMS[name], newline)
    assert read([data[place : place + 1] for place in range(len(data))]) == read([written(STREAMS[name])])


@given(
    st.lists(
        st.binary(max_size=30) | st.sampled_from([b"data:", b"\n", b"\r", b"[DONE]", b'{"usage":{']),
        max_size=20,
    )
)
def test_any_bytes_are_read_without_an_error(parts):
    assert read(parts).usage is None


@given(name=st.sampled_from(sorted(STREAMS)), end=st.integers(0, 2000))
def test_a_stream_that_is_cut_says_its_whole_usage_or_none(name, end):
    assert read([written(STREAMS[name])[:end]]).usage in {None, USED}


def test_reasons_are_told_for_each_choice_in_their_order():
    assert read([written(STREAMS["two choices"])]).finish_reasons == ("stop", "length")


def test_a_stream_tells_model_and_id_from_its_first_event():
    answer = read([written(STREAMS["chat"][:1])])
    assert (answer.model, answer.response_id) == ("m", "chatcmpl-1")


@pytest.mark.parametrize(
    ("name", "events"),
    [("chat", 4), ("response", 3), ("usage so far, no reason", 3), ("chat without an end mark", 3)],
)
def test_a_stream_is_complete_as_soon_as_its_usage_is_final(name, events):
    reader = SseReader()
    complete = []
    for event in STREAMS[name]:
        reader.feed(written([event]))
        complete.append(reader.complete)
    assert complete == [number >= events for number in range(1, len(STREAMS[name]) + 1)]


def test_usage_in_an_event_before_the_last_of_a_response_is_not_final():
    assert read([written([response_event("response.in_progress", PARTLY)])]).usage is None


def test_a_response_that_fails_says_so_also_where_it_says_nothing_else():
    assert (
        read([written([response_event("response.created"), response_event("response.failed")])]).status
        == "failed"
    )


def test_usage_of_an_image_that_is_not_finished_is_not_final():
    part = {"type": "image_generation.partial_image", "usage": PARTLY}
    assert read([written([part])]).usage is None
    assert read([written([part, {"type": "image_generation.completed", "usage": WIRE}])]).usage == USED


def test_a_type_that_nobody_knows_makes_no_other_event_of_a_chunk():
    chunks = [{**chunk(usage=PARTLY), "type": "x"}, {**chunk(content="Oslo"), "type": "x"}]
    assert read([written(chunks)]).usage is None
    assert read([written([*chunks, {**chunk(reason="stop", usage=WIRE), "type": "x"}])]).usage == USED


def test_a_long_event_in_many_pieces_takes_time_in_proportion():
    piece = b"x" * 65_536
    reader = SseReader()
    began = time.perf_counter()
    reader.feed(b'data: {"b64_json": "')
    for _ in range(200):
        reader.feed(piece)
    reader.feed(b'"}\n\n')
    assert time.perf_counter() - began < 1
