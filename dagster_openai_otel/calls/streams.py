"""Reading a streamed answer as its bytes pass, without touching the object that the user holds."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from functools import cache
from typing import Any, Literal, Protocol

from dagster_openai_otel.calls.answers import Answer, read
from dagster_openai_otel.calls.sse import SseReader
from dagster_openai_otel.faults import guarded

Listener = Callable[[object], None]
# how the SDK takes a body: as JSON, as events, or as what the content type says; or nobody counts it
Form = Literal["json", "events", "as told", "uncounted"]


class Observer(Protocol):
    """Is told what happens to a body."""

    def chunk(self, data: bytes) -> None:
        """Some bytes have passed."""

    def end(self, error: BaseException | None = None, *, whole: bool = False) -> None:
        """The body is at its end, which makes it whole, or was left, or broke; may be told more than once."""


class BodyReader:
    """Keeps a body, and reads it whole at its end."""

    complete = False

    def __init__(self, decode: Callable[[bytes], bytes], *, sse: bool, listener: Listener | None) -> None:
        self._listener = listener
        self._body = bytearray()
        self._decode = decode
        self.sse = sse
        """Whether the body is a stream of events."""

    def feed(self, data: bytes) -> None:
        """Keep some bytes."""
        self._body += data

    def finish(self, *, whole: bool) -> Answer:
        """What the body said; nothing where it is broken."""
        try:
            body = self._decode(bytes(self._body))
            # some servers call a stream of events JSON
            sse = self.sse or body.lstrip().startswith((b"data:", b"event:"))
            payload = None if sse else json.loads(body)
        except Exception:  # noqa: BLE001  # a body that was cut or is no JSON says nothing
            return Answer()
        if sse:
            reader = SseReader(self._listener)
            reader.feed(body)
            return reader.finish(whole=whole)
        if self._listener is not None:
            with guarded("the completion on the span of a call"):
                self._listener(payload)
        return read(payload)


class SilentReader:
    """For a body that does not say what it used: audio, or a file."""

    complete = False
    sse = False

    def feed(self, data: bytes) -> None:
        """Look away."""

    def finish(self, *, whole: bool) -> Answer:  # noqa: ARG002  # as the others have it
        """Nothing."""
        return Answer()


# what is no answer of the API: a transcript can look like one
_SILENT = ("text/", "audio/", "video/", "image/", "application/octet-stream", "application/zip")

Reader = SseReader | BodyReader | SilentReader


def reader_for(response: Any, form: Form, listener: Listener | None = None) -> Reader:
    """The reader for a response of httpx.

    Args:
        response: A response of httpx or httpx2.
        form: How the SDK takes the body.
        listener: Is given the whole answer, or each event of a streamed one.
    """
    kind = response.headers.get("content-type", "").lower()
    sse = "text/event-stream" in kind or (form == "events" and "json" not in kind)
    if form == "uncounted" or (form == "as told" and not sse and kind.startswith(_SILENT)):
        return SilentReader()
    # a body that has been read has been decoded
    if response.is_closed or not is_compressed(response):
        return SseReader(listener) if sse else BodyReader(bytes, sse=sse, listener=listener)
    kept = {"content-encoding": response.headers["content-encoding"]}
    scratch = type(response)
    # a response of the same library decodes all that the client can decode
    return BodyReader(
        lambda body: bytes(scratch(200, headers=kept, content=body).content), sse=sse, listener=listener
    )


def is_compressed(response: Any) -> bool:
    """Whether the bytes of a response's body are not those that it is read as."""
    return response.headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}


def read_whole(response: Any, form: Form, listener: Listener | None = None) -> Answer:
    """What a response says whose body has been read; nothing where it has been thrown away.

    Args:
        response: A response of httpx or httpx2 that is closed.
        form: As for `reader_for`.
        listener: As for `reader_for`.
    """
    reader = reader_for(response, form, listener)
    try:
        reader.feed(response.content)
    except RuntimeError:
        return Answer()
    return reader.finish(whole=True)


class Filter(Protocol):
    """Lets a part of a body pass."""

    def feed(self, data: bytes) -> bytes:
        """What of some bytes, and of those held back before, passes now."""

    def flush(self) -> bytes:
        """What was held back at the end."""


def observe(response: Any, observer: Observer, passing: Filter | None = None) -> None:
    """Tell an observer of a response's body, chunk by chunk, as whoever holds the response reads it.

    Args:
        response: A response of httpx or httpx2 that has not been read.
        observer: Is told all of it.
        passing: Lets a part of it pass to whoever reads it; `None` for all.
    """
    inner = response.stream
    kind: Any = type(inner)
    response.stream = _observed_class(kind)(inner, observer, passing)


@cache
def _observed_class(kind: Any) -> type["_ObservedStream"]:
    """A subclass that the same `httpx` takes for a stream of the same kind, sync or async."""
    bases = tuple(base for base in kind.__mro__ if base.__name__ in {"SyncByteStream", "AsyncByteStream"})
    return type("ObservedStream", (_ObservedStream, *bases), {})


class _ObservedStream:
    def __init__(self, inner: Any, observer: Observer, passing: Filter | None) -> None:
        self._inner = inner
        self._observer = observer
        self._passing = passing

    def __iter__(self) -> Iterator[bytes]:
        error: BaseException | None = None
        whole = False
        try:
            for chunk in self._inner:
                self._observer.chunk(chunk)
                if shown := self._shown(chunk):
                    yield shown
            whole = True
            if rest := self._rest():
                yield rest
        except GeneratorExit:
            raise
        except BaseException as raised:
            error = raised
            raise
        finally:
            self._observer.end(error, whole=whole)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        error: BaseException | None = None
        whole = False
        inner = self._inner.__aiter__()
        try:
            async for chunk in inner:
                self._observer.chunk(chunk)
                if shown := self._shown(chunk):
                    yield shown
            whole = True
            if rest := self._rest():
                yield rest
        except GeneratorExit:
            raise
        except BaseException as raised:
            error = raised
            raise
        finally:
            try:
                if isinstance(inner, AsyncGenerator):
                    await inner.aclose()
            finally:
                self._observer.end(error, whole=whole)

    def _shown(self, chunk: bytes) -> bytes:
        if self._passing is not None:
            with guarded("what was to be taken out of a stream"):
                return self._passing.feed(chunk)
        return chunk

    def _rest(self) -> bytes:
        return self._passing.flush() if self._passing is not None else b""

    def __getattr__(self, name: str) -> Any:
        """What else the stream tells: in httpx2, how long the request took."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._inner, name)

    def close(self) -> None:
        try:
            self._inner.close()
        finally:
            self._observer.end()

    async def aclose(self) -> None:
        try:
            await self._inner.aclose()
        finally:
            self._observer.end()

    def __del__(self) -> None:
        self._observer.end()
