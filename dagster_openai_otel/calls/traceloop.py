"""Traceloop's instrumentor of the OpenAI SDK, driven safely: spans around plain requests.

What it does well is left to it: `openai.chat`, `openai.completion` and `openai.embeddings` round requests
that answer at once. From streams, parsed answers, Responses, images, assistants and realtime it is kept
away, where it loses usage, holds on to every call, or changes what the user gets; there the request's own
span says everything. A version of it that is not known is not put on. Each of its faults that is mended here
is shown in tests/calls/test_traceloop_upstream.py and the tests beside that.
"""

import os
import sys
import warnings
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from inspect import iscoroutine
from types import ModuleType
from typing import Any

import wrapt
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.trace import TracerProvider

from dagster_openai_otel.calls.endpoints import Endpoint
from dagster_openai_otel.calls.shield import ShieldedProvider, ending_spans
from dagster_openai_otel.faults import guarded, say_once

_PACKAGE = "opentelemetry.instrumentation.openai"
_CONTENT = "TRACELOOP_TRACE_CONTENT"
_KNOWN = "0.62."
# Private in openai, how `with_streaming_response` tells a call; tests/test_upstream.py says why.
_RAW = "X-Stainless-Raw-Response"
_KEPT = {
    "chat.completions": ("Completions", "create"),
    "completions": ("Completions", "create"),
    "embeddings": ("Embeddings", "create"),
}
_RESPONSES = "/responses"
_TAKEN_OFF = {
    "chat.completions": ("Completions", "parse"),
    "images": ("Images", "generate"),
    "responses": ("Responses", "create", "retrieve", "parse", "cancel"),
    "beta.assistants": ("Assistants", "create"),
    "beta.threads.runs": ("Runs", "create", "retrieve", "create_and_stream"),
    "beta.threads.messages": ("Messages", "list"),
    "beta.realtime.realtime": ("Realtime", "connect"),
}


def when_imported(wanted: Callable[[], bool], provider: TracerProvider, *, capture_content: bool) -> None:
    """Instrument the SDK with Traceloop's when `openai` is imported, and not before.

    Args:
        wanted: Asked then whether spans around the requests are wanted.
        provider: Makes the spans.
        capture_content: Whether prompts and completions go on them.
    """

    def instrument(openai: ModuleType) -> None:
        with guarded("the spans that Traceloop makes around requests"):
            wrapped = is_wrapped(openai.resources.chat.completions.Completions, "create")
            if wanted() and not wrapped and not _is_being_loaded():
                _instrument(provider, capture_content=capture_content)

    wrapt.register_post_import_hook(instrument, "openai")


def instead_of_itself(provider: TracerProvider, *, wanted: bool, capture_content: bool) -> None:
    """Have whoever puts Traceloop's instrumentor on without a provider get it driven safely.

    Args:
        provider: Makes the spans.
        wanted: Whether spans around the requests are wanted; where not, it is not put on.
        capture_content: Whether prompts and completions go on them.
    """
    from opentelemetry.instrumentation.openai import OpenAIInstrumentor

    instrumentor = OpenAIInstrumentor()
    as_it_comes = instrumentor.instrument

    def instrument(**options: Any) -> None:
        if "tracer_provider" in options:
            as_it_comes(**options)
        elif wanted:
            with guarded("the spans that Traceloop makes around requests"):
                _instrument(provider, capture_content=capture_content)

    instrumentor.instrument = instrument


def _is_being_loaded() -> bool:
    """Whether Traceloop's is what imports `openai`: somebody is about to put it on as they like."""
    package = sys.modules.get(_PACKAGE)
    return package is not None and not hasattr(package, "OpenAIInstrumentor")


def is_wrapped(owner: type, method: str) -> bool:
    """Whether some instrumentor has wrapped a method of the SDK."""
    return isinstance(owner.__dict__.get(method), wrapt.FunctionWrapper)


def has_span_later(endpoint: Endpoint) -> bool:
    """Whether Traceloop's, put on by somebody else, makes a span of a request when that is answered."""
    openai = sys.modules.get("openai")
    if endpoint.template != _RESPONSES or openai is None:
        return False
    wrapped = openai.resources.responses.Responses.__dict__.get("create")
    maker = getattr(wrapped, "_self_wrapper", None)
    return f"{getattr(maker, '__module__', '')}.".startswith(f"{_PACKAGE}.")


