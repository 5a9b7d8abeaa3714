"""Real clients of the SDK for the stand-in, and the same steps run with any of them."""

import asyncio
import importlib
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from functools import cache
from typing import Any, TypeVar

import openai

from dagster_openai_otel.testing import FakeOpenAI
from tests.calls.either import run_sync

T = TypeVar("T")
Steps = Callable[[Any], Coroutine[Any, Any, T]]

KEY = "test-key"
KINDS = ("sync", "async")
AZURE_KINDS = ("azure", "async azure")

# httpx of openai 2, httpx2 of openai 3
http: Any = importlib.import_module(openai.DefaultHttpxClient.__mro__[1].__module__.partition(".")[0])


@cache
def trusted() -> ssl.SSLContext:
    """Loading the certificates takes longer than most tests."""
    return ssl.create_default_context()


def sync_client(api: FakeOpenAI, **options: Any) -> openai.OpenAI:
    options.setdefault("http_client", openai.DefaultHttpxClient(verify=trusted()))
    return openai.OpenAI(**{"base_url": api.base_url, "api_key": KEY, "timeout": 30, **options})


def async_client(api: FakeOpenAI, **options: Any) -> openai.AsyncOpenAI:
    options.setdefault("http_client", openai.DefaultAsyncHttpxClient(verify=trusted()))
    return openai.AsyncOpenAI(**{"base_url": api.base_url, "api_key": KEY, "timeout": 30, **options})


def azure_client(api: FakeOpenAI, **options: Any) -> openai.AzureOpenAI:
    options.setdefault("http_client", openai.DefaultHttpxClient(verify=trusted()))
    return openai.AzureOpenAI(**_azure(api), **options)


def async_azure_client(api: FakeOpenAI, **options: Any) -> openai.AsyncAzureOpenAI:
    options.setdefault("http_client", openai.DefaultAsyncHttpxClient(verify=trusted()))
    return openai.AsyncAzureOpenAI(**_azure(api), **options)


def _azure(api: FakeOpenAI) -> dict[str, Any]:
    return {"azure_endpoint": api.azure_endpoint, "api_key": KEY, "api_version": "2025-03-01-preview"}


def run(steps: Steps[T], kind: str, api: FakeOpenAI, **options: Any) -> T:
    """Run steps with a client of a kind, which is closed at the end."""
    if kind == "sync":
        with sync_client(api, **options) as client:
            return run_sync(steps(client))
    if kind == "azure":
        with azure_client(api, **options) as client:
            return run_sync(steps(client))
    make = {"async": async_client, "async azure": async_azure_client}[kind]

    async def main() -> T:
        async with make(api, **options) as client:
            return await steps(client)

    return asyncio.run(main())


def run_async(api: FakeOpenAI, task: Callable[[openai.AsyncOpenAI], Awaitable[T]], **options: Any) -> T:
    """Run what only an async client can do."""

    async def main() -> T:
        async with async_client(api, **options) as client:
            return await task(client)

    return asyncio.run(main())
