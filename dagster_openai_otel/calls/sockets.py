"""Usage of connections that stay open: realtime, and Responses over a websocket.

Their messages do not go through `OpenAI.request`; those that end a response carry its usage.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from inspect import iscoroutinefunction
from types import ModuleType
from typing import Any
from weakref import WeakKeyDictionary

import wrapt

from dagster_openai_otel.calls.answers import read
from dagster_openai_otel.calls.counts import value_of
from dagster_openai_otel.calls.requests import RequestSpans
from dagster_openai_otel.faults import guarded

_MODULES = {
    "openai.resources.realtime.realtime": "Realtime",
    "openai.resources.beta.realtime.realtime": "Realtime",
    "openai.resources.responses.responses": "Responses",
    "openai.resources.beta.responses.responses": "Responses",
}
_TRANSCRIBED = "conversation.item.input_audio_transcription.completed"
# messages that carry usage -> what the span is called
_TELLING = {
    "response.done": "realtime",
    _TRANSCRIBED: "transcription",
    "response.completed": "chat",
    "response.incomplete": "chat",
    "response.failed": "chat",
}
_SESSION = {"session.created", "session.updated"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Models:
    """The models of a session, as far as it named them."""

    speaking: str | None
    hearing: str | None
    """The one that transcribes what the user says, which has a price of its own."""


_models: WeakKeyDictionary[object, _Models] = WeakKeyDictionary()


def when_imported(spans: Callable[[], RequestSpans | None]) -> None:
    """Watch the messages of connections, once the SDK's modules for them are imported.

    Args:
        spans: Gives what makes spans; `None` while nothing is to be recorded.
    """
    for module, name in _MODULES.items():

        def wrap(loaded: ModuleType, name: str = name) -> None:
            for kind in (f"{name}Connection", f"Async{name}Connection"):
                owner = getattr(loaded, kind, None)
                if owner and not isinstance(owner.__dict__.get("recv_bytes"), wrapt.FunctionWrapper):
                    wrapt.wrap_function_wrapper(owner, "recv_bytes", _watcher(spans))

        wrapt.register_post_import_hook(wrap, module)


def _watcher(spans: Callable[[], RequestSpans | None]) -> Any:
    def watch(wrapped: Callable[..., Any], connection: object, args: Any, kwargs: Any) -> Any:
        if iscoroutinefunction(wrapped):
            return awaited(wrapped(*args, **kwargs), connection)
        message = wrapped(*args, **kwargs)
        _tell(spans(), connection, message)
        return message

    async def awaited(receiving: Awaitable[bytes], connection: object) -> bytes:
        message = await receiving
        _tell(spans(), connection, message)
        return message

    return watch


def _tell(spans: RequestSpans | None, connection: object, message: bytes) -> None:
    with guarded("the usage of a connection"):
        if spans is None or not any(f'"{kind}"'.encode() in message for kind in (*_TELLING, *_SESSION)):
            return
        event = json.loads(message)
        kind = value_of(event, "type")
        if kind in _SESSION:
            _models[connection] = _models_of(value_of(event, "session"))
        elif kind in _TELLING:
            models = _models.get(connection, _Models(speaking=None, hearing=None))
            model = models.hearing if kind == _TRANSCRIBED else models.speaking
            spans.book(read(event), name=_TELLING[kind], model=model)


def _models_of(session: object) -> _Models:
    heard = value_of(value_of(value_of(session, "audio"), "input"), "transcription")
    # where the beta had it
    heard = heard or value_of(session, "input_audio_transcription")
    return _Models(speaking=value_of(session, "model"), hearing=value_of(heard, "model"))
