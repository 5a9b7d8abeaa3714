"""`POST /embeddings`."""

import math

import openai
import pytest
from hypothesis import given, settings, strategies as st

from dagster_openai_otel.testing import Answer
from dagster_openai_otel.testing.embeddings import vector
from dagster_openai_otel.usage import Usage

MODEL = "text-embedding-3-small"


@pytest.mark.parametrize(
    ("given_input", "vectors", "tokens"),
    [
        ("Oslo", 1, 1),
        (["Oslo", "Bergen"], 2, 3),
        ([101, 102, 103], 1, 3),
        ([[101], [102, 103]], 2, 3),
    ],
)
def test_every_input_has_a_vector_and_its_tokens(client, given_input, vectors, tokens):
    answer = client.embeddings.create(model=MODEL, input=given_input)
    assert [item.index for item in answer.data] == list(range(vectors))
    assert (answer.usage.prompt_tokens, answer.usage.total_tokens) == (tokens, tokens)


def test_the_vector_has_the_dimensions_that_were_asked_for(client):
    sizes = [
        len(client.embeddings.create(model=MODEL, input="Oslo", **more).data[0].embedding)
        for more in ({}, {"dimensions": 3})
    ]
    assert sizes == [8, 3]


def test_both_encodings_hold_the_same_vector(client):
    floats, packed = (
        client.embeddings.create(model=MODEL, input="Oslo", encoding_format=encoding)
        for encoding in ("float", "base64")
    )
    assert isinstance(packed.data[0].embedding, str)
    unpacked = client.embeddings.create(model=MODEL, input="Oslo").data[0].embedding
    assert unpacked == pytest.approx(floats.data[0].embedding, abs=1e-6)


@pytest.mark.parametrize("body", [{}, {"input": ""}, {"input": []}])
def test_no_input_is_an_error(client, body):
    with pytest.raises(openai.BadRequestError, match="input"):
        client.post("/embeddings", body={"model": MODEL} | body, cast_to=object)


def test_usage_can_be_scripted_or_left_out(api, client):
    api.script(Answer(usage=Usage(input_tokens=70, output_tokens=9)), Answer(omit_usage=True))
    assert client.embeddings.create(model=MODEL, input="Oslo").usage.total_tokens == 70
    assert client.embeddings.create(model=MODEL, input="Oslo").usage is None
    assert api.bill.usage == Usage(input_tokens=71, total_tokens=71)


@settings(max_examples=30)
@given(st.text() | st.lists(st.integers(), min_size=1), st.integers(min_value=1, max_value=64))
def test_vectors_have_length_one_and_depend_on_the_input_alone(item, size):
    numbers = vector(item, size)
    assert len(numbers) == size
    assert math.hypot(*numbers) == pytest.approx(1)
    assert numbers == vector(item, size)
