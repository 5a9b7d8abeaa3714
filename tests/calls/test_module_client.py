"""Calls of the module `openai` itself, which makes a client of its own."""

from collections.abc import Iterator

import openai
import pytest

from tests.calls.books import booked
from tests.calls.ways import CHAT, STREAM
from tests.events import billed


@pytest.fixture(autouse=True)
def fresh_module_client() -> Iterator[None]:
    openai._reset_client()
    yield
    openai._load_client().close()
    openai._reset_client()


def test_calls_of_the_module_are_booked(api, scope):
    openai.chat.completions.create(**CHAT)
    list(openai.chat.completions.create(**STREAM))
    openai.responses.create(model="gpt-5-mini", input="Oslo?")
    openai.embeddings.with_raw_response.create(model="text-embedding-3-small", input="Oslo")
    assert len(api.bill.calls) == 4
    assert booked(scope) == billed(api.bill)
