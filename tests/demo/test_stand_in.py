"""What the stand-in says to the requests of the demo."""

import os
import re
from typing import Literal

import openai
import pydantic
import pytest

from dagster_openai_otel.demo import stand_in
from dagster_openai_otel.testing import FakeOpenAI

LETTER = """# A letter

The parcel with the blue ribbon arrived at the wrong door on Monday. It was raining hard for the whole day.

The customers want their parcels by Friday, and we will send them tomorrow."""


class Kind(pydantic.BaseModel):
    topic: Literal["checkout", "payments", "delivery", "product", "mixed"]
    urgency: Literal["low", "medium", "high"]
    customers_wait: bool


@pytest.fixture
def client():
    with FakeOpenAI(answer=stand_in.answer) as api, openai.OpenAI(base_url=api.base_url, api_key="k") as sdk:
        yield sdk


def test_a_text_is_summed_up_by_sentences_of_its_own(client):
    said = client.responses.create(model="gpt-5-mini", instructions="Summarize this.", input=LETTER)

    assert said.output_text == (
        "The parcel with the blue ribbon arrived at the wrong door on Monday."
        " The customers want their parcels by Friday, and we will send them tomorrow."
    )


def test_a_question_gets_the_sentences_that_share_its_words(client):
    asked = f"{LETTER}\n\nWhat about tomorrow and Friday? Answer in two sentences."
    said = client.responses.create(model="gpt-5-mini", input=asked)

    assert "we will send them tomorrow" in said.output_text


def test_structured_output_fits_and_follows_the_words(client):
    completion = client.chat.completions.parse(
        model="gpt-4.1-mini",
        messages=[{"role": "system", "content": "Classify this."}, {"role": "user", "content": LETTER}],
        response_format=Kind,
    )

    assert completion.choices[0].message.parsed == Kind(topic="delivery", urgency="high", customers_wait=True)


def test_the_third_request_is_sent_back_once(client):
    answers = [
        client.responses.with_raw_response.create(model="gpt-5-mini", instructions="Sum up.", input=LETTER)
        for _ in range(4)
    ]

    assert [answer.retries_taken for answer in answers] == [0, 0, 1, 0]


def test_where_the_environment_names_no_api_it_leads_to_the_stand_in_for_a_while():
    with stand_in.chosen_api() as api:
        assert api.bill is not None
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v1", os.environ["OPENAI_BASE_URL"])

    assert not [name for name in stand_in.VARIABLES if name in os.environ]


@pytest.mark.parametrize("name", stand_in.VARIABLES)
def test_where_the_environment_names_an_api_there_is_no_ledger(monkeypatch, name):
    monkeypatch.setenv(name, "http://localhost:1/v1")
    with stand_in.chosen_api() as api:
        assert api.bill is None
