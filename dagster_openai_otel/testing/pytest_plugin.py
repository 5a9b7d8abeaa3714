"""The pytest plugin: the fixture `fake_openai`.

pytest loads this module in every run of every project in the environment, so it loads nothing itself.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from dagster_openai_otel.testing.server import FakeOpenAI


@pytest.fixture
def fake_openai(monkeypatch: pytest.MonkeyPatch) -> "Iterator[FakeOpenAI]":
    """A running `FakeOpenAI`, to which the environment leads every `OpenAI()` during the test."""
    from dagster_openai_otel.testing.server import FakeOpenAI  # noqa: PLC0415 # see the module

    with FakeOpenAI() as api:
        for name, value in api.environment.items():
            monkeypatch.setenv(name, value)
        yield api
