"""Showing a compressed body without a part of it, to the SDK and to a user who reads it."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

from dagster_openai_otel.calls.streams import Filter
from dagster_openai_otel.faults import guarded


def show_by(response: Any, passing: Filter) -> None:
    """Let a part of a response's body pass, once it is decoded, also where it was read before.

    The SDK, and httpx itself, read a body through two methods of the response, which are replaced on this
    one response until it is read. Its raw bytes stay as they came.

    Args:
        response: A response of httpx or httpx2.
        passing: What lets it pass.
    """
    iter_bytes, aiter_bytes = response.iter_bytes, response.aiter_bytes

    def shown(chunk_size: int | None = None) -> Iterator[bytes]:
        body = _Shown(passing, chunk_size)
        try:
            for chunk in iter_bytes():
                yield from body.feed(chunk)
            yield from body.rest()
        finally:
            _as_it_was(response)

    async def ashown(chunk_size: int | None = None) -> AsyncIterator[bytes]:
        body = _Shown(passing, chunk_size)
        try:
            async for chunk in aiter_bytes():
                for piece in body.feed(chunk):
                    yield piece
            for piece in body.rest():
                yield piece
        finally:
            _as_it_was(response)

    response.iter_bytes, response.aiter_bytes = shown, ashown


def _as_it_was(response: Any) -> None:
    """Leave nothing on a response that was read: it can be pickled."""
    for name in ("iter_bytes", "aiter_bytes"):
        vars(response).pop(name, None)


class _Shown:
    """A body that is read once, in pieces of a size that the user may have asked for."""

    def __init__(self, passing: Filter, size: int | None) -> None:
        self._size = size
        self._passing = passing
        self._held = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        passing = chunk
        with guarded("what was to be taken out of a stream"):
            passing = self._passing.feed(chunk)
        return self._cut(passing)

    def rest(self) -> list[bytes]:
        pieces = self._cut(self._passing.flush())
        return [*pieces, self._held] if self._held else pieces

    def _cut(self, passing: bytes) -> list[bytes]:
        if self._size is None:
            return [passing] if passing else []
        held = self._held + passing
        whole = len(held) - len(held) % self._size
        self._held = held[whole:]
        return [held[start : start + self._size] for start in range(0, whole, self._size)]