def _instrument(provider: TracerProvider, *, capture_content: bool) -> None:
    with warnings.catch_warnings():
        # its own modules warn when they are loaded, of what no user of ours can change
        warnings.simplefilter("ignore")
        from opentelemetry.instrumentation.openai import OpenAIInstrumentor
        from opentelemetry.instrumentation.openai.version import __version__
    if not __version__.startswith(_KNOWN):
        say_once(
            f"opentelemetry-instrumentation-openai {__version__} is left be, as what it does to calls is not"
            f" known: requests have the library's own spans. Install {_KNOWN}*, or set call_spans to off"
        )
        return
    # It captures content unless this says otherwise, and reads it at every call.
    os.environ.setdefault(_CONTENT, "true" if capture_content else "false")
    instrumentor = OpenAIInstrumentor(
        enable_trace_context_propagation=False, upload_base64_image=_without_picture
    )
    # its metrics hold the URL, which can hold a password
    instrumentor.instrument(tracer_provider=ShieldedProvider(provider), meter_provider=NoOpMeterProvider())
    _mend()


def _mend() -> None:
    from opentelemetry.instrumentation.openai.shared import (
        chat_wrappers,
        completion_wrappers,
        embeddings_wrappers,
    )

    # It starts and closes an event loop for each synchronous call, which breaks the user's own.
    chat_wrappers.run_async = _drive
    for wrappers in (chat_wrappers, completion_wrappers, embeddings_wrappers):
        wrappers.model_as_dict = _as_dict
    for owner, method in _methods(_TAKEN_OFF):
        # some classes stand under two names, and are wrapped twice
        while is_wrapped(owner, method):
            setattr(owner, method, owner.__dict__[method].__wrapped__)
    wrapper: Any = _round_it
    for owner, method in _methods(_KEPT):
        if is_wrapped(owner, method):
            wrapt.wrap_function_wrapper(owner, method, wrapper)


def _methods(table: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[type, str]]:
    """The methods of a table, of the synchronous and of the asynchronous class, that this SDK has."""
    for module, (name, *methods) in table.items():
        try:
            resources = import_module(f"openai.resources.{module}")
        except ImportError:
            continue
        for owner in (getattr(resources, name, None), getattr(resources, f"Async{name}", None)):
            yield from ((owner, method) for method in methods if owner is not None)


def _drive(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine that awaits nothing, without an event loop."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()


def _as_dict(answer: Any) -> Any:
    """What the SDK read, as data; without warnings of what a server says that the SDK does not know."""
    if hasattr(answer, "model_dump"):
        return answer.model_dump(warnings=False)
    return _as_dict(answer.parse()) if hasattr(answer, "parse") else answer


async def _without_picture(*_: str) -> str:
    """The address of a picture in a prompt, on a span: none, as the picture is kept nowhere."""
    return ""


def _round_it(
    wrapped: Any,
    client: object,  # noqa: ARG001  # wrapt's signature
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> Any:
    """Lead what Traceloop's wrapper would use up past it; end its span on an interrupt."""
    if _is_used_up(kwargs):
        return wrapped.__wrapped__(*args, **kwargs)
    with ending_spans():
        result = wrapped(*args, **kwargs)
    return _awaited(result) if iscoroutine(result) else result


async def _awaited(result: Awaitable[Any]) -> Any:
    with ending_spans():
        return await result


def _is_used_up(kwargs: Mapping[str, Any]) -> bool:
    """Whether Traceloop's wrapper reads what can be read once: a stream, a prompt that is made lazily."""
    headers = kwargs.get("extra_headers")
    streamed = isinstance(headers, Mapping) and headers.get(_RAW) == "stream"
    lazy = any(_is_lazy(kwargs.get(name)) for name in ("messages", "tools", "functions", "input", "prompt"))
    return bool(kwargs.get("stream")) or streamed or lazy


def _is_lazy(given: object) -> bool:
    if isinstance(given, list | tuple):
        messages = (item for item in given if isinstance(item, dict))
        return any(isinstance(value, Iterator) for message in messages for value in message.values())
    return isinstance(given, Iterable) and not isinstance(given, Sequence | Mapping)
