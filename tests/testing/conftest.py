"""Fixtures: a running server, and real SDK clients that are closed again."""

import asyncio
import http.client
from urllib.parse import urlsplit

import openai
import pytest
from hypothesis import settings

from dagster_openai_otel.testing import FakeOpenAI

# a busy machine is no failure
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture
def api():
    with FakeOpenAI() as server:
        yield server


@pytest.fixture
def client(api):
    with openai.OpenAI(base_url=api.base_url, api_key="test-key") as sdk:
        yield sdk


@pytest.fixture
def hasty_client(api):
    """A client that gives up at the first failure."""
    with openai.OpenAI(base_url=api.base_url, api_key="test-key", max_retries=0, timeout=20) as sdk:
        yield sdk


@pytest.fixture
def azure_client(api):
    with openai.AzureOpenAI(
        azure_endpoint=api.azure_endpoint, api_key="test-key", api_version="2025-03-01-preview"
    ) as sdk:
        yield sdk


@pytest.fixture
def run_async(api):
    """Run `task(client)` with an async client, and close the client."""

    async def with_client(task):
        async with openai.AsyncOpenAI(base_url=api.base_url, api_key="test-key", timeout=60) as sdk:
            return await task(sdk)

    return lambda task: asyncio.run(with_client(task))


@pytest.fixture
def connection(api):
    """A bare HTTP connection, for what the SDK cannot send or hides."""
    opened = http.client.HTTPConnection("127.0.0.1", urlsplit(api.base_url).port)
    yield opened
    opened.close()


@pytest.fixture
def hello():
    """The messages of a short prompt."""
    return [{"role": "user", "content": "Name the capital of Norway, please."}]
