"""Usage of connections that stay open: realtime, Live, and Responses over a websocket.

Their messages do not go through `OpenAI.request`; those that end a response carry its usage.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from inspect import isawaitable
from types import ModuleType
from typing import Any
from weakref import WeakKeyDictionary

import wrapt

from dagster_openai_otel.calls.answers import Answer, read
from dagster_openai_otel.calls.counts import value_of
from dagster_openai_otel.calls.requests import RequestSpans
from dagster_openai_otel.faults import guarded
from dagster_openai_otel.wrapping import Wrapper, Wrapping

_MODULES = {
    "openai.resources.realtime.realtime": "Realtime",
    "openai.resources.realtime.translations.translations": "Translations",
    "openai.resources.live.live": "Live",
    "openai.resources.live.forks": "Forks",
    "openai.resources.live.sideband": "Sideband",
    "openai.resources.beta.realtime.realtime": "Realtime",
    "openai.resources.responses.responses": "Responses",
    "openai.resources.beta.responses.responses": "Responses",
}
_TRANSCRIBED = "conversation.item.input_audio_transcription.completed"
# To count another message, add a line: messages that end what is billed -> what the span is called.
_TELLING = {
    "response.done": "realtime",
    _TRANSCRIBED: "transcription",
    "response.completed": "chat",
    "response.incomplete": "chat",
    "response.failed": "chat",
    "decision.completed": "decision",
    "session.closed": "session",
}
_SESSION = {"session.created", "session.started", "session.updated", "session.closed"}
# messages that begin it, whose end must not be missed -> what the span is called
_BEGINNING = {"response.created": "response", "session.started": "session"}
_KINDS = tuple(f'"{kind}"'.encode() for kind in {*_TELLING, *_SESSION, *_BEGINNING})
# of Live, with an event of another endpoint inside
_HOLDING = {"response.event", "decision.event"}


@dataclass(slots=True, kw_only=True)
class _Session:
    """What is known of a connection."""

    speaking: str | None = None
    """The model, as far as the session named it."""
    hearing: str | None = None
    """The model that transcribes what the user says, which has a price of its own."""
    open: dict[str, str] = field(default_factory=dict)
    """What has begun and not ended, by its id: what its span is called."""


_sessions: WeakKeyDictionary[object, _Session] = WeakKeyDictionary()


def when_imported(spans: RequestSpans, wrapping: Wrapping) -> None:
    """Watch the messages of connections, once the SDK's modules for them are imported.

    Args:
        spans: Makes spans of what they tell.
        wrapping: Holds the wrappers.
    """
    for module, name in _MODULES.items():

        def wrap(loaded: ModuleType, name: str = name) -> None:
            for kind in (f"{name}Connection", f"Async{name}Connection"):
                owner = getattr(loaded, kind, None)
                if owner and wrapping.active:
                    wrapping.wrap(owner, "recv_bytes", _after(spans, _tell))
                    wrapping.wrap(owner, "close", _after(spans, _closed))

        wrapt.register_post_import_hook(wrap, module)


def _after(spans: RequestSpans, tell: Callable[[RequestSpans, object, Any], None]) -> Wrapper:
    """A wrapper that tells of the result of a method, sync or async, of a connection."""

    def told(connection: object, result: Any) -> Any:
        with guarded("the usage of a connection"):
            tell(spans, connection, result)
        return result

    def watch(wrapped: Any, connection: object, args: Any, kwargs: Any) -> Any:
        result = wrapped(*args, **kwargs)
        return awaited(result, connection) if isawaitable(result) else told(connection, result)

    async def awaited(receiving: Awaitable[Any], connection: object) -> Any:
        return told(connection, await receiving)

    return watch


def _tell(spans: RequestSpans, connection: object, message: bytes) -> None:
    if not any(kind in message for kind in _KINDS):
        return
    event = json.loads(message)
    if value_of(event, "type") in _HOLDING:
        event = value_of(event, "event")
    kind, session = value_of(event, "type"), _sessions.setdefault(connection, _Session())
    about = value_of(event, "session")
    if kind in _SESSION and about is not None:
        session.speaking, session.hearing = value_of(about, "model"), _hearing(about)
    ident = value_of(value_of(event, "response") or about, "id")
    if kind in _BEGINNING and isinstance(ident, str):
        session.open[ident] = _BEGINNING[kind]
    if kind in _TELLING:
        session.open.pop(str(ident), None)
        model = session.hearing if kind == _TRANSCRIBED else session.speaking
        answer = read(value_of(event, "decision") or event)
        if answer.status != "failed" or answer.usage is not None:
            spans.book(answer, name=_TELLING[kind], model=model)


def _closed(spans: RequestSpans, connection: object, _result: object) -> None:
    """What had not ended was billed, and nobody says what it used."""
    session = _sessions.pop(connection, _Session())
    for name in session.open.values():
        spans.book(Answer(), name=name, model=session.speaking)


def _hearing(session: object) -> Any:
    heard = value_of(value_of(value_of(session, "audio"), "input"), "transcription")
    # where the beta had it
    return value_of(heard or value_of(session, "input_audio_transcription"), "model")
