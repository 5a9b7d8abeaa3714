"""Showing a response's body without a part of it, to the SDK and to a user who reads it."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

from dagster_openai_otel.calls.stream_usage import UsageChunkFilter
from dagster_openai_otel.faults import guarded


def hide_usage_chunk(response: Any) -> None:
    """Take the usage chunk out of a streamed answer, however it is compressed, also where it was read before.

    The SDK, and httpx itself, read a body through two methods of the response, which are replaced on this
    one response. Its raw bytes stay as they came.

    Args:
        response: A response of httpx or httpx2.
    """
    iter_bytes, aiter_bytes = response.iter_bytes, response.aiter_bytes

    def shown(chunk_size: int | None = None) -> Iterator[bytes]:
        body = _Shown(chunk_size)
        for chunk in iter_bytes():
            yield from body.feed(chunk)
        yield from body.rest()

    async def ashown(chunk_size: int | None = None) -> AsyncIterator[bytes]:
        body = _Shown(chunk_size)
        async for chunk in aiter_bytes():
            for piece in body.feed(chunk):
                yield piece
        for piece in body.rest():
            yield piece

    response.iter_bytes, response.aiter_bytes = shown, ashown


class _Shown:
    """A body that is read once, in pieces of a size that the user may have asked for."""

    def __init__(self, size: int | None) -> None:
        self._size = size
        self._filter = UsageChunkFilter()
        self._held = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        passing = chunk
        with guarded("what was to be taken out of a stream"):
            passing = self._filter.feed(chunk)
        return self._cut(passing)

    def rest(self) -> list[bytes]:
        pieces = self._cut(self._filter.flush())
        return [*pieces, self._held] if self._held else pieces

    def _cut(self, passing: bytes) -> list[bytes]:
        if self._size is None:
            return [passing] if passing else []
        held = self._held + passing
        whole = len(held) - len(held) % self._size
        self._held = held[whole:]
        return [held[start : start + self._size] for start in range(0, whole, self._size)]
