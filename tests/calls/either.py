"""The same steps for sync and async clients: what the one returns, the other is awaited for."""

from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from inspect import isawaitable
from typing import Any, TypeVar

T = TypeVar("T")


def run_sync(steps: Coroutine[Any, Any, T]) -> T:
    """Run steps that never wait, as those of a sync client do not."""
    try:
        steps.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    message = "these steps wait for something; give them an async client"
    raise RuntimeError(message)


async def got(value: Any) -> Any:
    return await value if isawaitable(value) else value


async def all_of(values: Any) -> list[Any]:
    if hasattr(values, "__aiter__"):
        return [value async for value in values]
    return list(values)


async def next_of(values: Any) -> Any:
    return await anext(values) if hasattr(values, "__anext__") else next(values)


async def closed(resource: Any) -> None:
    await got(resource.close())


@asynccontextmanager
async def opened(manager: Any) -> AsyncIterator[Any]:
    if hasattr(manager, "__aenter__"):
        async with manager as inside:
            yield inside
    else:
        with manager as inside:
            yield inside
